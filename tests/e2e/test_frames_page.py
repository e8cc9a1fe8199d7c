"""The frames of a job as people look at them, in a real Chromium: strip, contact sheet, viewer."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.running import running_manager, running_worker, submit
from tests.e2e.test_browser import browser_page, click_cell, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

COUNT_ADDRESSES = """() => {
    const replaceState = history.replaceState.bind(history)
    window.addresses = 0
    history.replaceState = (...given) => { window.addresses += 1; replaceState(...given) }
}"""


def test_the_contact_sheet_fills_while_frames_are_rendered_and_each_is_looked_at(tmp_path):
    frames = str(tmp_path / "farm" / "shared" / "jobs" / "out" / "######")
    settings = {"frames": "11-22", "render_output_path": frames, "fps": 24.0}
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        page.emulate_media(color_scheme="dark")
        job = submit(url, name="Twelve frames", type="test-frames", settings=settings)
        page.goto(f"{url}app/jobs/{job}")
        sheet = page.get_by_test_id("contact-sheet")
        expect(sheet.get_by_test_id("frame")).to_have_count(12)
        expect(sheet.locator("img")).to_have_count(0)
        expect(page.get_by_test_id("strip-counts")).to_have_text("12 to do")
        with running_worker(url, tmp_path / "anna", "anna"):
            expect(sheet.locator("img")).to_have_count(12)
            expect(sheet.locator("[data-status=done]")).to_have_count(12)
            expect(page.get_by_test_id("strip-counts")).to_have_text("12 done")
        sheet.locator("[data-frame='13']").scroll_into_view_if_needed()
        photograph(page, "sheet-dark.png")

        sheet.locator("[data-frame='13']").click()
        viewer = page.get_by_test_id("viewer")
        expect(viewer).to_contain_text("Frame 13")
        picture = viewer.locator("img")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        thirteen = picture.get_attribute("src")
        photograph(page, "viewer-dark.png")
        page.keyboard.press("ArrowRight")
        expect(viewer).to_contain_text("Frame 14")
        expect(page).to_have_url(re.compile("frame=14"))
        assert picture.get_attribute("src") != thirteen
        viewer.get_by_role("button", name="100 %").focus()
        page.keyboard.press("Space")
        expect(viewer.get_by_role("button", name="Fit")).to_be_visible()
        expect(viewer.get_by_role("button", name="Play")).to_be_visible()
        page.evaluate(COUNT_ADDRESSES)
        viewer.get_by_role("button", name="Play").click()
        expect(viewer).to_contain_text("Frame 22")
        expect(page).to_have_url(re.compile("frame=22"))
        assert page.evaluate("window.addresses") == 1
        page.keyboard.press("Escape")
        expect(viewer).to_have_count(0)

        click_cell(page, 11, of=12)
        expect(viewer).to_contain_text("Frame 22")
        expect(viewer.get_by_role("button", name="Next frame")).to_be_disabled()
        viewer.get_by_role("link", name="Task").click()
        expect(viewer).to_have_count(0)
        expect(page.get_by_test_id("task-status")).to_have_attribute("data-status", "completed")
        page.emulate_media(color_scheme="light")
        photograph(page, "sheet-and-task-light.png")
        page.set_viewport_size({"width": 420, "height": 844})
        page.goto(f"{url}app/jobs/{job}")
        expect(sheet.get_by_test_id("frame").first).to_be_visible()
        photograph(page, "sheet-phone.png")
