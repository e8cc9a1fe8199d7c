"""The strip of a job, in a real Chromium: frames are pointed at, selected, requeued and failed."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager, running_worker, submit
from tests.e2e.test_browser import browser_page, photograph, point_at
from tests.web.test_frames import CHUNK, CHUNK_JOB, FRAMES, FRAMES_JOB

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The URL of a Manager."""
    with running_manager(tmp_path_factory.mktemp("farm") / "storage") as url:
        yield url


def drag(page: Page, first: int, last: int, of: int) -> None:
    point_at(page, first, of)
    page.mouse.down()
    point_at(page, last, of)
    page.mouse.up()


def test_frames_of_chunks_are_selected_by_dragging_failed_and_requeued_by_keys(farm):
    job = submit(farm, **CHUNK_JOB | {"settings": CHUNK | {"frames": "1-120"}})
    with browser_page(f"{farm}app/jobs/{job}") as page:
        counts = page.get_by_test_id("strip-counts")
        expect(counts).to_have_text("120 to do")
        drag(page, 4, 1, of=120)
        selection = page.get_by_test_id("strip-selection")
        expect(selection).to_contain_text("Frame 2 to Frame 5")
        expect(selection).to_contain_text("in 2 tasks")
        photograph(page, "strip-selection.png")
        selection.get_by_role("button", name="Fail").click()
        page.get_by_role("textbox", name="Reason").fill("the light is wrong")
        page.get_by_test_id("confirm").click()
        expect(counts).to_have_text("6 failed, 114 to do")
        expect(page.get_by_test_id("failure")).to_contain_text("the light is wrong")

        strip = page.get_by_test_id("strip")
        strip.focus()
        page.keyboard.press("Home")
        expect(strip).to_have_attribute("aria-valuetext", "Frame 1: Failed")
        page.keyboard.press("Shift+ArrowRight")
        expect(selection).to_contain_text("Frame 1 to Frame 2")
        page.keyboard.press("r")
        expect(counts).to_have_text("117 to do, 3 failed")
        page.keyboard.press("Escape")
        expect(selection).to_have_count(0)


def test_ten_thousand_frames_have_a_strip_that_is_zoomed_to_a_cell_each(farm):
    job = submit(farm, **FRAMES_JOB | {"settings": FRAMES | {"frames": "1-10000"}})
    with browser_page(f"{farm}app/jobs") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{farm}app/jobs/{job}")
        expect(page.get_by_test_id("strip-counts")).to_have_text("10000 to do")
        expect(page.get_by_test_id("frame").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        parts = [re.search(r"/frames\?first=(\d+)&last=(\d+)", url) for url in asked]
        seen = [int(found[2]) - int(found[1]) + 1 for found in parts if found]
        assert 0 < sum(seen) < 1000
        assert not any(url.endswith("/frames") for url in asked)
        strip = page.get_by_test_id("strip")
        assert int(strip.get_attribute("data-parts")) > 400
        point_at(page, 1, of=4)
        expect(page.get_by_role("tooltip")).to_contain_text(re.compile(r"Frame \d+ to .* to do"))
        drag(page, 50, 52, of=100)
        selection = page.get_by_test_id("strip-selection")
        expect(selection).to_contain_text(re.compile(r"2\d\d to do"))
        chosen = int(re.search(r"· (\d+) to do", selection.text_content())[1])
        selection.get_by_role("button", name="Zoom in").click()
        expect(strip).to_have_attribute("data-parts", str(chosen))
        photograph(page, "strip-zoomed.png")
        selection.get_by_role("button", name="Show all").click()
        expect(strip).not_to_have_attribute("data-parts", str(chosen))


def test_what_is_pointed_at_shows_its_picture_time_and_worker(tmp_path):
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        output = str(tmp_path / "farm" / "shared" / "######")
        settings = FRAMES | {"frames": "1-8", "render_output_path": output}
        job = submit(url, **FRAMES_JOB | {"settings": settings})
        page.goto(f"{url}app/jobs/{job}")
        with running_worker(url, tmp_path / "anna", "anna"):
            expect(page.get_by_test_id("strip-counts")).to_have_text("8 done")
        point_at(page, 2, of=8)
        tip = page.get_by_role("tooltip")
        expect(tip).to_contain_text(re.compile(r"Frame 3: Done, [\d.]+ s, anna"))
        assert tip.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
        photograph(page, "strip-tip.png")
        page.evaluate("document.querySelector('.overview').style.marginTop = '200px'")
        expect(tip).to_have_count(0)
        page.evaluate("document.querySelector('.overview').style.marginTop = ''")
        expect(tip).to_contain_text("Frame 3: Done")
        drag(page, 2, 4, of=8)
        page.get_by_role("button", name="Look at").click()
        viewer = page.get_by_test_id("viewer")
        expect(viewer).to_contain_text("Frame 3")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(viewer).to_contain_text("Frame 5")
        expect(viewer.get_by_role("button", name="Next frame")).to_be_disabled()
