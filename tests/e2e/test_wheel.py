"""The wheel holds all there is: page and add-on too, away from any checkout."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.e2e.running import get
from tests.programs import need

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_a_built_wheel_starts_a_manager_with_page_and_addon(tmp_path):
    uv = need("uv")
    subprocess.run([uv, "build", "--wheel", "-q", "-o", str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"actors", "flamenco", "web", "worker"}
    assert not any(name.startswith("web/app/") for name in names)
    environment = tmp_path / "venv"
    subprocess.run([uv, "venv", "-q", str(environment)], check=True, cwd=tmp_path)
    python = environment / "bin" / "python"
    install = [uv, "pip", "install", "-q", "-p", str(python), str(wheel)]
    subprocess.run(install, check=True, cwd=tmp_path)
    command = [environment / "bin" / "flamenco", "manager", "--storage", tmp_path / "farm"]
    with subprocess.Popen(
        [*map(str, command), "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    ) as manager:
        try:
            url = manager.stdout.readline().split()[-1]
            page = get(url, follow_redirects=True)
            assert page.status_code == 200
            assert "<div id=" in page.text
            addon = get(f"{url}flamenco-addon.zip")
            assert addon.content[:2] == b"PK"
            types = get(f"{url}api/v3/jobs/types").json()["job_types"]
            assert "simple-blender-render" in [each["name"] for each in types]
        finally:
            manager.terminate()
