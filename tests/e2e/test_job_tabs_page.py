"""What is told of a job in the tabs of its pane, in a real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager, running_worker, submit, wait_for
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph
from tests.web.test_frames import FRAMES, FRAMES_JOB

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def look(page: Page, name: str) -> None:
    """Photograph what is shown, and look for what not everybody can read, in both themes."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        photograph(page, f"tab-{name}-{theme}.png")
        assert violations(page) == []


def pointed(page: Page) -> bool:
    """True once an attempt of the timeline is under the mouse."""
    canvas = page.get_by_test_id("timeline").locator("canvas")
    canvas.hover(position={"x": canvas.bounding_box()["width"] - 2, "y": 12})
    return page.get_by_test_id("timeline").get_by_role("tooltip").is_visible()


def test_the_tabs_of_a_job_tell_who_did_what_when_and_how_long_it_took(tmp_path):
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        output = str(tmp_path / "farm" / "shared" / "######")
        settings = FRAMES | {"frames": "1-8", "render_output_path": output}
        job = submit(url, **FRAMES_JOB | {"settings": settings})
        page.goto(f"{url}app/jobs/{job}?tab=timeline")
        expect(page.get_by_text("No Worker has begun a task of this job yet.")).to_be_visible()
        with running_worker(url, tmp_path / "anna", "anna"):
            status = page.get_by_test_id("job-status")
            expect(status).to_have_attribute("data-status", "completed")

        timeline = page.get_by_test_id("timeline")
        expect(timeline).to_have_attribute("data-attempts", re.compile(r"[89]"))
        wait_for(lambda: pointed(page))
        expect(timeline.get_by_role("tooltip")).to_contain_text(re.compile(r"attempt 1: .*, anna"))
        look(page, "timeline")
        wait_for(lambda: pointed(page))
        page.mouse.down(button="right")
        page.mouse.up(button="right")
        timeline.get_by_role("button", name="Zoom in").click()
        timeline.get_by_role("button", name="Show all").click()
        expect(page).to_have_url(re.compile(rf"jobs/{job}\?tab=timeline$"))
        wait_for(lambda: pointed(page))
        page.mouse.down()
        page.mouse.up()
        expect(page).to_have_url(re.compile(rf"jobs/{job}/[0-9a-f-]{{36}}"))
        page.go_back()

        page.get_by_role("tab", name="Workers").click()
        expect(page.get_by_test_id("job-worker")).to_contain_text("anna8")
        look(page, "workers")

        page.get_by_role("tab", name="Statistics").click()
        times = page.get_by_test_id("frame-times")
        expect(times).to_have_attribute("data-points", "8")
        expect(page.get_by_test_id("statistics")).to_contain_text("Median")
        look(page, "statistics")
        times.locator(".u-over").click()
        viewer = page.get_by_test_id("viewer")
        expect(viewer).to_contain_text(re.compile(r"Frame [45]"))
        page.keyboard.press("Escape")
        expect(viewer).to_have_count(0)

        page.get_by_role("tab", name="History").click()
        history = page.get_by_test_id("job-history")
        expect(history.locator("li").first).to_contain_text("Completed")
        expect(history.locator("li").last).to_contain_text("Submitted by a script")
        look(page, "history")
        page.get_by_role("button", name="Requeue").first.click()
        expect(history).to_contain_text("Asked for a status on the page")

        page.get_by_role("tab", name="Files").click()
        expect(page.get_by_test_id("job-paths")).to_contain_text("Render output path")
        page.set_viewport_size({"width": 420, "height": 860})
        look(page, "files-phone")


def test_the_steps_of_a_job_are_a_graph_and_each_opens_its_tasks(tmp_path):
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        output = str(tmp_path / "farm" / "shared" / "######")
        settings = FRAMES | {"frames": "1-12", "render_output_path": output}
        job = submit(url, **FRAMES_JOB | {"settings": settings})
        page.goto(f"{url}app/jobs/{job}?tab=steps")
        render, video = (page.get_by_test_id("step").nth(place) for place in (0, 1))
        expect(render).to_contain_text("0 of 12 tasks")
        expect(video).to_contain_text("After render-#")
        assert video.bounding_box()["x"] > render.bounding_box()["x"]
        look(page, "steps")
        render.get_by_role("link").click()
        expect(page.get_by_test_id("task-row")).to_have_count(12)
        expect(page).to_have_url(re.compile(r"task-step=render-%23"))
        page.get_by_test_id("step-filter").click()
        expect(page.get_by_test_id("task-row")).to_have_count(13)
        page.set_viewport_size({"width": 420, "height": 844})
        page.goto(f"{url}app/jobs/{job}?tab=steps")
        expect(video).to_be_visible()
        photograph(page, "steps-phone.png")
