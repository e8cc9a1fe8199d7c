"""The Worker's life: registration, statuses, tasks, leaving."""

import stat

import attrs
import pytest
import trio

from flamenco.model.statuses import WorkerStatus
from flamenco.protocol import (
    Heartbeat,
    HeldLease,
    Hurry,
    Report,
    RequestStatus,
    Revoke,
    SignOff,
    StateChanged,
)
from tests.patience import until
from tests.worker.fake_manager import open_manager, task
from tests.worker.running import gate, python, running_worker
from worker.credentials import FILE_NAME, Credentials, read_credentials
from worker.main import NOT_LET_IN_EXIT_CODE, run_worker
from worker.outbox import HomeError

FOR_EVER = ("sleep", {"duration_in_seconds": 3600})
ECHO = ("echo", {"message": "hello"})


async def test_a_new_worker_registers_signs_on_and_goes_to_the_status_it_is_told(manager, config):
    async with running_worker(config):
        session = await manager.session()
        assert session.hello.name == "render-01"
        assert session.hello.task_types == ("blender", "ffmpeg", "file-management", "misc")
        assert session.hello.can_restart
        await session.welcome(WorkerStatus.ASLEEP)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.ASLEEP)
    (registration,) = manager.registrations
    assert registration["platform"] == "linux"
    assert len(registration["secret"]) == 64
    assert stat.S_IMODE((config.home / FILE_NAME).stat().st_mode) == 0o600


async def test_a_worker_keeps_its_credentials(manager, config):
    for _ in range(2):
        async with running_worker(config):
            await manager.session()
    assert len(manager.registrations) == 1
    assert read_credentials(config.home).worker_id == "worker-1"


async def test_damaged_credentials_are_set_aside_and_the_worker_registers_anew(manager, config):
    async with running_worker(config):
        await manager.session()
    (config.home / FILE_NAME).write_bytes(bytes(378))
    async with running_worker(config):
        await manager.session()
    assert read_credentials(config.home).worker_id == "worker-2"
    assert (config.home / f"{FILE_NAME}.damaged-1").read_bytes() == bytes(378)


@pytest.mark.parametrize("name", ["worker_secret", "secret"])
def test_credentials_of_flamenco_3_are_taken_under_either_name(tmp_path, name):
    (tmp_path / FILE_NAME).write_text(f"worker_id: anna\n{name}: s3cret\n")
    assert read_credentials(tmp_path) == Credentials(worker_id="anna", worker_secret="s3cret")


async def test_a_start_sweeps_away_what_a_killed_worker_left_of_its_credentials(manager, config):
    config.home.mkdir(parents=True, exist_ok=True)
    left = config.home / f".{FILE_NAME}-k2x7_q0a.begun"
    left.write_text("worker_secret: s3cret")
    async with running_worker(config):
        await manager.session()
        assert not left.exists()


async def test_rejected_credentials_lead_to_a_new_registration(manager, config):
    async with running_worker(config):
        await manager.session()
    manager.known.clear()
    async with running_worker(config):
        await manager.session()
    assert read_credentials(config.home).worker_id == "worker-2"


async def test_a_worker_that_knows_the_farms_secret_is_let_in(manager, config):
    manager.registration_secret = "open sesame"
    async with running_worker(attrs.evolve(config, registration_secret="open sesame")):
        await manager.session()
    assert len(manager.registrations) == 1


COMPLAINTS = [
    ("", "it wants the farm's registration secret to let a Worker in: set registration_secret"),
    ("wrong", "this Worker's registration secret is not the farm's: change registration_secret"),
]


@pytest.mark.parametrize("knows_proofs", [True, False])
@pytest.mark.parametrize(("secret", "complaint"), COMPLAINTS)
async def test_a_new_worker_that_is_not_let_in_ends_and_says_what_to_do(
    manager, config, caplog, secret, complaint, knows_proofs
):
    manager.registration_secret, manager.knows_proofs = "open sesame", knows_proofs
    async with running_worker(attrs.evolve(config, registration_secret=secret)) as worker:
        assert await worker.exits() == NOT_LET_IN_EXIT_CODE
    (told,) = [r.getMessage() for r in caplog.records if "not let in" in r.getMessage()]
    assert config.manager_url in told
    assert complaint in told
    assert "FLAMENCO_REGISTRATION_SECRET" in told
    assert "open sesame" not in told


@pytest.mark.parametrize(("secret", "complaint"), COMPLAINTS)
async def test_one_that_the_manager_has_forgotten_says_what_to_do_and_tries_again(
    manager, config, caplog, monkeypatch, secret, complaint
):
    async with running_worker(config):
        await manager.session()
    manager.known.clear()
    manager.keys.clear()
    manager.registration_secret = "open sesame"
    monkeypatch.setattr("worker.session.backoff", lambda *_: 0.01)
    async with running_worker(attrs.evolve(config, registration_secret=secret)):
        await until(lambda: len(manager.addresses) >= 4)
    told = [r.getMessage() for r in caplog.records if complaint in r.getMessage()]
    assert len(told) == 1
    assert "No session" in told[0]


async def test_two_workers_cannot_share_a_home(manager, config):
    async with running_worker(config):
        await manager.session()
        with pytest.raises(HomeError, match=r"used by another Worker.*FLAMENCO_HOME"):
            await run_worker(config)


async def test_a_worker_waits_for_its_manager_and_says_so_once(
    config, manager, caplog, monkeypatch
):
    async with open_manager() as gone:
        pass
    tried_often = trio.Event()

    def quickly(failures, longest):
        if failures == 5:
            tried_often.set()
        return 0.01

    monkeypatch.setattr("worker.session.backoff", quickly)
    async with running_worker(attrs.evolve(config, manager_url=gone.url)):
        await tried_often.wait()
        async with open_manager(gone.port) as late:
            await late.session()
    complaints = [r.getMessage() for r in caplog.records if "No session" in r.getMessage()]
    assert len(complaints) == 1
    assert gone.url in complaints[0]


@pytest.mark.parametrize(("stable", "goes_on"), [(0.0, False), (3600.0, True)])
async def test_a_session_that_lasts_ends_the_row_of_failures(config, monkeypatch, stable, goes_on):
    rows, tried_thrice = [], trio.Event()

    def quickly(failures, longest):
        rows.append(failures)
        if failures == 3:
            tried_thrice.set()
        return 0.01

    async with open_manager() as gone:
        pass
    monkeypatch.setattr("worker.session.backoff", quickly)
    monkeypatch.setattr("worker.session.STABLE_SECONDS", stable)
    async with running_worker(attrs.evolve(config, manager_url=gone.url)):
        await tried_thrice.wait()
        async with open_manager(gone.port) as late:
            first = await late.session()
            await first.wake()
            tried = len(rows)
            first.cut()
            await late.session()
    assert (rows[tried] > 0) is goes_on


async def test_a_task_is_reported_from_its_start_to_its_end(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO, ECHO, steps_total=2))
        reports = await session.until(lambda report: report.status == "completed")
    assert [(r.status, r.activity, r.steps_completed) for r in reports] == [
        ("active", "Started", None),
        (None, None, 1),
        (None, None, 2),
        ("completed", "Completed", None),
    ]
    assert reports[-1].log == 'echo: "hello"\n' * 2
    assert {(r.task_id, r.lease) for r in reports} == {("task-1", 1)}
    assert session.seqs == sorted(set(session.seqs))


async def test_the_first_command_that_fails_fails_the_task(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO, ("dance", {}), ECHO))
        last, log = await session.outcome()
    assert (last.status, last.activity) == ("failed", 'Failed: unknown command: "dance"')
    assert log == 'echo: "hello"\nFailed: unknown command: "dance"\n'


async def test_a_revoked_task_stops_without_a_word_and_the_next_one_runs(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(FOR_EVER))
        await session.next(Report)
        await session.send(Revoke("task-1", 1, "job cancelled"))
        await session.send(task(ECHO, task_id="task-2", lease=2))
        reports = await session.until(lambda report: report.status == "completed")
    assert {r.task_id for r in reports} == {"task-2"}


async def test_a_revoke_of_an_older_lease_stops_nothing(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        session = await manager.session()
        await session.wake()
        await session.send(task(command, lease=4))
        await session.next(Report)
        await session.send(Revoke("task-1", 3, "late"))
        await open_gate()
        assert (await session.outcome())[0].status == "completed"


async def test_a_refused_report_stops_the_task(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(FOR_EVER))
        await session.next(Report, refused="an older lease")
        await session.send(task(ECHO, lease=2))
        last, _ = await session.outcome()
    assert (last.status, last.lease) == ("completed", 2)


async def test_a_second_task_is_handed_back_and_the_first_goes_on(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        session = await manager.session()
        await session.wake()
        await session.send(task(command))
        await session.next(Report)
        await session.send(task(ECHO, task_id="task-2"))
        back = await session.next(Report)
        assert (back.task_id, back.status) == ("task-2", "queued")
        assert "runs render already" in back.activity
        await open_gate()
        last, _ = await session.outcome()
        assert (last.task_id, last.status) == ("task-1", "completed")


async def test_the_same_task_pushed_twice_runs_once(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        session = await manager.session()
        await session.wake()
        await session.send(task(command))
        await session.send(task(command))
        await session.next(Report)
        await open_gate()
        last, log = await session.outcome()
    assert last.status == "completed"
    assert log.count("going to run") == 1


async def test_a_worker_that_sleeps_hands_tasks_back(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(WorkerStatus.ASLEEP)
        await session.next(StateChanged)
        await session.send(task(ECHO))
        assert (await session.next(Report)).status == "queued"


async def test_a_lazy_request_waits_for_the_task(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        session = await manager.session()
        await session.wake()
        await session.send(task(command))
        await session.next(Report)
        await session.send(RequestStatus(WorkerStatus.ASLEEP, lazy=True))
        await open_gate()
        assert (await session.outcome())[0].status == "completed"
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.ASLEEP)


async def test_a_request_that_is_not_lazy_hands_the_task_back_first(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO, FOR_EVER))
        await session.next(Report)
        await session.send(RequestStatus(WorkerStatus.ASLEEP, lazy=False))
        last, log = await session.outcome()
        assert last.status == "queued"
        assert log == 'echo: "hello"\n'
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.ASLEEP)


async def test_a_lazy_request_may_be_taken_back(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        session = await manager.session()
        await session.wake()
        await session.send(task(command))
        await session.next(Report)
        await session.send(RequestStatus(WorkerStatus.ASLEEP, lazy=True))
        await session.send(RequestStatus(WorkerStatus.AWAKE, lazy=False))
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)
        await open_gate()
        await session.outcome()
        await session.send(task(ECHO, lease=2))
        assert (await session.outcome())[0].status == "completed"


@pytest.mark.parametrize(
    ("status", "code"), [(WorkerStatus.OFFLINE, 0), (WorkerStatus.RESTART, 43)]
)
async def test_leaving_hands_the_task_back_signs_off_and_ends(manager, config, status, code):
    async with running_worker(config) as worker:
        session = await manager.session()
        await session.wake()
        await session.send(task(FOR_EVER))
        await session.next(Report)
        await session.send(RequestStatus(status, lazy=False))
        assert (await session.next(Report)).status == "queued"
        await session.next(SignOff)
        await session.closed()
        assert await worker.exits() == code


async def test_heartbeats_name_the_leases(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(heartbeat=0.05)
        await session.next(StateChanged)
        assert await session.next(Heartbeat) == Heartbeat()
        await session.send(task(FOR_EVER, lease=7))
        beats = await session.until(lambda message: message == Heartbeat((HeldLease("task-1", 7),)))
    assert beats


async def test_what_is_no_message_ends_the_session_but_not_the_worker(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.socket.send_message("{}")
        await manager.session()


async def test_a_fault_in_a_command_fails_the_task_and_not_the_worker(manager, config, monkeypatch):
    monkeypatch.setattr("worker.commands.sleep.trio", None)
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(FOR_EVER))
        last, _ = await session.outcome()
        assert last.activity.startswith("Failed: sleep: internal error: AttributeError")


async def test_a_job_that_runs_a_missing_program_fails_with_a_sentence(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(("exec", {"exe": "no-such-program"})))
        last, _ = await session.outcome()
    assert last.activity == "Failed: 'no-such-program' is not on this machine."


async def test_output_is_merged_and_carries_the_pid(manager, config):
    program = "import os, sys; print(os.getpid(), flush=True); sys.exit('that was wrong')"
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(python(program)))
        last, log = await session.outcome()
    assert last.activity == "Failed: command exited abnormally with code 1"
    command, pid, wrong, failed = log.splitlines()
    number = pid.rpartition(" ")[2]
    assert command.startswith("going to run: ")
    assert command.endswith(f"-c '{program}'") or "that was wrong" in command
    assert pid == f"pid={number} > {number}"
    assert wrong == f"pid={number} > that was wrong"
    assert failed.startswith("Failed: ")


async def test_a_log_that_somebody_follows_is_sent_at_once(manager, config, tmp_path, monkeypatch):
    monkeypatch.setattr("worker.tasklog.CHUNK_SECONDS", 3600)
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        session = await manager.session()
        await session.wake()
        await session.send(task(("echo", {"message": "one"}), command))
        assert (await session.next(Report)).status == "active"
        assert (await session.next(Report)).steps_completed == 1
        await session.send(Hurry("task-1", 2, followed=True))  # of another lease
        await session.send(Hurry("task-1", 1, followed=True))
        assert (await session.next(Report)).log.startswith('echo: "one"')
        await session.send(Hurry("task-1", 1, followed=False))
        await open_gate()
        await session.outcome()
