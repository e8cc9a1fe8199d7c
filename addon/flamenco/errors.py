# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors, each shown to the user as one line that also says what to do."""

from collections.abc import Sequence


class FlamencoError(Exception):
    """Base of the errors that operators report, with texts for the user."""

    level = "ERROR"
    """Blender's level of the report; an ERROR raises `RuntimeError` in scripts."""


class ManagerUnreachable(FlamencoError):
    """No Flamenco Manager answers at the address."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(
            f"Manager cannot be reached at {url} ({cause}). Is it running, and is the address in "
            "the add-on's preferences right?"
        )


class UnexpectedAnswer(FlamencoError):
    """The server answers, but not as a Flamenco Manager would."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(
            f"The answer from {url} is not a Flamenco Manager's ({cause}). Check the address "
            "in the add-on's preferences"
        )


class ManagerRefused(FlamencoError):
    """The Manager answered with an HTTP status that means failure."""

    def __init__(
        self, url: str, status: int, message: str, *, is_its_own: bool, error: str = ""
    ) -> None:
        super().__init__(f"The Manager answered {url} with HTTP {status}: {message}")
        self.status = status
        self.message = message
        self.is_its_own = is_its_own
        """False if something else answered, such as a proxy or another server at the address."""
        self.error = error
        """Code of the reason (RFC 6749, section 5.2); empty where there is none."""


class NotSignedIn(ManagerRefused):
    """The Manager wants to know who asks (HTTP 401)."""

    def __str__(self) -> str:
        return (
            f'The Manager does not let you in: {self.message}. Press "Sign In" in the add-on\'s '
            "preferences, or enter an API token of yours there"
        )


class NotAllowed(ManagerRefused):
    """The Manager knows who asks, and does not allow it (HTTP 403)."""

    def __str__(self) -> str:
        return (
            f"The Manager does not allow this: {self.message}. Who sends jobs is an artist there, "
            "at least, and an API token needs the scopes submit and jobs; ask its operator"
        )


class JobTypeOutdated(FlamencoError):
    """The job type changed at the Manager since it was fetched (HTTP 412)."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f'Job type "{label}" has changed at the Manager. Refresh it with the button '
            '"Refresh from Manager", check the settings and submit again'
        )


class JobTypeChanged(FlamencoError):
    """The job type is another one than that whose settings the artist has seen."""

    def __init__(self, label: str, changes: Sequence[str]) -> None:
        told = "; ".join(changes)
        super().__init__(
            f'Job type "{label}" has changed at the Manager: {told}. What still fits is kept. '
            "Check the settings and submit again"
        )


class JobRejected(FlamencoError):
    """The Manager does not accept the job."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"The Manager does not accept the job (HTTP {status}): {message}")
        self.status = status


class StillUnderWay(FlamencoError):
    """The Manager has got the job, and is not finished with it."""

    def __init__(self) -> None:
        super().__init__("The Manager is still at work on the job")


class ManagerBusy(FlamencoError):
    """The Manager, or a proxy before it, cannot take the job now."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"The Manager cannot take the job now (HTTP {status}): {message}")


class AnswerLost(FlamencoError):
    """The Manager has been sent a job, and did not say if it made it."""

    def __init__(self, cause: FlamencoError) -> None:
        super().__init__(
            "It is not known if the Manager has made the job. Submit again without a change, which "
            f"makes no second one. {cause}"
        )


class VersionMismatch(FlamencoError):
    """Manager and add-on have different versions."""

    level = "WARNING"

    def __init__(self, manager: str, addon: str) -> None:
        super().__init__(
            f"The Manager has version {manager} and this add-on {addon}. Get the add-on from the "
            "Manager's web page, or submit once more with Force Submit"
        )


class NotReady(FlamencoError):
    """The user has to do something first, which the text says."""


class SettingError(FlamencoError):
    """The value of a job setting could not be computed."""

    def __init__(self, key: str, expression: str, cause: str) -> None:
        super().__init__(f'Job setting "{key}": {expression!r} gives {cause}')
        self.key = key


class PackFailed(FlamencoError):
    """Files could not be copied to the shared storage."""


class Aborted(FlamencoError):
    """The user aborted what was under way, such as the submission."""

    level = "WARNING"

    def __init__(self, text: str = "Submission aborted; nothing of it stays") -> None:
        super().__init__(text)
