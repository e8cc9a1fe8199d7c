"""What an artist is asked before anything is sent."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from addon.flamenco.findings import Finding
from addon.flamenco.frame_sizes import frame_count, most_bytes
from addon.flamenco.plan import PackPlan
from addon.flamenco.questions import FIX, GO_ON, MOST_LINES, SKIP, STOP, Question, incomplete
from flamenco.model.frames import frame_numbers

FILE, CAMERA = Path("/home/shot.blend"), Finding('Scene "Shot" has no camera')


def asked(plan: PackPlan, *faults: Finding) -> Question | None:
    return incomplete(plan, faults, lambda file: None if file.suffix == ".vdb" else file.stat)


def test_a_job_that_has_all_it_needs_is_sent_without_a_question() -> None:
    assert asked(PackPlan(FILE.parent, FILE, (FILE,))) is None


def test_a_scene_without_a_camera_can_be_sent_all_the_same() -> None:
    question = asked(PackPlan(FILE.parent, FILE, (FILE,)), CAMERA)
    assert question is not None
    assert question.findings == (CAMERA,)
    assert list(question.labels) == [GO_ON, STOP]


def test_faults_and_missing_files_are_one_question() -> None:
    plan = PackPlan(FILE.parent, FILE, (FILE,), missing=(Path("/home/a.png"),))
    question = asked(plan, CAMERA)
    assert question is not None
    assert question.findings == (CAMERA, Finding("Missing: /home/a.png"))
    assert list(question.labels) == [FIX, GO_ON, STOP]


def test_what_can_be_mended_is_and_the_rest_is_listed() -> None:
    outside = tuple(Path(f"/far/{number}.png") for number in range(MOST_LINES + 5))
    plan = PackPlan(FILE.parent, FILE, (), elsewhere=(Path("/far/smoke.vdb"), *outside))
    question = asked(plan)
    assert question is not None
    assert len(question.findings) == MOST_LINES
    assert question.more == 6
    assert [one.mend is None for one in question.findings] == [True] + [False] * (MOST_LINES - 1)
    question.settle(GO_ON, question.findings[1:3])
    question.settle(STOP)
    assert question.answer.result() == GO_ON
    assert list(map(str, question.mended)) == [
        "Outside the shared storage: /far/0.png",
        "Outside the shared storage: /far/1.png",
    ]


@pytest.mark.parametrize(
    ("lines", "answer", "mended"),
    [
        ([SKIP, SKIP], GO_ON, 0),
        ([FIX, FIX], GO_ON, 1),
        ([FIX, SKIP, STOP], GO_ON, 1),
        ([FIX, STOP], STOP, 1),
    ],
)
def test_each_finding_is_mended_skipped_or_stops_it_all(
    lines: list[str], answer: str, mended: int
) -> None:
    findings = (Finding("dirty", FILE.stat), CAMERA)
    question = Question("?", findings, {GO_ON: "Submit"})
    question.decide(GO_ON, lines)
    assert question.answer.result() == answer
    assert question.mended == [*findings[:mended]]


@pytest.mark.parametrize("frames", ["7", "1-10", "1-10, 15, 20..30, 40-60x5", "-5--1", "8-9x7"])
def test_frames_are_counted_as_the_manager_counts_them(frames: str) -> None:
    assert frame_count(frames) == len([*frame_numbers(frames)])


def test_frames_are_as_large_as_they_may_be() -> None:
    image = SimpleNamespace(color_mode="RGBA", color_depth="16")
    half = SimpleNamespace(resolution_x=100, resolution_y=50, resolution_percentage=50)
    half.image_settings = image
    assert most_bytes("1-10", half) == 10 * (50 * 25) * 4 * 2
    assert most_bytes("none", half) == 0
