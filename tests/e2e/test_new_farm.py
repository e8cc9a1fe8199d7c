"""A new farm that others reach asks who one is, and goes on asking."""

import httpx
import pytest

from flamenco.cli.manager import FIRST_OPERATOR, SAID_OF
from flamenco.model.access import Danger
from tests.e2e.running import READY, started, wait_for
from tests.patience import PATIENCE


def me(url: str):
    return httpx.get(f"{url}api/v3/access/me", timeout=PATIENCE).json()


@pytest.mark.slow
def test_a_farm_that_was_begun_for_a_network_has_users_from_then_on(tmp_path):
    storage = tmp_path / "farm"
    for listen in (":0", "127.0.0.1:0"):
        log = tmp_path / listen.replace(":", "-")
        command = ("manager", "--storage", storage, "--listen", listen, "--no-discoverable")
        with started(*command, log=log, cwd=tmp_path) as process:
            url = process.stdout.readline().removeprefix(READY).strip()
            assert process.stdout.readline().startswith(FIRST_OPERATOR)
            asked = me(url)
        assert asked["mode"] == "users"
        assert ("danger" in asked) is (listen == ":0")
        assert (SAID_OF[Danger.CLEAR] in log.read_text()) is (listen == ":0")


@pytest.mark.slow
def test_workers_join_by_what_a_new_farm_prints(tmp_path):
    log = tmp_path / "worker.log"
    farm = ("manager", "--storage", tmp_path, "--listen", ":0", "--no-discoverable")
    with started(*farm, log=tmp_path / "manager.log", cwd=tmp_path) as manager:
        url = manager.stdout.readline().removeprefix(READY).strip()
        said = [manager.stdout.readline() for _ in range(2)][-1].split()
        token = said[said.index("--join-token") + 1]
        worker = ("worker", "--manager", url, "--home", tmp_path / "w", "--join-token", token)
        with started(*worker, log=log, cwd=tmp_path):
            wait_for(lambda: "The Worker is awake" in log.read_text())
