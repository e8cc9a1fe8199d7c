"""A job's frames are counted while workers render them, and over a restart of the Manager."""

import attrs
from msgspec import UNSET

from flamenco import protocol
from flamenco.api.events import EventFramesUpdate
from flamenco.manager.events import frames_event
from flamenco.manager.jobs.messages import SetJobStatus
from flamenco.model.jobs import FrameCounts
from flamenco.model.statuses import FrameState, JobStatus, TaskStatus
from tests.manager.conftest import stage_at
from tests.model.test_tally import task

RENDERING = {
    "frames": "1-5",
    "chunk_size": 2,
    "render_output_root": "/render",
    "add_path_components": 0,
    "render_output_path": "/render/shot/######",
    "blendfile": "/shots/shot.blend",
    "fps": 24.0,
    "format": "PNG",
    "image_file_extension": ".png",
    "scene": "Scene",
}
STILL = {
    **{key: RENDERING[key] for key in ("render_output_root", "blendfile", "scene")},
    "add_path_components": 0,
    "render_output_path": "/render/still/######",
    "frame": 40,
    "tiles_x": 2,
    "tiles_y": 1,
}


async def rendering(stage, **changes):
    settings = {**RENDERING, **changes}
    return await stage.submit(type="simple-blender-render", settings=settings)


async def frames(stage, job):
    return (await stage.farm.services.reader.job(job.id)).frames


async def test_frames_count_as_they_are_saved_and_the_video_does_not(stage):
    anna = await stage.worker("anna")
    job = await rendering(stage)
    assert job.frames == FrameCounts(total=5)
    first = await anna.hears(protocol.Assign)
    assert await frames(stage, job) == FrameCounts(total=5, active=1)
    await anna.report(first, steps_completed=1)
    assert await frames(stage, job) == FrameCounts(total=5, done=1, active=1)
    await anna.complete(first)
    for _ in range(2):
        await anna.complete(await anna.hears(protocol.Assign))
    video = await anna.hears(protocol.Assign)
    assert video.name == "preview-video"
    assert await frames(stage, job) == FrameCounts(total=5, done=5)


async def test_what_was_saved_of_a_canceled_job_stays_done_until_it_is_asked_for_again(stage):
    anna = await stage.worker("anna")
    job = await rendering(stage)
    await anna.report(await anna.hears(protocol.Assign), steps_completed=1)
    await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "enough"))
    assert await frames(stage, job) == FrameCounts(total=5, done=1)
    anna.disconnect()
    await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "again"))
    assert await frames(stage, job) == FrameCounts(total=5)


def told(before, **changes):
    """What is told of the frames of a task that changes."""
    event = frames_event("j", [(before, attrs.evolve(before, **changes), "anna")])
    return {each.frame: each for each in event.frames} if event else {}


def test_what_the_frames_of_a_task_have_in_common_is_told_of_those_in_the_same_state_too():
    half = task(1, "1-3", TaskStatus.ACTIVE, steps=1)
    assert [*told(half, steps_completed=2)] == [2, 3]
    warned = told(half, warnings=("It is dark.",))
    assert [*warned] == [1, 2, 3]
    assert {each.warnings for each in warned.values()} == {("It is dark.",)}
    assert [each.attempt for each in told(half, lease=2).values()] == [2, 2, 2]
    assert not told(half, activity="rendering")


def test_a_worker_whose_name_is_not_at_hand_is_not_told_to_be_nameless():
    before = attrs.evolve(task(1, "1", TaskStatus.COMPLETED), worker_id="w1")
    again = attrs.evolve(before, status=TaskStatus.QUEUED)
    (frame,) = frames_event("j", [(before, again, None)]).frames
    assert (frame.state, frame.worker) == (FrameState.QUEUED, UNSET)


async def test_a_frame_of_several_tasks_is_not_told_by_the_steps_of_one(stage):
    anna = await stage.worker("anna")
    await stage.submit(type="single-image-render", settings=STILL)
    tile = await anna.hears(protocol.Assign)
    async with stage.farm.system.events.subscribe(EventFramesUpdate) as heard:
        await anna.report(tile, steps_completed=1)
        await anna.report(tile, status=TaskStatus.FAILED)
        assert (await anext(heard)).refresh


async def test_the_tiles_of_an_image_make_one_frame_together(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        job = await stage.submit(type="single-image-render", settings=STILL)
        assert job.frames == FrameCounts(total=1)
        await anna.complete(await anna.hears(protocol.Assign))
        await anna.hears(protocol.Assign)
        assert await frames(stage, job) == FrameCounts(total=1, active=1)
    async with stage_at(tmp_path) as stage:
        assert await frames(stage, job) == FrameCounts(total=1, active=1)
        await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "enough"))
        assert await frames(stage, job) == FrameCounts(total=1)
