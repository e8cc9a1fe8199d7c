"""A Manager's first run: it waits to be set up, and then starts anew without ending."""

import httpx
import pytest

from tests.e2e.running import READY, started
from tests.patience import PATIENCE

BLENDER = {"input": "", "path": "", "source": "default", "is_usable": True, "cause": ""}


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--setup-assistant",)])
def test_a_manager_without_a_shared_storage_is_set_up_and_starts_anew(tmp_path, options):
    farm, old = tmp_path / "farm", tmp_path / "old"
    farm.mkdir()
    old.mkdir()
    if options:
        text = f"_meta: {{version: 3}}\n# ours\nshared_storage_path: {old}\n"
        (tmp_path / "flamenco-manager.yaml").write_text(text)
    command = ("manager", "--listen", "127.0.0.1:0", *options)
    with started(*command, log=tmp_path / "log", cwd=tmp_path) as process:
        url = process.stdout.readline().removeprefix(READY).strip()
        with httpx.Client(base_url=f"{url}api/v3", timeout=PATIENCE) as http:
            before = http.get("/configuration").json()
            assert before["isFirstRun"] is True
            assert before["shamanEnabled"] is False
            answers = {"storageLocation": str(farm), "blenderExecutable": BLENDER}
            assert http.post("/configuration/setup-assistant", json=answers).status_code == 204
            assert process.stdout.readline().removeprefix(READY).strip() == url
            after = http.get("/configuration").json()
        assert after["isFirstRun"] is False
        assert after["shamanEnabled"] is True
        assert after["storageLocation"] == str(farm / "jobs")
    assert process.returncode == 0
    assert ("# ours" in (tmp_path / "flamenco-manager.yaml").read_text()) is bool(options)
    assert "there is no shared storage yet" in (tmp_path / "log").read_text()
