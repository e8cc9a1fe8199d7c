"""What a script may use, and the words for one that needs more."""

import attrs


@attrs.frozen
class Limits:
    """What running a script may cost."""

    seconds: float
    memory: int
    """Bytes."""


EXHAUSTED = "needs more memory than the limit for job types allows"


def too_long(seconds: float) -> str:
    """Why a script was stopped that ran for longer than this."""
    return f"takes longer than {seconds:g} s"
