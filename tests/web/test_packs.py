"""Submissions with a key: they make one job, which owns the folder handed out for them."""

import uuid
from datetime import timedelta

import attrs
import httpx
import msgspec
import pytest
import trio

from flamenco.api.jobs import SubmittedJob
from flamenco.cli import submit as cli
from flamenco.client import NotAllowed, Unreachable, open_client
from flamenco.client.errors import rejection
from flamenco.manager import packs, submissions
from flamenco.manager.packs import ClearPacks, erase_pack
from flamenco.manager.submissions import ClearAway
from flamenco.model.names import file_name
from flamenco.model.statuses import JobStatus
from flamenco.shaman import Checkouts, checkout_path
from flamenco.store import InsertJob
from tests.cutting import cutting
from tests.patience import until
from tests.web.conftest import JOB, edge_at
from tests.web.test_requests import canceled

KEY = "5f1c1f7e-0f55-4c0c-8f43-8a5f0e9b2b1d"


async def post(edge, path: str, body: object, key: str = KEY):
    headers = {"Idempotency-Key": key}
    return await edge.http.post(f"/api/v3/{path}", json=body, headers=headers)


async def handed_out(edge, key: str = KEY, name: str = "Shot 1"):
    """The folder that a submission may fill, with a file in it and a link to one elsewhere."""
    answer = await post(edge, "jobs/packs", {"name": name}, key)
    assert answer.status_code == 200, answer.text
    shared = edge.farm.services.paths.shared
    folder = shared / answer.json()["path"]
    assert folder.parent == shared / "jobs"
    (folder / "textures").mkdir(parents=True)
    (folder / "textures" / "wood.png").write_bytes(b"wood")
    mine = shared / "mine.png"
    mine.write_bytes(b"mine")
    (folder / "link.png").symlink_to(mine)
    return folder


async def test_a_submission_that_is_repeated_makes_one_job_also_after_a_restart(tmp_path):
    async with edge_at(tmp_path) as edge:
        first = (await post(edge, "jobs", JOB)).json()["id"]
        assert (await post(edge, "jobs", JOB)).json()["id"] == first
    async with edge_at(tmp_path) as edge:
        assert (await post(edge, "jobs", JOB)).json()["id"] == first
        other = (await post(edge, "jobs", JOB, str(uuid.uuid4()))).json()["id"]
        assert other != first
        assert len((await edge.http.get("/api/v3/jobs")).json()["jobs"]) == 2


async def test_repeated_at_the_same_time_makes_one_job(edge):
    codes = []

    async def submit() -> None:
        codes.append((await post(edge, "jobs", JOB)).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(submit)
    assert codes.count(200) >= 1
    assert set(codes) <= {200, 409}
    assert (await post(edge, "jobs", JOB)).status_code == 200
    assert len((await edge.http.get("/api/v3/jobs")).json()["jobs"]) == 1


async def test_a_key_stands_for_one_submission_only(edge):
    job = (await post(edge, "jobs", JOB)).json()["id"]
    changed = await post(edge, "jobs", JOB | {"priority": 7})
    assert (changed.status_code, changed.json()["message"]) == (
        422,
        "Idempotency-Key: it belongs to a submission that is not the same",
    )
    await edge.http.delete(f"/api/v3/jobs/{job}")

    async def gone() -> bool:
        return (await edge.http.get(f"/api/v3/jobs/{job}")).status_code == 404

    await until(gone)
    assert (await post(edge, "jobs", JOB)).status_code == 404


async def test_a_refused_submission_may_be_corrected_with_the_same_key(edge):
    assert (await post(edge, "jobs", JOB | {"type": "nonsense"})).status_code == 400
    assert (await post(edge, "jobs", JOB)).status_code == 200


async def test_a_key_is_forgotten_after_a_day(edge, monkeypatch):
    first = (await post(edge, "jobs", JOB)).json()["id"]
    monkeypatch.setattr(submissions, "KEPT", timedelta(0))
    edge.farm.submissions.tell(ClearAway())

    async def forgotten() -> bool:
        return await edge.farm.services.reader.submission(KEY) is None

    await until(forgotten)
    assert (await post(edge, "jobs", JOB)).json()["id"] != first


async def test_a_submission_that_was_cut_off_keeps_its_pack_for_the_next_try(tmp_path):
    async with edge_at(tmp_path) as edge:
        folder, reader = await handed_out(edge), edge.farm.services.reader
        whole = await reader.job((await post(edge, "jobs", JOB, str(uuid.uuid4()))).json()["id"])
        half = attrs.evolve(
            whole,
            id=str(uuid.uuid4()),
            status=JobStatus.UNDER_CONSTRUCTION,
            shaman_checkout_id=folder.name,
        )
        await edge.farm.store.commit([InsertJob(half)])
    async with edge_at(tmp_path) as edge:

        async def erased() -> bool:
            return await edge.farm.services.reader.job(half.id) is None

        await until(erased)
        answer = await post(edge, "jobs", JOB)
        assert answer.json()["storage"]["shaman_checkout_id"] == folder.name
        assert (folder / "textures" / "wood.png").read_bytes() == b"wood"


async def test_what_has_changed_since_does_not_hinder_the_answer_to_a_repeated_submission(edge):
    script = edge.storage / "scripts" / "mine.js"
    script.parent.mkdir()
    head = 'const JOB_TYPE = {label: "Mine", settings: []};\n'
    script.write_text(head + 'function compileJob(job) { job.addTask(author.Task("a", "misc")); }')
    etag = (await edge.http.get("/api/v3/jobs/type/mine")).json()["etag"]
    tag = (await edge.http.post("/api/v3/worker-mgt/tags", json={"name": "gpu"})).json()["id"]
    tagged, typed = JOB | {"worker_tag": tag}, JOB | {"type": "mine", "type_etag": etag}
    key = str(uuid.uuid4())
    first, second = await post(edge, "jobs", tagged), await post(edge, "jobs", typed, key)
    await edge.http.delete(f"/api/v3/worker-mgt/tag/{tag}")
    script.unlink()
    assert (await post(edge, "jobs", tagged)).json()["id"] == first.json()["id"]
    assert (await post(edge, "jobs", typed, key)).json()["id"] == second.json()["id"]


@pytest.mark.parametrize("files", ["true", "false"])
async def test_a_pack_is_deleted_with_its_job_and_nothing_else_is(edge, files):
    folder, other = await handed_out(edge), await handed_out(edge, str(uuid.uuid4()))
    answer = await post(edge, "jobs", JOB)
    job = answer.json()["id"]
    assert answer.json()["storage"]["shaman_checkout_id"] == folder.name
    would = (await edge.http.get(f"/api/v3/jobs/{job}/what-would-delete-do")).json()
    assert would["shaman_checkout"] is True
    await edge.http.delete(f"/api/v3/jobs/{job}", params={"files": files})
    await until(lambda: not folder.exists())
    assert (folder.parent.parent / "mine.png").read_bytes() == b"mine"
    assert (other / "textures" / "wood.png").exists()


async def test_the_same_key_gets_the_same_folder_and_odd_names_a_plain_one(edge):
    first = await post(edge, "jobs/packs", {"name": "../../Schloß: 'x'"})
    assert (await post(edge, "jobs/packs", {"name": "other"})).json() == first.json()
    jobs, name = first.json()["path"].split("/")
    assert jobs == "jobs"
    assert "Schloß_ 'x'" in name
    without = await edge.http.post("/api/v3/jobs/packs", json={"name": "x"})
    assert without.status_code == 400


async def test_the_pack_of_another_submission_cannot_be_named(edge):
    folder = await handed_out(edge)
    body = JOB | {"storage": {"shaman_checkout_id": folder.name}}
    answer = await edge.http.post("/api/v3/jobs", json=body)
    assert answer.status_code == 400
    assert folder.name in answer.json()["message"]


async def test_a_pack_that_became_a_link_is_not_followed(edge, tmp_path):
    folder = await handed_out(edge)
    job = (await post(edge, "jobs", JOB)).json()["id"]
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    await edge.http.delete(f"/api/v3/jobs/{job}", params={"files": "true"})

    async def gone() -> bool:
        return (await edge.http.get(f"/api/v3/jobs/{job}")).status_code == 404

    await until(gone)
    assert (tmp_path / "elsewhere" / "textures" / "wood.png").exists()


async def test_a_pack_for_which_no_job_came_goes_after_a_day(edge, monkeypatch):
    abandoned = await handed_out(edge)
    used = await handed_out(edge, key := str(uuid.uuid4()))
    assert (await post(edge, "jobs", JOB, key)).status_code == 200
    monkeypatch.setattr(packs, "KEPT", timedelta(0))
    edge.farm.packs.tell(ClearPacks())
    await until(lambda: not abandoned.exists())
    assert used.exists()
    assert await canceled(edge)


async def test_a_pack_that_is_given_up_goes_at_once_and_that_of_a_job_or_of_others_stays(edge):
    keys = [str(uuid.uuid4()) for _ in range(3)]
    abandoned, used, others = [await handed_out(edge, key) for key in keys]
    assert (await post(edge, "jobs", JOB, keys[1])).status_code == 200
    for key in keys[:2]:
        await edge.http.delete("/api/v3/jobs/packs", headers={"Idempotency-Key": key})
    await until(lambda: not abandoned.exists())
    assert used.exists()
    assert others.exists()
    assert await edge.farm.services.reader.pack_of(keys[0]) is None


async def test_what_is_given_up_while_others_are_removed_goes_after_them(edge, monkeypatch):
    first, second = [(key, await handed_out(edge, key)) for key in map(str, (uuid.uuid4(), KEY))]
    begun, go_on, remove = trio.Event(), trio.Event(), packs.erase_pack

    async def slow(*given) -> None:
        begun.set()
        await go_on.wait()
        await remove(*given)

    monkeypatch.setattr(packs, "erase_pack", slow)
    await edge.http.delete("/api/v3/jobs/packs", headers={"Idempotency-Key": first[0]})
    await begun.wait()
    await edge.http.delete("/api/v3/jobs/packs", headers={"Idempotency-Key": second[0]})
    go_on.set()
    await until(lambda: not first[1].exists() and not second[1].exists())


async def test_files_that_are_being_removed_get_no_job(edge, monkeypatch):
    folder, begun, go_on, remove = await handed_out(edge), trio.Event(), trio.Event(), erase_pack

    async def slow(*given) -> None:
        begun.set()
        await go_on.wait()
        await remove(*given)

    monkeypatch.setattr(packs, "erase_pack", slow)
    await edge.http.delete("/api/v3/jobs/packs", headers={"Idempotency-Key": KEY})
    await begun.wait()
    for path, body in (("jobs", JOB), ("jobs/packs", {"name": "Shot 1"})):
        refused = await post(edge, path, body)
        assert refused.status_code == 422
        assert "was given up" in refused.json()["message"]
    go_on.set()
    await until(lambda: not folder.exists())


async def test_files_are_not_given_up_while_their_job_is_made(edge, monkeypatch):
    begun, go_on, compile_it = trio.Event(), trio.Event(), submissions.compile_submission

    async def slow(*given):
        begun.set()
        await go_on.wait()
        return await compile_it(*given)

    monkeypatch.setattr(submissions, "compile_submission", slow)
    folder = await handed_out(edge)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(post, edge, "jobs", JOB)
        await begun.wait()
        refused = await edge.http.delete("/api/v3/jobs/packs", headers={"Idempotency-Key": KEY})
        assert refused.status_code == 409
        go_on.set()
    assert folder.exists()


async def test_a_pack_that_cannot_be_removed_keeps_no_other(edge, monkeypatch):
    stuck, *others = [await handed_out(edge, str(uuid.uuid4())) for _ in range(3)]
    empty = Checkouts.empty

    def fail(self, path, links, kept) -> None:
        if path.name == stuck.name:
            raise PermissionError("in use")
        empty(self, path, links, kept)

    monkeypatch.setattr(Checkouts, "empty", fail)
    monkeypatch.setattr(packs, "KEPT", timedelta(0))
    edge.farm.packs.tell(ClearPacks())
    await until(lambda: not any(other.exists() for other in others))
    assert stuck.exists()


async def test_packs_are_not_forgotten_while_the_disk_of_the_storage_is_away(edge, monkeypatch):
    folder = await handed_out(edge)
    away = folder.parent.rename(folder.parent.parent / "away")
    monkeypatch.setattr(packs, "KEPT", timedelta(0))
    monkeypatch.setattr(packs, "CLEAR_SECONDS", 0.01)
    tries = []
    remove = packs.erase_pack

    async def counted(*given) -> None:
        tries.append(given)
        await remove(*given)

    monkeypatch.setattr(packs, "erase_pack", counted)
    edge.farm.packs.tell(ClearPacks())
    await until(lambda: len(tries) >= 2)
    away.rename(folder.parent)
    await until(lambda: not folder.exists())


@pytest.mark.parametrize("name", ["a{b}c;d", "a\x7fb\x9f\u2028c", "a?*:<>|\\/b"])
def test_the_folder_of_a_pack_is_one_that_a_job_may_name(name):
    assert checkout_path(file_name(name)).name == file_name(name)
    assert file_name(name).replace("_", "").isalpha()


async def test_the_command_line_makes_one_job_though_an_answer_is_lost(edge, monkeypatch):
    monkeypatch.setattr(cli, "PAUSE_SECONDS", 0.01)
    port = httpx.URL(edge.url).port
    async with (
        cutting(port, iter([10])) as network,
        open_client(f"http://127.0.0.1:{network.port}") as client,
    ):
        job = await cli.submit_once(client, msgspec.convert(JOB, SubmittedJob))
    assert network.cuts == 1
    listed = (await edge.http.get("/api/v3/jobs")).json()["jobs"]
    assert [each["id"] for each in listed] == [job.id]


def answered(outcomes):
    """A Manager that answers with these, one after the other."""

    class Manager:
        async def submit(self, job, *, key):
            outcome = next(outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    return Manager()


async def test_the_command_line_waits_for_a_submission_that_is_under_way(autojump_clock):
    lost = [Unreachable("cut"), *(rejection(code, b"", "") for code in (503, 502, 504))]
    under_way = [rejection(409, b"", "")] * 20
    assert await cli.submit_once(answered(iter([*lost, *under_way, "job"])), None) == "job"


async def test_the_command_line_repeats_no_submission_that_is_refused_and_not_for_ever(
    autojump_clock,
):
    with pytest.raises(NotAllowed):
        await cli.submit_once(answered(iter([rejection(422, b"", "")])), None)
    with trio.fail_after(2 * cli.SUBMIT_SECONDS), pytest.raises(Unreachable):
        await cli.submit_once(answered(iter(lambda: Unreachable("cut"), None)), None)
