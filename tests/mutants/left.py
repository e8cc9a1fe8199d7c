"""Wrong changes that may survive, each kind with its reason."""

from fnmatch import fnmatchcase

LEFT: dict[str, str] = {
    "flamenco/model/board.py Lane: priority: int = *": "each lane of the farm has a priority; "
    "tests leave it out",
    'flamenco/model/board.py Presence: * = "*': "the value of a readiness is only seen in logs",
}
"""{pattern of the names of wrong changes: why no test notices them}."""


def reason_for(name: str) -> str | None:
    """Why this change may survive; None if it may not."""
    return next((reason for pattern, reason in LEFT.items() if fnmatchcase(name, pattern)), None)
