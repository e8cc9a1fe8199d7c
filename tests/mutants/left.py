"""Wrong changes that may survive, each kind with its reason."""

from fnmatch import fnmatchcase

LEFT: dict[str, str] = {
    "flamenco/model/board.py Lane: priority: int = *": "each lane of the farm has a priority; "
    "tests leave it out",
    "flamenco/model/board.py Board.change_lane: self, lane: Lane,*": "each change tells the place; "
    "tests leave it out",
    "flamenco/model/board.py Board.change_lane: if standing.count > 0: → if standing.count >= 0:": (
        "an empty lane in a heap is dropped when it comes to the top"
    ),
    "flamenco/model/board.py Board._fit: if len(self._fits) >= REMEMBERED_FITS: → if True:": (
        "what fits is found out again, only later"
    ),
    "flamenco/model/jobs.py Task: last_seq: int = 0 → last_seq: int = 1": "each lease sets it anew",
    "flamenco/manager/*: if self.parent is not None: → if True:": "each actor of the farm has a "
    "parent, of which mypy knows nothing",
    "flamenco/manager/jobs/announcing.py Announcing._count: del self._told?lane? → pass": (
        "a lane of which nothing is told counts the same as one that is not there"
    ),
    "flamenco/model/livejob.py LiveJob._follow: if (previous in RUNNABLE_JOBS)*: → if True:": (
        "all tasks are settled once more, as they are already"
    ),
    "flamenco/manager/jobs/supervisor.py module: CHECK_UP_SECONDS = *": "about so often is meant",
    "worker/outbox.py module: RETRY_SECONDS = *": "about so often is meant",
    "flamenco/store/changes.py module: _JOB_COLUMNS = *": "what never changes is written again",
    'flamenco/store/changes.py module: "*", → *': "what never changes is written again",
    'flamenco/model/board.py Presence: * = "*': "the value of a readiness is only seen in logs",
}
"""{pattern of the names of wrong changes: why no test notices them}."""


def reason_for(name: str) -> str | None:
    """Why this change may survive; None if it may not."""
    return next((reason for pattern, reason in LEFT.items() if fnmatchcase(name, pattern)), None)
