"""What is looked at stands in the address; what is out of reach offers nothing: a real Chromium."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager, submit, wait_for
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_needs_page import played
from tests.e2e.test_wrangling import another_window

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HELLO = {"type": "echo-sleep-test", "settings": {"message": "hi"}}


def row_of(page: Page, job: str):
    return page.locator(f"[data-testid=job-row][data-job-id='{job}']")


def test_back_and_forward_lead_where_one_was(farm):
    first, second = (submit(farm, name=name, **HELLO) for name in ("Shot 1", "Shot 2"))
    with browser_page(f"{farm}app/jobs/{first}") as page:
        row_of(page, second).click()
        expect(page).to_have_url(re.compile(f"{second}$"))
        page.get_by_label("Search jobs").fill("shot")
        expect(page).to_have_url(re.compile("q=shot"))
        there = page.url
        page.go_back()
        expect(page).to_have_url(f"{farm}app/jobs/{first}")
        expect(page.get_by_label("Search jobs")).to_have_value("")
        page.go_forward()
        expect(page).to_have_url(there)
        expect(page.get_by_label("Search jobs")).to_have_value("shot")


def test_several_selected_jobs_stand_in_the_address(farm):
    jobs = [submit(farm, name=f"Shot {number}", **HELLO) for number in range(3)]
    with browser_page(f"{farm}app/jobs") as page:
        row_of(page, jobs[0]).click()
        row_of(page, jobs[2]).click(modifiers=["Control"])
        expect(page.get_by_text("2 selected")).to_be_visible()
        expect(page).to_have_url(re.compile("selected=.*"))
        page.goto(page.url)
        expect(page.get_by_text("2 selected")).to_be_visible()
        for job, is_selected in zip(jobs, ("true", "false", "true"), strict=True):
            expect(row_of(page, job)).to_have_attribute("aria-selected", is_selected)
        row_of(page, jobs[1]).click()
        expect(page.get_by_text("2 selected")).to_have_count(0)
        expect(page).not_to_have_url(re.compile("selected="))
        expect(page).to_have_url(re.compile(jobs[1]))


def test_panes_keep_their_width(farm):
    job = submit(farm, name="Wide", **HELLO)
    with browser_page(f"{farm}app/jobs/{job}") as page:
        expect(page.get_by_role("heading", name="Wide")).to_be_visible()
        panes = page.get_by_role("region", name="Jobs")
        edge = page.get_by_role("separator", name="Width of the list")
        before = panes.bounding_box()["width"]
        edge.focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        wait_for(lambda: panes.bounding_box()["width"] > before + 100)
        wide = panes.bounding_box()["width"]
        page.reload()
        expect(page.get_by_role("heading", name="Wide")).to_be_visible()
        wait_for(lambda: panes.bounding_box()["width"] == pytest.approx(wide, abs=3))
        photograph(page, "panes-wide.png")
        page.get_by_role("tab", name="Tasks").click()
        page.get_by_test_id("task-row").first.click()
        expect(page.get_by_role("separator", name="Width of the task")).to_be_visible()
        photograph(page, "panes-three.png")
        page.set_viewport_size({"width": 420, "height": 844})
        expect(page.get_by_role("region", name="Task", exact=True)).to_be_visible()
        expect(panes).to_be_hidden()
        assert page.get_by_role("region", name="Task", exact=True).bounding_box()["width"] > 400
        photograph(page, "panes-phone.png")


def test_a_link_holds_job_task_and_frame(farm, tmp_path):
    frames = {"frames": "1-5", "render_output_path": str(tmp_path / "######"), "fps": 24.0}
    job = submit(farm, name="Five", type="test-frames", settings=frames)
    with browser_page(f"{farm}app/jobs/{job}?tab=tasks") as page:
        task = page.get_by_test_id("task-row").first.get_attribute("data-task-id")
        page.goto(f"{farm}app/jobs/{job}/{task}?frame=3")
        expect(page.get_by_test_id("viewer")).to_contain_text("Frame 3")
        expect(page).to_have_url(re.compile(rf"{task}\?frame=3$"))
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("task-status")).to_be_visible()


def test_approvals_are_asked_for_a_few_at_a_time_and_again_after_an_error(farm):
    shape = " ".join(["approval"] * 12)
    job = submit(farm, name="Looks", type="shaped", settings={"shape": shape})
    with browser_page(f"{farm}app/jobs") as page:
        asked: list[str] = []
        failing = {"left": 2}

        def answer(route):
            asked.append(route.request.url)
            if failing["left"]:
                failing["left"] -= 1
                route.fulfill(status=503, json={"code": 503, "message": "starting"})
            else:
                route.continue_()

        page.route(re.compile(r"/api/v3/tasks/[0-9a-f-]+$"), answer)
        row_of(page, job).click()
        approvals = page.get_by_test_id("approval")
        expect(approvals).to_have_count(5)
        expect(page.get_by_text("7 more wait for a yes or no")).to_be_visible()
        assert len(asked) <= 20
        photograph(page, "approvals.png")
        approvals.first.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("6 more wait for a yes or no")).to_be_visible()
        expect(approvals).to_have_count(5)


def test_offline_nothing_can_be_asked_of_the_farm(tmp_path):
    with running_manager(tmp_path / "farm") as url, closing(played(url, "anna")) as anna:
        page_of = browser_page(f"{url}app/tags")
        page = page_of.__enter__()
        page.get_by_label("Name of the new tag").fill("gpu")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_test_id("tag")).to_have_count(1)
        page.get_by_label("Name of the new tag").fill("cuda")
        job = submit(url, name="Hello", **HELLO)
        task = anna.post("task").json()
        anna.post(f"task/{task['uuid']}/request-blocklisting", json={"reason": "no license"})
        other = another_window(page, f"{url}app/jobs/{job}?tab=blocklist")
        unblock = other.get_by_role("button", name="Unblock")
        expect(unblock).to_be_enabled()
        page.get_by_role("link", name="Workers", exact=True).first.click()
        page.get_by_test_id("worker-row").click()
        page.get_by_role("button", name="Set up").click()
        page.get_by_role("button", name="Remove…").click()
        expect(page.get_by_test_id("confirm")).to_be_enabled()
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "lost")
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    page.keyboard.press("Escape")
    for name in ("Remove…", "Save", "Wake up"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    expect(page.get_by_role("switch", name="gpu")).to_be_disabled()
    photograph(page, "offline-worker.png")
    page.get_by_role("link", name="Tags", exact=True).first.click()
    for label in ("Name of the new tag", "Name"):
        expect(page.get_by_label(label, exact=True)).to_be_disabled()
    for name in ("Create", "Delete tag gpu"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    expect(unblock).to_be_disabled()
    page_of.__exit__(None, None, None)
