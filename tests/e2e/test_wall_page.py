"""The newest frames of the whole farm, in a real Chromium."""

import base64
import io
import re
from contextlib import closing

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.running import running_manager, shaped_manager, submit
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_needs_page import played

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def jpeg(colour: str) -> str:
    content = io.BytesIO()
    Image.new("RGB", (600, 338), colour).save(content, "JPEG")
    return base64.b64encode(content.getvalue()).decode()


def render(worker: httpx.Client, task: str, frame: int, image: str) -> None:
    sizes = {"width": 600, "height": 338, "small": image, "large": image, "newest": image}
    answer = worker.post(f"task/{task}/picture", json={"lease": 1, "frame": frame, **sizes})
    assert answer.status_code == 204


def test_the_newest_frames_come_by_themselves_and_lead_to_their_job(tmp_path):
    with shaped_manager(tmp_path / "farm") as url, closing(played(url, "anna")) as anna:
        job = submit(url, name="Shot 7", type="shaped", settings={"shape": "misc misc"})
        task = anna.post("task").json()["uuid"]
        for frame, colour in ((1, "teal"), (2, "indianred")):
            render(anna, task, frame, jpeg(colour))
        with browser_page(f"{url}app/last-rendered") as page:
            expect(page).to_have_url(f"{url}app/frames")
            frames = page.get_by_test_id("wall-frame")
            expect(frames).to_have_count(2)
            expect(frames.first).to_have_attribute("data-frame", "2")
            broken = base64.b64encode(b"\xff\xd8\xff broken").decode()
            render(anna, task, 3, broken)
            expect(frames.first).to_have_attribute("data-frame", "3")
            expect(frames.first).to_contain_text("be shown")
            for frame in range(4, 12):
                render(anna, task, frame, jpeg("goldenrod" if frame % 2 else "steelblue"))
            expect(frames).to_have_count(11)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                assert violations(page) == []
                photograph(page, f"frames-{theme}.png")
            page.get_by_role("link", name="Jobs", exact=True).last.click()
            expect(page).to_have_url(f"{url}app/frames?view=jobs")
            told = {"taskStatus": "completed"}
            assert anna.post(f"task/{task}", json=told).status_code == 204
            tile = page.get_by_test_id("wall-job")
            expect(tile).to_contain_text("Shot 7")
            expect(tile).to_contain_text("50 %")
            expect(tile.locator("img")).to_be_visible()
            photograph(page, "frames-jobs.png")
            page.set_viewport_size({"width": 420, "height": 900})
            page.go_back()
            expect(frames).to_have_count(11)
            assert page.evaluate("document.documentElement.scrollWidth") <= 420
            photograph(page, "frames-phone.png")
            frames.last.click()
            expect(page).to_have_url(re.compile(rf"jobs/{job}\?frame=1$"))


def test_a_farm_that_has_rendered_nothing_says_what_to_do(tmp_path):
    with running_manager(tmp_path / "farm") as url, browser_page(f"{url}app/frames") as page:
        nothing = page.get_by_test_id("no-frames")
        expect(nothing).to_contain_text("Nothing rendered yet")
        photograph(page, "frames-empty.png")
        nothing.get_by_role("link", name="what the farm waits for").click()
        expect(page.get_by_test_id("farm-waiting")).to_contain_text("No job waits for a Worker")
        photograph(page, "farm-empty.png")
