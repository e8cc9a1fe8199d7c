"""A job's frames are counted while workers render them, and over a restart of the Manager."""

from flamenco import protocol
from flamenco.manager.jobs.messages import SetJobStatus
from flamenco.model.jobs import FrameCounts
from flamenco.model.statuses import JobStatus
from tests.manager.conftest import stage_at

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


async def test_the_tiles_of_an_image_make_one_frame_together(tmp_path):
    still = {
        **{key: RENDERING[key] for key in ("render_output_root", "blendfile", "scene")},
        "add_path_components": 0,
        "render_output_path": "/render/still/######",
        "frame": 40,
        "tiles_x": 2,
        "tiles_y": 1,
    }
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        job = await stage.submit(type="single-image-render", settings=still)
        assert job.frames == FrameCounts(total=1)
        await anna.complete(await anna.hears(protocol.Assign))
        await anna.hears(protocol.Assign)
        assert await frames(stage, job) == FrameCounts(total=1, active=1)
    async with stage_at(tmp_path) as stage:
        assert await frames(stage, job) == FrameCounts(total=1, active=1)
        await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "enough"))
        assert await frames(stage, job) == FrameCounts(total=1)
