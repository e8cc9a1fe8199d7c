"""What a wrangler does with Workers and tags on the page, in two windows of a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager, running_worker, submit
from tests.e2e.test_browser import MILLISECONDS, browser_page, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def another_window(page: Page, url: str) -> Page:
    """Somebody else's page of the farm."""
    assert page.context.browser
    other = page.context.browser.new_page()
    other.set_default_timeout(MILLISECONDS)
    other.goto(url)
    return other


def test_what_is_changed_in_one_window_shows_in_the_other(tmp_path):
    with (
        running_manager(tmp_path / "farm") as url,
        browser_page(f"{url}app/tags") as page,
        running_worker(url, tmp_path / "anna", "anna"),
    ):
        other = another_window(page, f"{url}app/workers")
        other.get_by_test_id("worker-row").click()

        page.get_by_label("Name of the new tag").fill("gpu")
        page.get_by_role("button", name="Create").click()
        gpu = page.get_by_test_id("tag")
        expect(gpu).to_have_count(1)
        tag = gpu.get_attribute("data-tag-id")
        hello = {"name": "Hello", "type": "echo-sleep-test", "settings": {"message": "hi"}}
        job = submit(url, **hello, worker_tag=tag)
        other.get_by_role("switch", name="gpu").check()
        page.goto(f"{url}app/jobs/{job}")
        row = page.locator(f"[data-testid=job-row][data-job-id='{job}']")
        expect(row).to_have_attribute("data-status", "completed")

        schedule = other.get_by_test_id("sleep-schedule")
        schedule.get_by_role("button", name="Set up").click()
        schedule.get_by_label("From").fill("25:00")
        schedule.get_by_label("Time zone").fill("Mars/Base")
        schedule.get_by_role("button", name="Save").click()
        expect(schedule.get_by_role("alert")).to_contain_text("a time such as 22:30")
        schedule.get_by_label("From").fill("")
        schedule.get_by_role("button", name="Save").click()
        expect(schedule.get_by_role("alert")).to_contain_text("not 'Mars/Base'")
        photograph(other, "schedule.png")
        schedule.get_by_label("Time zone").fill("")
        expect(schedule).to_contain_text("Sleeps every day, all day")
        schedule.get_by_role("button", name="Save").click()
        page.goto(f"{url}app/workers")
        worker = page.get_by_test_id("worker-row")
        expect(worker).to_have_attribute("data-status", "asleep")
        worker.click()
        expect(page.get_by_test_id("sleep-schedule")).to_contain_text("every day, all day")

        page.goto(f"{url}app/tags")
        name = gpu.get_by_label("Name", exact=True)
        name.fill("cuda")
        name.press("Enter")
        expect(other.get_by_role("switch", name="cuda")).to_be_checked()
        gpu.get_by_role("button", name="Delete tag cuda").click()
        question = page.get_by_role("alertdialog")
        expect(question).to_contain_text("1 Worker will lose it. 1 job will lose it, too")
        photograph(page, "tag-deletion.png")
        question.get_by_test_id("confirm").click()
        expect(other.get_by_role("switch", name="cuda")).to_have_count(0)

        page.goto(f"{url}app/workers")
        anna = worker.get_attribute("data-worker-id")
        worker.click()
        page.get_by_role("button", name="Remove…").click()
        expect(question).to_contain_text("not offline but asleep")
        photograph(page, "removal.png")
        question.get_by_test_id("confirm").click()
        for window in (page, other):
            expect(window.locator(f"[data-worker-id='{anna}']")).to_have_count(0)
        expect(other.get_by_text("This Worker is gone")).to_be_visible()
        expect(worker).to_have_attribute("data-status", "awake")
