"""What an artist is asked before anything is sent."""

from pathlib import Path

from addon.flamenco.plan import PackPlan
from addon.flamenco.questions import FIX, GO_ON, STOP, incomplete

FILE, CAMERA = Path("/home/shot.blend"), 'Scene "Shot" has no camera'


def test_a_job_that_has_all_it_needs_is_sent_without_a_question() -> None:
    assert incomplete(PackPlan(FILE.parent, FILE, (FILE,)), ()) is None


def test_a_scene_without_a_camera_can_be_sent_all_the_same() -> None:
    asked = incomplete(PackPlan(FILE.parent, FILE, (FILE,)), (CAMERA,))
    assert asked is not None
    assert asked.lines == (CAMERA,)
    assert list(asked.labels) == [GO_ON, STOP]


def test_faults_and_missing_files_are_one_question() -> None:
    plan = PackPlan(FILE.parent, FILE, (FILE,), missing=(Path("/home/a.png"),))
    asked = incomplete(plan, (CAMERA,))
    assert asked is not None
    assert asked.lines == (CAMERA, "Missing: /home/a.png")
    assert list(asked.labels) == [FIX, GO_ON, STOP]
