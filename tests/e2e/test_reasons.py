"""Artists read why a job failed, and what may be wrong with one that did not."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.running import run, running_manager, running_worker
from tests.e2e.test_browser import browser_page
from tests.jobtypes.rendering import make_scene
from tests.worker.commands.test_silent_failures import TEXTURE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The URL of a Manager that has a Worker."""
    folder = tmp_path_factory.mktemp("farm")
    with running_manager(folder / "storage") as url, running_worker(url, folder / "home", "anna"):
        yield url


def submit(farm, file, *options):
    return run("submit", file, "--manager", farm, "--frames", "1", "--wait", *options, seconds=180)


def test_a_job_that_fails_says_which_task_why_and_how_its_log_ends(farm, tmp_path):
    file = make_scene(tmp_path / "no-camera.blend", "scene.camera = None")
    done = submit(farm, file)
    assert done.returncode == 1
    assert "task render-1: Failed: " in done.stderr
    assert "the scene has no camera" in done.stderr
    assert "no other worker can mend that" in done.stderr
    shown = run("job", "show", done.stdout.strip(), "--manager", farm)
    assert "the scene has no camera" in shown.stderr
    log = run("job", "log", done.stdout.strip(), "--manager", farm)
    assert "Cannot render, no camera" in log.stdout


def test_a_scene_that_is_not_there_is_named_and_not_replaced(farm, tmp_path):
    file = make_scene(tmp_path / "shot.blend", "scene.cycles.samples = 1")
    done = submit(farm, file, "--setting", "scene=No Such", "--output", tmp_path / "out")
    assert done.returncode == 1
    assert "no scene 'No Such'" in done.stderr
    assert not [*(tmp_path / "out").rglob("*.png")]


def test_a_missing_texture_stands_on_the_job_with_its_name(farm, tmp_path):
    file = make_scene(tmp_path / "wood.blend", TEXTURE)
    done = submit(farm, file)
    assert done.returncode == 0, done.stderr
    shown = run("job", "show", done.stdout.strip(), "--manager", farm)
    assert f"missing file {tmp_path}/not-here/texture.png" in shown.stdout
    told = json.loads(run("job", "show", done.stdout.strip(), "--json", "--manager", farm).stdout)
    assert told["warnings"] == [f"missing file {tmp_path}/not-here/texture.png"]


def test_the_page_names_the_missing_texture_on_the_job_and_on_its_task(farm, tmp_path):
    job = submit(farm, make_scene(tmp_path / "oak.blend", TEXTURE)).stdout.strip()
    with browser_page(f"{farm}app/jobs/{job}") as page:
        missing = f"missing file {tmp_path}/not-here/texture.png"
        expect(page.get_by_test_id("job-warning")).to_contain_text(missing)
        page.get_by_role("tab", name="Tasks").click()
        page.get_by_test_id("task-row").first.click()
        expect(page.get_by_test_id("task-warning")).to_contain_text(missing)


def test_a_file_output_node_that_writes_elsewhere_is_told_before_the_job_is_sent(farm, tmp_path):
    script = f"""
node = scene.node_tree.nodes.new("CompositorNodeOutputFile")
node.name, node.base_path = "Depth", {str(tmp_path / "depth")!r}
"""
    file = make_scene(tmp_path / "depth.blend", f"scene.use_nodes = True{script}")
    done = submit(farm, file)
    assert f"warning: the File Output node 'Depth' writes to {tmp_path}/depth" in done.stderr
    inside = submit(farm, file, "--output", tmp_path)
    assert "File Output" not in inside.stderr


def test_an_odd_name_and_its_video_stay_below_the_root(farm, tmp_path):
    file = make_scene(tmp_path / "shot.blend", "scene.cycles.samples = 1")
    root = tmp_path / "out"
    for name in ("../../up [v2] {final} %d", "/elsewhere/x", "x" * 300):
        done = submit(farm, file, "--name", name, "--output", root)
        assert done.returncode == 0, done.stderr
    assert len([*root.glob("*/*/000001.png")]) == 3
    assert len([*root.glob("*/*/*.mp4")]) == 3
    assert {each.name for each in root.iterdir()} == {
        ".._.._up [v2] _final_ %d",
        "_elsewhere_x",
        "x" * 200,
    }
