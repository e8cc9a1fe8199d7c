"""What videos are made of."""

import pytest

from flamenco.manager.films import film_of
from flamenco.manager.refusals import Conflict
from flamenco.model.framelist import Frame, FrameTask
from flamenco.model.statuses import FrameState
from flamenco.pictures.files import PictureFiles
from flamenco.store import JobFrames
from tests.model.test_tally import JOB


def test_a_job_with_more_frames_than_are_listed_has_no_video_and_is_told_why(tmp_path):
    frame = Frame(1, FrameState.QUEUED, FrameTask("t"), ())
    with pytest.raises(Conflict, match="100,000 frames at most"):
        film_of(JOB, "mp4", PictureFiles(tmp_path), JobFrames([frame], 1, {}, {}))
