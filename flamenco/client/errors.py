"""Errors of requests, a class for each kind."""

from typing import ClassVar

import attrs
import msgspec

from flamenco.errors import Mendable


class ManagerError(Mendable):
    """A request was not carried out; the text says why."""


class Unreachable(ManagerError):
    """There is no answer from the Manager."""


class Rejected(ManagerError):
    """The Manager refused a request."""

    def __init__(self, status: int, message: str, error: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = error
        """Kind of the refusal of a device, `DeviceError`."""


class BadRequest(Rejected):
    """400: the request is not as expected; the text says what was expected."""


class NotKnown(Rejected):
    """401: who asks has to sign in, or show a token."""

    remedy: ClassVar[str] = "; `flamenco login` lets you in"


class NotFound(Rejected):
    """404: there is no such thing."""


class Conflict(Rejected):
    """409: the request conflicts with the present state, such as another owner."""


class Outdated(Rejected):
    """412: the job type has changed since it was fetched."""


class NothingMatches(Rejected):
    """416: there is nothing to delete."""


class WrongFile(Rejected):
    """417: the file does not have the checksum or length that was announced."""


class NotAllowed(Rejected):
    """422: the present state does not allow this."""


class MissingFiles(Rejected):
    """424: files of a checkout have not been sent."""


class SentElsewhere(Rejected):
    """425: another client is sending this file; ask again later."""


class Busy(Rejected):
    """503: the request could not be stored, or took too long; trying again may help."""


KINDS: dict[int, type[Rejected]] = {
    400: BadRequest,
    401: NotKnown,
    404: NotFound,
    409: Conflict,
    412: Outdated,
    416: NothingMatches,
    417: WrongFile,
    422: NotAllowed,
    424: MissingFiles,
    425: SentElsewhere,
    503: Busy,
}


@attrs.frozen(kw_only=True)
class _Said:
    """The parts of a refusal that say what is wrong, of whichever class its body is."""

    message: str
    error: str = ""


def rejection(status: int, content: bytes, phrase: str) -> Rejected:
    """The error that an answer describes."""
    try:
        said = msgspec.json.decode(content, type=_Said)
    except msgspec.DecodeError:
        said = _Said(message=f"HTTP {status} {phrase}")
    return KINDS.get(status, Rejected)(status, said.message, said.error)
