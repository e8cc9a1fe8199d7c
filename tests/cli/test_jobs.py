"""`flamenco jobs`, `job` and `workers` against a Manager, as scripts and people use them."""

import json
import os
import re
import sys

import attrs
import pytest
import trio

from flamenco.api.jobs import JobStatusChange
from flamenco.cli import joblog, showing
from flamenco.cli.app import run
from flamenco.client import open_client
from flamenco.model.statuses import JobStatus
from tests.client.test_manager import NAPS, canceled, worker
from tests.patience import until
from tests.web.conftest import call
from tests.web.conftest import edge as _edge

edge = _edge
EXOTIC = '''
"""Two tasks for workers that this farm has not."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType

JOB_TYPE = JobType(label="Exotic", settings=[])


def compile_job(job: JobToCompile, author: Author) -> None:
    author.task("first", "holography")
    author.task("second", "telepathy")
'''
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def client(edge):
    async with open_client(edge.url) as client:
        yield client


@pytest.fixture
def flamenco(edge, capsys):
    """Runs a command; its status, and what it printed on stdout and stderr."""

    async def command(*words: str) -> tuple[int, str, str]:
        status = await trio.to_thread.run_sync(run, [*words, "--manager", edge.url])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def terminal(monkeypatch):
    """Stdout is a terminal of some width."""
    monkeypatch.setattr(showing, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")


async def test_a_text_of_others_steers_no_terminal(flamenco, client, terminal):
    job = (await client.submit(attrs.evolve(NAPS, name="red\u202e and more"))).id
    change = JobStatusChange(status=JobStatus.CANCEL_REQUESTED, reason="red\x1b[31m and\nmore")
    await client.set_job_status(job, change)
    for words in (["jobs"], ["job", "show", job]):
        status, printed, _ = await flamenco(*words)
        assert status == 0
        assert "red\\u202e and more" in printed
    assert "red\\x1b[31m and\\nmore" in printed


async def test_a_list_in_a_pipe_has_a_line_a_job_with_nothing_cut_off(flamenco, client):
    name = "a very long name " * 20
    job = await client.submit(attrs.evolve(NAPS, name=name))
    status, out, err = await flamenco("jobs")
    header, line = out.splitlines()
    assert (status, err) == (0, "")
    assert header.split("\t")[:3] == ["ID", "NAME", "STATUS"]
    assert line.split("\t")[:4] == [job.id, name.strip(), "queued", "0/2"]
    assert "\x1b" not in out


def test_a_list_in_a_pipe_steers_no_terminal_that_it_ends_on(capsys):
    showing.print_table(("NAME",), [["\x1b]0;owned\x07\x1b[2J name\u202e"]])
    out, _ = capsys.readouterr()
    assert out == "NAME\n\\x1b]0;owned\\x07\\x1b[2J name\\u202e\n"


async def test_a_list_on_a_terminal_has_short_ids_that_commands_take(flamenco, client, terminal):
    job = await client.submit(NAPS)
    _, out, _ = await flamenco("jobs")
    assert job.id[:8] in out
    assert job.id not in out
    assert f"{job.created.astimezone():%Y-%m-%d %H:%M}" in out
    status, out, _ = await flamenco("job", "show", job.id[:8])
    assert status == 0
    assert job.id in out


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
async def test_a_table_has_a_line_a_job_in_the_width_of_its_terminal(
    flamenco, client, terminal, monkeypatch, width
):
    monkeypatch.setenv("COLUMNS", str(width))
    job = await client.submit(attrs.evolve(NAPS, name="the name of a long shot " * 20))
    _, out, _ = await flamenco("jobs")
    header, line = out.splitlines()
    assert max(len(header), len(line)) <= width
    assert line.startswith(f"{job.id[:8]}  the name")
    assert ("queued" in line) is (width >= 40)
    assert (f"{job.created.astimezone():%Y-%m-%d %H:%M}" in line) is (width >= 80)


async def test_jobs_are_filtered_sorted_and_limited(flamenco, client):
    await canceled(client)
    for name in ("b", "a"):
        await client.submit(attrs.evolve(NAPS, name=name))

    async def names(*words: str) -> list[str]:
        status, out, _ = await flamenco("jobs", "--json", *words)
        assert status == 0
        return [job["name"] for job in json.loads(out)]

    assert await names() == ["a", "b", "naps"]
    assert await names("--status", "queued", "--sort", "name") == ["a", "b"]
    assert await names("--status", "queued", "--status", "canceled", "--sort=-name") == [
        "naps",
        "b",
        "a",
    ]
    assert await names("--name", "AP", "--limit", "5") == ["naps"]
    assert await names("--limit", "1") == ["a"]
    assert await names("--archived") == []


async def test_jobs_are_canceled_requeued_paused_moved_up_and_deleted(flamenco, client):
    first, second = (await client.submit(NAPS)).id, (await client.submit(NAPS)).id
    status, out, _ = await flamenco("job", "cancel", first, second, "--reason", "enough")
    assert status == 0
    assert out.splitlines() == [f"{first} canceled", f"{second} canceled"]
    assert (await client.job(first)).status == "canceled"
    assert (await flamenco("job", "requeue", first))[0] == 0
    assert (await flamenco("job", "pause", first))[0] == 0
    assert (await client.job(first)).status == "paused"
    assert (await flamenco("job", "priority", "80", first))[0] == 0
    assert (await client.job(first)).priority == 80
    assert (await flamenco("job", "delete", second, "--files"))[0] == 0

    async def gone() -> bool:
        return [job.id for job in await client.jobs()] == [first]

    await until(gone)


async def test_what_is_refused_is_told_with_a_sentence_and_the_rest_is_done(flamenco, client):
    ended, waits = await canceled(client), (await client.submit(NAPS)).id
    status, out, err = await flamenco("job", "cancel", ended, waits, NOBODY)
    assert status == 1
    assert out == f"{waits} canceled\n"
    assert f"{ended}: the job is canceled; " in err
    assert f"there is no job {NOBODY}" in err


async def test_a_job_is_shown_and_why_it_waits(flamenco, client):
    job = (await client.submit(NAPS)).id
    status, out, _ = await flamenco("job", "show", job)
    assert status == 0
    assert "2 queued" in out
    assert "There is no worker yet." in out
    assert (await flamenco("job", "why", job))[1] == "There is no worker yet.\n"
    assert json.loads((await flamenco("job", "show", job, "--json"))[1])["id"] == job


async def test_what_is_likely_wrong_with_a_job_is_shown(flamenco, client, edge):
    (edge.storage / "scripts").mkdir()
    (edge.storage / "scripts" / "exotic.py").write_text(EXOTIC)
    job = (await client.submit(attrs.evolve(NAPS, type="exotic", settings={}))).id
    shown = (await flamenco("job", "show", job))[1]
    warnings = [line for line in shown.splitlines() if line.startswith("Warning: ")]
    assert len(warnings) == 2
    assert "'holography'" in warnings[0]


async def test_an_id_that_could_be_more_than_one_or_none_is_refused(flamenco, client):
    known = [(await client.submit(NAPS)).id for _ in range(17)]
    start = next(a[0] for a in known if sum(b[0] == a[0] for b in known) > 1)
    status, _, err = await flamenco("job", "show", start)
    assert status == 1
    assert f"{start} could be more than one job" in err
    status, _, err = await flamenco("job", "show", "nothing")
    assert status == 1
    assert "there is no job whose id begins with nothing" in err


async def test_an_archived_job_is_found_by_the_beginning_of_its_id(flamenco, client):
    job = await canceled(client)
    await client.archive_job(job)
    assert (await flamenco("job", "show", job[:10]))[0] == 0


async def test_a_log_is_printed_of_the_task_that_is_named(flamenco, client):
    job = (await client.submit(NAPS)).id
    await flamenco("job", "cancel", job)
    status, out, _ = await flamenco("job", "log", job, "echo")
    assert status == 0
    assert (await flamenco("job", "log", job, "1"))[1] == out
    status, _, err = await flamenco("job", "log", job, "no such task")
    assert status == 1
    assert "there is no task" in err
    assert (await flamenco("job", "log", job, "--follow"))[0] == 1


async def fail_first(edge, task_log: str) -> str:
    """Let the only worker fail a task; its name."""
    auth = (await worker(edge), "x")
    sign_on = {"name": "anna", "software_version": "3", "supported_task_types": ["misc"]}
    await call(edge, "POST", "worker/sign-on", sign_on, auth=auth)
    await call(edge, "POST", "worker/state-changed", {"status": "awake"}, 204, auth)
    task = await call(edge, "POST", "worker/task", auth=auth)
    report = {"taskStatus": "failed", "activity": "Failed: no camera", "log": task_log}
    await call(edge, "POST", f"worker/task/{task['uuid']}", report, 204, auth)
    return task["name"]


async def test_a_job_that_failed_is_explained_by_its_first_failed_task(flamenco, edge, client):
    job = (await client.submit(NAPS)).id
    log = "".join(f"line {number}\n" for number in range(100)) + "red \x1b[31m\n"
    name = await fail_first(edge, log)
    await until(lambda: is_in(client, job, JobStatus.FAILED))
    status, out, err = await flamenco("job", "show", job)
    assert status == 0
    assert "failed" in out
    first, *lines = err.splitlines()
    assert first.startswith(f"flamenco: task {name}: Failed: no camera")
    assert len(lines) == 20
    assert any("line 99" in line for line in lines)
    assert "\x1b" not in err
    status, out, _ = await flamenco("job", "log", job)
    assert (status, "line 0\n" in out, "\x1b[31m" in out) == (0, True, True)


async def test_a_text_is_found_in_the_logs_of_a_job(flamenco, edge, client):
    job = (await client.submit(NAPS)).id
    await fail_first(edge, "fine\nOut of memory \x1b[31m\n")
    status, out, _ = await flamenco("job", "search", job, "out of MEM")
    assert (status, out) == (1, "")
    status, out, _ = await flamenco("job", "search", job, "out of mem")
    assert status == 0
    assert "Out of memory" in out
    assert "\x1b" not in out


async def test_a_log_steers_no_terminal(flamenco, edge, client, monkeypatch):
    job = (await client.submit(NAPS)).id
    await fail_first(edge, "\x00nul \x1b[31mred\ttab\n")
    monkeypatch.setattr(joblog, "on_terminal", lambda: True)
    out = (await flamenco("job", "log", job))[1]
    assert "\\x00nul \\x1b[31mred\ttab\n" in out
    assert "\x1b" not in out


async def is_in(client, job: str, status: JobStatus) -> bool:
    return (await client.job(job)).status is status


async def test_a_task_that_has_no_log_is_told_with_its_status(flamenco, client):
    job = (await client.submit(NAPS)).id
    status, out, err = await flamenco("job", "log", job, "echo")
    assert (status, out) == (0, "")
    assert err == "flamenco: the task has no log; it is queued\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise")
async def test_a_reader_that_has_had_enough_is_no_trouble(edge):
    command = f"{sys.executable} -m flamenco jobs --manager {edge.url}"
    done = await trio.run_process(["bash", "-c", f"{command} | true"], capture_stderr=True)
    assert done.stderr == b""


async def test_workers_are_listed_and_filtered(flamenco, edge):
    anna = await worker(edge)
    status, out, _ = await flamenco("workers")
    assert status == 0
    assert out.splitlines()[1].split("\t")[:3] == [anna, "anna", "offline"]
    assert json.loads((await flamenco("workers", "--json"))[1])[0]["id"] == anna
    assert len((await flamenco("workers", "--status", "awake"))[1].splitlines()) == 1
    assert len((await flamenco("workers", "--type", "misc"))[1].splitlines()) == 2


async def test_jobs_of_a_worker_and_a_tag_are_found_by_their_names(flamenco, client, edge):
    await worker(edge)
    tag = await client.create_tag("gpu")
    job = (await client.submit(NAPS)).id
    await client.set_job_tag(job, str(tag.id))
    assert job in (await flamenco("jobs", "--tag", "gpu"))[1]
    assert job not in (await flamenco("jobs", "--worker", "anna"))[1]
    status, _, err = await flamenco("jobs", "--tag", "none")
    assert (status, err) == (1, "flamenco: there is no tag none\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jobs", "--status", "purple"], "queued"),
        (["jobs", "--sort", "size"], "created"),
        (["jobs", "--limit", "0"], "--limit"),
        (["job", "priority", "101", "x"], "100"),
        (["submit", "x.blend", "--priority", "101"], "100"),
        (["job", "cancel"], "requires an argument"),
        (["job", "juggle", "x"], "juggle"),
        (["workers", "--colour", "red"], "--colour"),
        (["jobs", "--status", "active", "queued"], "unexpected: queued;"),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_2_and_what_was_expected(capsys, words, said):
    assert run(words) == 2
    assert said in capsys.readouterr().err


def test_the_help_tells_defaults_that_say_something(capsys):
    assert run(["jobs", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.replace("│", "").split())
    assert re.findall(r"\[default: ([^\]]*)\]", told) == ["-created", "http://localhost:8080/"]


def test_a_manager_that_is_not_there_ends_with_1_and_one_line(capsys, monkeypatch):
    monkeypatch.setenv("FLAMENCO_MANAGER", "127.0.0.1:1")
    assert run(["jobs"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("flamenco: no answer from the Manager at http://127.0.0.1:1")
    assert err.count("\n") == 1


async def test_the_frames_of_a_job_are_listed_those_in_a_state_alone(flamenco, client):
    settings = {"frames": "-1-1", "width": 64, "height": 36, "fps": 24.0}
    settings["render_output_path"] = "/farm/######"
    job = (await client.submit(attrs.evolve(NAPS, type="test-frames", settings=settings))).id
    status, printed, _ = await flamenco("job", "frames", job[:8])
    rows = [line.split("\t") for line in printed.splitlines()]
    assert status == 0
    assert rows[0] == ["FRAME", "STATE", "ATTEMPT", "WORKER", "SECONDS", "FILES"]
    assert [row[:2] for row in rows[1:]] == [["-1", "queued"], ["0", "queued"], ["1", "queued"]]
    assert (await flamenco("job", "frames", job, "--state", "failed", "--json"))[1] == "[]\n"
    _, printed, _ = await flamenco("job", "frames", job, "--json")
    assert [each["frame"] for each in json.loads(printed)] == [-1, 0, 1]
