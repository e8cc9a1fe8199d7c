"""The viewer of frames in a real Chromium: zoom, comparison with other attempts, and the video."""

import base64
import io
import re

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.running import get, running_manager, running_worker, submit, wait_for
from tests.e2e.test_browser import browser_page, photograph
from tests.patience import PATIENCE
from tests.web.test_frames import FRAMES, FRAMES_JOB
from tests.web.test_pictures import picture
from tests.web.test_worker_calls import REGISTRATION, SECRET, SIGN_ON

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """A Manager and a job of six frames, the third of which was rendered twice."""
    folder = tmp_path_factory.mktemp("farm") / "storage"
    with running_manager(folder) as url, running_worker(url, folder / "anna", "anna"):
        output = {"frames": "1-6", "render_output_path": str(folder / "######")}
        job = submit(url, **FRAMES_JOB | {"settings": FRAMES | output})
        wait_for(lambda: [each["attempt"] for each in frames(url, job)] == [1] * 6)
        wait_for(lambda: all(each["pictures"] for each in frames(url, job)))
        again = {"status": "queued", "reason": "the light was wrong"}
        task = frames(url, job)[2]["task"]
        httpx.post(f"{url}api/v3/tasks/{task}/setstatus", json=again, timeout=PATIENCE)
        wait_for(lambda: frames(url, job)[2]["pictures"][0]["lease"] == 2)
        wait_for(lambda: {each["state"] for each in frames(url, job)} == {"done"})
        yield url, job


MIDDLE = """video => {
    const canvas = document.createElement("canvas")
    const drawn = canvas.getContext("2d")
    drawn.drawImage(video, 0, 0)
    return [...drawn.getImageData(50, 50, 1, 1).data.slice(0, 3)]
}"""
"""The colour of a point of a video: red, green, blue."""


def frames(url, job):
    return get(f"{url}api/v3/jobs/{job}/frames").json()["frames"]


def test_a_frame_is_compared_with_its_earlier_attempt_and_its_neighbours(farm):
    url, job = farm
    with browser_page(f"{url}app/jobs/{job}?frame=3") as page:
        viewer = page.get_by_test_id("viewer")
        expect(viewer).to_contain_text("Frame 3")
        page.keyboard.press("c")
        compared = page.get_by_test_id("compared")
        expect(compared).to_have_attribute("alt", re.compile("Attempt 1"))
        old = compared.get_attribute("src")
        assert old != viewer.get_by_alt_text("Frame 3").get_attribute("src")
        photograph(page, "compare-slider.png")
        viewer.get_by_label("Compare with").select_option(label="Frame 2")
        expect(compared).to_have_attribute("alt", "Frame 2")
        page.keyboard.press("Escape")
        expect(viewer).to_have_count(0)
        page.goto(f"{url}app/jobs/{job}?frame=3")
        expect(viewer).to_contain_text("Frame 3")
        page.keyboard.press("c")
        page.keyboard.press("s")
        expect(page.get_by_label("Where the compared picture ends")).to_have_count(0)
        left, right = compared.bounding_box(), viewer.get_by_alt_text("Frame 3").bounding_box()
        assert left["x"] + left["width"] <= right["x"] + 3
        photograph(page, "compare-beside.png")


def test_a_picture_is_zoomed_at_the_pointer_and_moved(farm):
    url, job = farm
    with browser_page(f"{url}app/jobs/{job}?frame=3") as page:
        stage = page.get_by_test_id("stage")
        picture = stage.get_by_alt_text("Frame 3")
        expect(picture).to_be_visible()
        before = picture.bounding_box()
        x, y = before["x"] + before["width"] / 4, before["y"] + before["height"] / 4
        page.mouse.move(x, y)
        page.mouse.wheel(0, -400)
        expect(stage).not_to_have_attribute("data-scale", "1")
        after = picture.bounding_box()
        assert after["width"] > before["width"] * 2
        assert after["x"] + after["width"] / 4 == pytest.approx(x, abs=2)
        page.mouse.down()
        page.mouse.move(x + 60, y + 30)
        page.mouse.up()
        moved = picture.bounding_box()
        assert moved["x"] - after["x"] == pytest.approx(60, abs=2)
        photograph(page, "viewer-zoomed.png")
        page.keyboard.press("z")
        expect(stage).to_have_attribute("data-scale", "1")


def test_the_video_of_a_job_is_made_and_played(farm):
    url, job = farm
    with browser_page(f"{url}app/jobs/{job}?frame=1") as page:
        viewer = page.get_by_test_id("viewer")
        viewer.get_by_role("button", name="Video").click()
        video = viewer.locator("video")
        expect(video).to_be_visible()
        page.wait_for_function("document.querySelector('video').duration > 0")
        assert video.evaluate("video => video.duration") == pytest.approx(6 / 24, abs=0.1)
        page.keyboard.press("v")
        expect(video).to_have_count(0)
        expect(page.get_by_test_id("stage")).to_be_visible()


def test_the_video_names_its_own_frames_while_a_selection_is_looked_at(farm):
    url, job = farm
    with browser_page(f"{url}app/jobs/{job}") as page:
        page.get_by_test_id("strip").focus()
        page.keyboard.press("End")
        page.keyboard.press("Shift+ArrowLeft")
        page.get_by_role("button", name="Look at").click()
        heading = page.get_by_test_id("viewer").get_by_role("heading")
        expect(heading).to_have_text("Frame 5")
        page.keyboard.press("v")
        video = page.locator("video")
        expect(video).to_be_visible()
        page.wait_for_function("document.querySelector('video').duration > 0")
        video.evaluate("video => { video.pause(); video.currentTime = 1.5 / 24 }")
        expect(heading).to_have_text("Frame 2")
        page.keyboard.press("v")
        expect(video).to_have_count(0)
        expect(heading).to_have_text("Frame 5")


def test_what_is_missing_is_played_as_missing(farm):
    url, _ = farm
    held = {"name": "later", "metadata": {}, "initial_status": "paused"}
    settings = {"settings": FRAMES | {"frames": "5-8"}}
    job = submit(url, **FRAMES_JOB | settings | held)
    with browser_page(f"{url}app/jobs/{job}?frame=5") as page:
        viewer = page.get_by_test_id("viewer")
        expect(viewer).to_contain_text("There is no picture of this frame yet")
        viewer.get_by_role("button", name="Play").click()
        expect(viewer).to_contain_text("Frame 8")
        expect(viewer.get_by_role("button", name="Play")).to_be_visible()
        photograph(page, "viewer-missing.png")


def filled(colour, size):
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "JPEG")
    return base64.b64encode(made.getvalue()).decode()


def say(worker, path, body):
    assert worker.post(path, json=body).is_success


@pytest.fixture
def scenes(tmp_path):
    """A Manager, and a job whose only frame has a picture of each of two scenes."""
    with running_manager(tmp_path / "storage") as url:
        output = {"frames": "1", "render_output_path": str(tmp_path / "######")}
        job = submit(url, **FRAMES_JOB | {"settings": FRAMES | output})
        client = httpx.Client(base_url=f"{url}api/v3/worker/", timeout=PATIENCE)
        with client as worker:
            anna = REGISTRATION | {"name": "anna"}
            worker.auth = (worker.post("register-worker", json=anna).json()["uuid"], SECRET)
            say(worker, "sign-on", SIGN_ON | {"name": "anna"})
            say(worker, "state-changed", {"status": "awake"})
            task = worker.post("task").json()["uuid"]
            for scene, colour in (("Day", "yellow"), ("Night", "blue")):
                large, small = filled(colour, (600, 338)), filled(colour, (200, 112))
                said = picture(1, output=scene, large=large, small=small)
                say(worker, f"task/{task}/picture", said)
            yield url, job


def test_the_video_shows_one_scene_of_several(scenes):
    url, job = scenes
    with browser_page(f"{url}app/jobs/{job}?frame=1") as page:
        viewer = page.get_by_test_id("viewer")
        expect(viewer.get_by_alt_text("Frame 1")).to_be_visible()
        viewer.get_by_role("button", name="Video").click()
        shown = []
        for scene in ("Day", "Night"):
            viewer.get_by_label("Output").select_option(scene)
            video = viewer.locator(f"video[src*='output={scene}']")
            expect(video).to_be_visible()
            page.wait_for_function("document.querySelector('video')?.readyState >= 2")
            shown.append(video.evaluate(MIDDLE))
        photograph(page, "video-of-a-scene.png")
        (red, _, _), (_, _, blue) = shown
        assert red > 200
        assert blue > 200
