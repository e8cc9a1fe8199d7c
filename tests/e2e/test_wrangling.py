"""A wrangler's work with jobs, Workers and tags on the page, in two windows of a real Chromium."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager, running_worker, submit
from tests.e2e.test_browser import MILLISECONDS, browser_page, photograph
from tests.patience import PATIENCE

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


def blocklisted(url: str, job: str) -> None:
    """Have a Worker take a task of a job and ask for no more of its kind: the job fails."""
    worker = {"name": "bert", "platform": "linux", "supported_task_types": ["misc"]}
    with httpx.Client(base_url=f"{url}api/v3/worker/", timeout=PATIENCE) as http:
        answer = http.post("register-worker", json={**worker, "secret": "secret"})
        http.auth = (answer.json()["uuid"], "secret")
        http.post("sign-on", json={**worker, "software_version": "4"})
        http.post("state-changed", json={"status": "awake"})
        task = http.post("task").json()
        assert task["job"] == job
        reason = {"reason": "no license here"}
        answer = http.post(f"task/{task['uuid']}/request-blocklisting", json=reason)
        assert answer.status_code == 204


def test_jobs_are_unblocked_archived_and_deleted_before_the_eyes_of_others(tmp_path):
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        hello = {"type": "echo-sleep-test", "settings": {"message": "hi"}}
        jobs = [submit(url, name="First", **hello)]
        blocklisted(url, jobs[0])
        jobs += [submit(url, name=name, **hello) for name in ("Second", "Third")]
        first, second, third = (
            page.locator(f"[data-testid=job-row][data-job-id='{job}']") for job in jobs
        )
        other = another_window(page, f"{url}app/jobs/{jobs[0]}")
        other.get_by_role("tab", name="Blocklist").click()
        blocked = other.get_by_role("link", name="bert")
        expect(blocked).to_be_visible()
        expect(other.get_by_text("no license here", exact=True)).to_be_visible()

        first.click()
        page.get_by_role("tab", name="Blocklist").click()
        expect(first).to_have_attribute("data-status", "failed")
        page.get_by_role("button", name="Unblock bert for misc").click()
        expect(blocked).to_have_count(0)

        pane = page.get_by_role("region", name="Job", exact=True)
        pane.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Keep from clean-up").click()
        expect(other.get_by_test_id("kept")).to_be_visible()
        pane.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Archive").click()
        expect(other.get_by_test_id("archived")).to_be_visible()
        expect(first).to_have_count(0)
        page.get_by_role("button", name="Archive").click()
        expect(first).to_be_visible()
        expect(second).to_have_count(0)
        photograph(page, "archive.png")
        pane.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Bring back").click()
        expect(first).to_have_count(0)

        page.get_by_role("button", name="Archive").click()
        second.click()
        first.click(modifiers=["Control"])
        more = page.get_by_role("region", name="Jobs").get_by_role("button", name="More")
        more.click()
        page.get_by_role("menuitem", name="Delete").click()
        question = page.get_by_role("alertdialog")
        expect(question).to_contain_text("Delete 2 jobs?")
        expect(question).to_contain_text("their Shaman checkouts unless")
        photograph(page, "job-deletion.png")
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_role("menuitem", name="Delete").click()
        question.get_by_test_id("confirm").click()
        expect(other.get_by_test_id("job-gone")).to_contain_text("“First” is deleted")
        expect(second).to_have_count(0)
        expect(first).to_have_count(0)
        expect(third).to_be_visible()
