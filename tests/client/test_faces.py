"""Both clients: the same operations, errors by kind, pages, and events without a hole."""

import inspect
import re
from functools import partial
from itertools import islice
from random import Random
from types import SimpleNamespace

import attrs
import pytest
import trio

from flamenco.api.audit import AuditWanted
from flamenco.api.blendfiles import BlendFilesWanted
from flamenco.api.bulk import BulkOfJobs
from flamenco.api.events import EventJobUpdate
from flamenco.api.frames import FramesWanted, VideoWanted
from flamenco.api.inspection import ActorsWanted
from flamenco.api.jobs import DryRunWanted, JobDeletion
from flamenco.api.lists import JobsWanted, TasksWanted, WorkersWanted
from flamenco.api.logs import LogSearch
from flamenco.api.notices import NoticesWanted
from flamenco.api.past import AttemptsWanted, FarmWanted
from flamenco.api.pictures import NewestWanted, PicturesWanted
from flamenco.api.subscriptions import DeliveriesWanted
from flamenco.client import (
    BadRequest,
    NotAllowed,
    NotFound,
    NothingMatches,
    Outdated,
    Rejected,
    Resync,
    SyncClient,
    Topics,
    Unreachable,
    open_client,
    open_sync_client,
)
from flamenco.client.calls import operation
from flamenco.client.events import EventStream
from flamenco.client.operations import Operations
from flamenco.model.statuses import JobStatus
from tests.client.test_manager import CANCEL, FAR_FUTURE, NAPS, canceled, worker
from tests.cutting import cutting
from tests.patience import PATIENCE
from tests.web.test_pictures import picture
from tests.web.test_worker_calls import awake
from web.server import ROOMS

NOBODY = "00000000-0000-0000-0000-000000000000"
CHANGES = 40
NOT_FOR_PEOPLE = {"worker", "events", "access"}
"""Tags of what Workers and `follow` do, and of what only browsers reach."""


@pytest.fixture
def impatience(monkeypatch):
    """A broken stream is opened again soon."""
    monkeypatch.setattr("flamenco.client.following.AGAIN_SECONDS", 0.1)


async def waiting(function):
    """The result of a function of the client for blocking programs, run in a thread."""
    return await trio.to_thread.run_sync(function)


async def test_a_program_that_waits_has_the_same_operations(edge):
    def all_at_once() -> tuple[str, str, int]:
        with open_sync_client(edge.url) as client:
            assert isinstance(client, SyncClient)
            job = client.submit(NAPS)
            client.set_job_status(job.id, CANCEL)
            return client.job(job.id).status, client.version().name, len(client.tasks(job.id))

    assert await waiting(all_at_once) == (JobStatus.CANCELED, "Flamenco", 2)


@pytest.mark.parametrize(
    ("kind", "status", "ask"),
    [
        (NotFound, 404, lambda client, _: client.job(NOBODY)),
        (BadRequest, 400, lambda client, _: client.job("nonsense")),
        (BadRequest, 400, lambda client, job: client.set_job_priority(job, 101)),
        (NotAllowed, 422, lambda client, job: client.set_job_status(job, CANCEL)),
        (NothingMatches, 416, lambda client, _: client.delete_old_jobs(FAR_FUTURE.replace(1999))),
        (Outdated, 412, lambda client, _: client.submit(attrs.evolve(NAPS, type_etag="old"))),
    ],
)
async def test_a_refusal_is_an_error_of_its_kind_with_code_and_sentence(
    edge, client, kind, status, ask
):
    job = await canceled(client)
    with pytest.raises(kind) as refusal:
        await ask(client, job)
    assert isinstance(refusal.value, Rejected)
    assert refusal.value.status == status
    assert refusal.value.message == str(refusal.value) != ""

    def waits() -> None:
        with open_sync_client(edge.url) as same:
            ask(same, job)

    with pytest.raises(kind):
        await waiting(waits)


async def test_a_manager_that_is_not_there_is_unreachable_for_both():
    def waits() -> None:
        with open_sync_client("127.0.0.1:1") as nobody:
            nobody.version()

    def follows() -> None:
        with open_sync_client("127.0.0.1:1") as nobody, nobody.follow(Topics()):
            pass

    for ask in (waits, follows):
        with pytest.raises(Unreachable, match="no answer"):
            await waiting(ask)
    async with open_client("127.0.0.1:1") as nobody:
        with pytest.raises(Unreachable, match="no answer"):
            async with nobody.follow(Topics()):
                pass


async def test_long_lists_are_fetched_a_page_at_a_time(edge, client):
    for name in "bca":
        await client.submit(attrs.evolve(NAPS, name=name))
    wanted = JobsWanted(status=(JobStatus.QUEUED,), sort="name", limit=2)
    assert [job.name async for job in client.each_job(wanted)] == ["a", "b", "c"]
    assert (await client.jobs_page(attrs.evolve(wanted, count=True))).total == 3

    def names() -> list[str]:
        with open_sync_client(edge.url) as same:
            return [job.name for job in same.each_job(JobsWanted(sort="-name"))]

    assert await waiting(names) == ["c", "b", "a"]


async def test_all_frames_come_however_few_are_in_an_answer(edge, client, monkeypatch):
    monkeypatch.setattr("flamenco.model.framelist.MOST_LISTED", 2)
    settings = {"frames": "-1-3", "width": 64, "height": 36, "fps": 24.0}
    settings["render_output_path"] = "/farm/######"
    job = await client.submit(attrs.evolve(NAPS, type="test-frames", settings=settings))
    assert [each.frame async for each in client.each_frame(job.id)] == [-1, 0, 1, 2, 3]

    def numbers() -> list[int]:
        with open_sync_client(edge.url) as same:
            return [each.frame for each in same.each_frame(job.id)]

    assert await waiting(numbers) == [-1, 0, 1, 2, 3]


async def test_all_pictures_come_however_few_are_in_an_answer(edge, client, monkeypatch):
    monkeypatch.setattr("flamenco.store.frames.MOST_LISTED", 2)
    settings = {"frames": "1-5", "width": 64, "height": 36, "fps": 24.0}
    settings["render_output_path"] = "/farm/######"
    job = await client.submit(attrs.evolve(NAPS, type="test-frames", settings=settings))
    anna = await awake(edge)
    for number in range(1, 6):
        task = await anna.gets_task()
        await anna.says("POST", f"task/{task['uuid']}/picture", picture(number), 204)
        await anna.completes(task)
    assert [each.frame async for each in client.each_picture(job.id)] == [1, 2, 3, 4, 5]

    def numbers() -> list[int]:
        with open_sync_client(edge.url) as same:
            return [each.frame for each in same.each_picture(job.id)]

    assert await waiting(numbers) == [1, 2, 3, 4, 5]


async def test_what_is_asked_of_lists_arrives(edge, client):
    job = (await client.submit(NAPS)).id
    found = await client.tasks_page(job, TasksWanted(name="ech", limit=1))
    assert [task.name for task in found.tasks] == ["echo"]
    await worker(edge)
    assert len((await client.workers_page(WorkersWanted(type=("misc", "x")))).workers) == 1
    assert (await client.workers_page(WorkersWanted(seen_after=FAR_FUTURE))).workers == ()
    result = await client.change_jobs(BulkOfJobs(ids=(job, NOBODY), delete=JobDeletion()))
    assert (result.done, result.refused) == (1, 1)


def described(method: operation) -> tuple[str, str]:
    """The request that a method of the client sends, with X for each id."""
    lists = (JobsWanted, TasksWanted, WorkersWanted, ActorsWanted)
    of_frames = (FramesWanted, NewestWanted, PicturesWanted, VideoWanted)
    of_past = (AttemptsWanted, AuditWanted, FarmWanted, NoticesWanted, DeliveriesWanted, LogSearch)
    of_submission = (DryRunWanted, BlendFilesWanted)
    values = {
        str: "X",
        int: "X",
        **dict.fromkeys((*lists, *of_frames, *of_past, *of_submission)),
    }
    parameters = [*inspect.signature(method._describe).parameters.values()][1:]
    arguments = [
        values.get(each.annotation, SimpleNamespace(id="X", url="X"))
        for each in parameters
        if each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    named = {
        each.name: "X"
        for each in parameters
        if each.kind is each.KEYWORD_ONLY and each.default is each.empty
    }
    call = method._describe(None, *arguments, **named)
    return call.method, call.path


def test_the_client_has_a_method_for_all_that_people_and_scripts_may_ask():
    all_of_it = (each for part in Operations.__mro__ for each in vars(part).values())
    methods = [each for each in all_of_it if isinstance(each, operation)]
    sent = set(map(described, methods))
    for room in ROOMS:
        for each in room.routes.declared:
            if each.tag not in NOT_FOR_PEOPLE:
                assert (each.method, re.sub("<.+?>", "X", each.path).lstrip("/")) in sent, each.id


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.usefixtures("impatience")
async def test_who_follows_hears_all_however_often_the_connection_breaks(edge, client, seed):
    random = Random(seed)
    job, heard = (await client.submit(NAPS)).id, []

    async def change() -> None:
        for priority in range(CHANGES):
            await client.set_job_priority(job, priority)

    port = int(edge.url.rpartition(":")[2])
    cuts = (random.randrange(900, 6000) for _ in range(3))
    async with (
        cutting(port, cuts) as network,
        open_client(f"127.0.0.1:{network.port}") as follower,
        trio.open_nursery() as nursery,
    ):
        with trio.fail_after(PATIENCE):
            async with follower.follow(Topics(job=(job,))) as events:
                nursery.start_soon(change)
                async for event in events:
                    assert not isinstance(event, Resync)
                    if isinstance(event, EventJobUpdate):
                        heard.append(event.priority)
                    if len(heard) == CHANGES:
                        break
    assert heard == list(range(CHANGES))
    assert network.cuts


@pytest.mark.usefixtures("impatience")
async def test_a_program_that_waits_hears_all_too_and_asks_meanwhile(edge, client):
    job = (await client.submit(NAPS)).id
    port = int(edge.url.rpartition(":")[2])

    def heard(url: str) -> list[int]:
        with (
            open_sync_client(edge.url) as direct,
            open_sync_client(url) as follower,
            follower.follow(Topics(job=(job,))) as events,
        ):
            for priority in range(CHANGES):
                direct.set_job_priority(job, priority)
            assert follower.job(job).priority == CHANGES - 1
            updates = (event for event in events if isinstance(event, EventJobUpdate))
            return [event.priority for event in islice(updates, CHANGES)]

    async with cutting(port, iter((1500, 3000))) as network:
        with trio.fail_after(PATIENCE):
            told = await waiting(partial(heard, f"127.0.0.1:{network.port}"))
    assert told == list(range(CHANGES))
    assert network.cuts


async def test_what_cannot_be_followed_is_refused(edge, client):
    nonsense = Topics(job=("nonsense",))
    with pytest.raises(BadRequest, match="job: expected"):
        async with client.follow(nonsense):
            pass

    def waits() -> None:
        with open_sync_client(edge.url) as same, same.follow(nonsense):
            pass

    with pytest.raises(BadRequest, match="job: expected"):
        await waiting(waits)


async def test_who_stops_following_has_closed_the_connection(edge, client):
    def stops() -> None:
        with open_sync_client(edge.url) as same:
            with same.follow(Topics(type=("allJobs",))) as events:
                same.submit(NAPS)
                assert isinstance(next(events), EventJobUpdate)
            assert list(events) == []
            assert same.version().name == "Flamenco"

    await waiting(stops)


def test_a_stream_is_read_however_it_is_cut_and_what_is_not_known_is_passed_over():
    text = (
        "retry: 1000\nid: e-1\n\n"
        'event: /resync\nid: e-2\ndata: {"reason": "late"}\n\n'
        "event: /new-in-a-later-version\nid: e-3\ndata: {}\n\n"
        'event: /resync\nid: e-4\ndata: {"rea'
    )
    for size in range(1, len(text)):
        stream, found = EventStream(), []
        for begin in range(0, len(text), size):
            found += stream.feed(text[begin : begin + size])
        assert found == [Resync("late")]
        assert stream.place == "e-3"
        stream.broken()
        assert [*stream.feed('event: /resync\nid: e-4\ndata: {"reason": "x"}\n\n')] == [Resync("x")]
