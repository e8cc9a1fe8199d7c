"""Words that databases, Workers, scripts and browsers hold stay the same for ever."""

import pytest

from flamenco.model.leases import Ending
from flamenco.model.parking import ParkedKind
from flamenco.model.reasons import FailureKind
from flamenco.model.statuses import (
    FarmStatus,
    FileStatus,
    FrameState,
    JobStatus,
    TaskStatus,
    WorkerStatus,
)
from flamenco.model.variables import Audience

WORDS = {
    JobStatus: "active cancel-requested canceled completed failed pause-requested paused queued "
    "requeueing under-construction",
    TaskStatus: "active canceled completed failed paused queued soft-failed",
    WorkerStatus: "asleep awake error offline restart starting testing",
    FarmStatus: "active asleep idle inoperative starting unknown waiting",
    FrameState: "active canceled done failed queued",
    FileStatus: "stored unknown uploading",
    Audience: "all users workers",
    ParkedKind: "job worker",
    Ending: "completed failed returned timed-out withdrawn",
    FailureKind: "cannot-save disk-full gpu-lost gpu-out-of-memory killed lfs-pointer "
    "missing-device missing-file missing-frames missing-library missing-plugin missing-program "
    "missing-scene newer-file no-camera no-display out-of-memory script-error silent "
    "system-library unreadable-file",
}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_the_words_are_those_that_were_stored_and_sent_before(kind):
    assert " ".join(sorted(kind)) == WORDS[kind]
