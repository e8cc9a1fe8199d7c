"""The log of one task takes only so much of the Manager's disk."""

from flamenco import protocol
from flamenco.manager.jobs import recording
from flamenco.model.statuses import TaskStatus


async def test_what_a_worker_says_beyond_all_bounds_is_left_out_and_the_task_goes_on(
    stage, monkeypatch
):
    monkeypatch.setattr(recording, "MOST_LOG", 10_000)
    anna = await stage.worker("anna")
    job = await stage.shaped("misc")
    assign = await anna.hears(protocol.Assign)
    for _ in range(20):
        await anna.report(assign, log="a line of text\n" * 100)
    services = stage.farm.services
    file = services.paths.local / services.logs.relative(job.id, assign.task_id)
    text = file.read_text()
    assert text.count(recording.FULL) == 1
    assert len(text) < 10_000 + 500
    await anna.report(assign, status=TaskStatus.COMPLETED)
    assert "to completed" in file.read_text()
