"""A new farm that others reach asks who one is, and goes on asking."""

import httpx
import pytest

from flamenco.cli.manager import FIRST_OPERATOR, SAID_OF
from flamenco.model.access import Danger
from tests.e2e.running import READY, started
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
