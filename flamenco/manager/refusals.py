"""Refusals: answers to requests that are not carried out, each a sentence for people."""


class Refusal(Exception):
    """A request that is answered with a sentence instead of being carried out."""


class NotFound(Refusal):
    """No such job, task or worker exists."""


class NotAllowed(Refusal):
    """The thing exists, but this can't be done to it in its present state."""


class Conflict(Refusal):
    """The request rests on something that is over, or no longer so."""


class Outdated(Refusal):
    """The client knows an older version of the job type, or of the configuration file."""


class NotWhileParked(Refusal):
    """The job or worker is parked; the sentence says why, and what to do."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is parked: {reason}. Try it again or delete it")
