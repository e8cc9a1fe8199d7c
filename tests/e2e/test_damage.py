"""A running Manager whose database is damaged ends, and says why it won't start again."""

import pytest

from tests.e2e.running import READY, running_manager, started
from tests.patience import PATIENCE
from tests.store.test_upgrades import overwrite

CONFIG = "_meta: {version: 3}\ndatabase_check_period: 1s\n"

pytestmark = pytest.mark.slow


def test_damage_that_is_found_beside_the_work_ends_the_process_with_a_sentence(tmp_path):
    (tmp_path / "flamenco-manager.yaml").write_text(CONFIG)
    with running_manager(tmp_path):
        pass  # it leaves a database that is whole in its own file
    options = ("manager", "--storage", tmp_path, "--listen", "127.0.0.1:0", "--no-discoverable")
    log = tmp_path / "manager.log"
    with started(*options, log=log, cwd=tmp_path) as process:
        assert process.stdout.readline().startswith(READY)
        overwrite(tmp_path / "flamenco-manager.sqlite", "tags", b"\xff" * 100)
        assert process.wait(PATIENCE) == 1
    last = log.read_text().splitlines()[-1]
    assert last.startswith("flamenco: the Manager has ended and won't start again: ")
    assert "flamenco-manager.sqlite is damaged" in last
