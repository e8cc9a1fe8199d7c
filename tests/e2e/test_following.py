"""`flamenco job log --follow` in a real process, while a real Worker runs the task."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from flamenco.api.jobs import SubmittedJob
from flamenco.client import open_sync_client
from tests.e2e.running import FLAMENCO, run, running_manager, running_worker
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow


FOLLOWERS = 8
"""Ctrl-C comes to each at another moment: where it got lost, that was one time in three."""


@contextmanager
def open_child(command: list[str]) -> Iterator[subprocess.Popen]:
    """A program; it is gone at the end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def naps(seconds: int) -> SubmittedJob:
    settings = {"message": "hello", "sleep_duration_seconds": seconds, "sleep_repeats": 1}
    return SubmittedJob(
        name="naps", type="echo-sleep-test", submitter_platform="linux", settings=settings
    )


def test_a_log_is_followed_to_its_end_and_ctrl_c_ends_it_in_silence(tmp_path):
    with running_manager(tmp_path / "manager") as url, open_sync_client(url) as client:
        short, endless = client.submit(naps(1)), client.submit(naps(600))
        follow = ("job", "log", short.id, "sleep", "--follow", "--manager", url)
        with running_worker(url, tmp_path / "worker", "anna"):
            followed = run(*follow)
            assert followed.returncode == 0, followed.stderr
            whole = run(*follow[:4], "--manager", url).stdout
            assert followed.stdout == whole != ""
            command = [*FLAMENCO, "job", "log", endless.id, "sleep", "--follow", "--manager", url]
            with ExitStack() as stack:
                crowd = [stack.enter_context(open_child(command)) for _ in range(FOLLOWERS)]
                for process in crowd:
                    assert process.stdout.readline(), process.stderr.read()
                    process.send_signal(signal.SIGINT)
                for process in crowd:
                    _, complaint = process.communicate(timeout=PATIENCE)
                    assert (process.returncode, complaint) == (130, "")
