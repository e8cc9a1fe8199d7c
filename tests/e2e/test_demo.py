"""`flamenco demo`: frames and a video from nothing, and nothing left behind."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.running import FLAMENCO, get, run, running_manager, wait_for
from tests.patience import PATIENCE
from tests.programs import marked_environment, need, wait_until_gone

pytestmark = pytest.mark.slow


def outcome_of(result: subprocess.CompletedProcess[str]) -> dict:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def check_frames_and_video(outcome: dict) -> None:
    assert outcome["status"] == "completed"
    assert len(outcome["frames"]) == 24
    pictures = set()
    for path in outcome["frames"]:
        with Image.open(path) as picture:
            assert picture.size == (320, 180)
            pictures.add(picture.convert("RGB").tobytes())
    assert len(pictures) == 24
    video = Path(outcome["video"])
    assert video.stat().st_size > 5_000
    probe = [need("ffmpeg"), "-v", "error", "-i", str(video), "-f", "null", "-"]
    assert subprocess.run(probe, check=True, capture_output=True).stderr == b""


def check_pictures(storage: Path, job: str) -> None:
    with running_manager(storage) as url:
        frames = get(f"{url}api/v3/jobs/{job}/frames").json()["frames"]
        assert [each["frame"] for each in frames] == [*range(1, 25)]
        for (picture,) in (each["pictures"] for each in frames):
            for size in ("small", "large"):
                content = get(url.rstrip("/") + picture[size]).content
                Image.open(io.BytesIO(content), formats=("JPEG",)).load()


def without(program: str, tmp_path: Path) -> str:
    """A PATH on which a program isn't found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("ffmpeg", "sh", "env"):
        if name != program and (found := shutil.which(name)):
            (folder / name).symlink_to(found)
    return str(folder)


def test_blender_renders_24_frames_and_ffmpeg_makes_the_video(tmp_path):
    need("blender")
    need("ffmpeg")
    environment = marked_environment()
    command = ("demo", "--storage", tmp_path, "--no-browser", "--exit")
    outcome = outcome_of(run(*command, seconds=600, env=environment))
    assert outcome["type"] == "simple-blender-render"
    assert outcome["seconds"] > 0
    check_frames_and_video(outcome)
    check_pictures(tmp_path, outcome["job"])
    assert wait_until_gone(environment) == []


def test_without_blender_it_says_so_and_draws_test_frames(tmp_path):
    environment = marked_environment(PATH=without("blender", tmp_path))
    storage = tmp_path / "storage"
    command = ("demo", "--storage", storage, "--no-browser", "--exit", "--workers", 3)
    result = run(*command, seconds=300, env=environment)
    outcome = outcome_of(result)
    assert "No Blender found" in result.stderr
    assert outcome["type"] == "test-frames"
    check_frames_and_video(outcome)
    check_pictures(storage, outcome["job"])
    assert wait_until_gone(environment) == []


def start_demo(tmp_path: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A demo in the middle of its work, and the environment of all its processes."""
    environment = marked_environment(PATH=without("blender", tmp_path))
    storage = tmp_path / "storage"
    process = subprocess.Popen(
        [*FLAMENCO, "demo", "--storage", str(storage), "--no-browser"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(storage.glob("shared/jobs/demo/*/*.png")))
    return process, environment


def children_named(environment: dict[str, str], word: str) -> list[int]:
    """Ids of the demo's processes with a word in their command line, launchers left out."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes().decode().split("\0")
            marked = environment["FLAMENCO_TEST_MARK"] in (process / "environ").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if marked and line[1:4] == ["-m", "flamenco", word]:
            found.append(int(process.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_demo_is_the_end_of_all_its_processes(tmp_path, number):
    process, environment = start_demo(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert wait_until_gone(environment) == []
    assert process.returncode == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    assert "Traceback" not in errors


def test_a_crash_of_the_manager_ends_the_demo_with_a_sentence(tmp_path):
    process, environment = start_demo(tmp_path)
    (manager,) = children_named(environment, "manager")
    os.kill(manager, signal.SIGKILL)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "the Manager ended with status 137" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert wait_until_gone(environment) == []


def test_it_stays_until_ctrl_c_and_then_ends_well(tmp_path):
    process, environment = start_demo(tmp_path)
    said = ""
    while "stays up" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert wait_until_gone(environment) == []


def test_importing_the_command_needs_no_display_and_no_network():
    code = "from flamenco.cli import demo, manager, submit, worker; import sys"
    code += "; sys.exit('bpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
