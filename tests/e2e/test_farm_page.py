"""What the farm does and did, and the Manager's actors, in a real Chromium."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.e2e.running import shaped_manager, submit
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_needs_page import played

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def shaped(shape: str) -> dict[str, object]:
    return {"type": "shaped", "settings": {"shape": shape}}


def test_what_runs_what_waits_and_why_and_what_failed_is_seen(tmp_path):
    with shaped_manager(tmp_path / "farm") as url, closing(played(url, "anna")) as anna:
        submit(url, name="Blind", **shaped("misc"))
        task = anna.post("task").json()
        told = {"taskStatus": "failed", "activity": "no camera in the scene"}
        assert anna.post(f"task/{task['uuid']}", json=told).status_code == 204
        submit(url, name="Shot 7", **shaped("misc misc misc"))
        done = anna.post("task").json()
        assert (
            anna.post(f"task/{done['uuid']}", json={"taskStatus": "completed"}).status_code == 204
        )
        anna.post("task")
        submit(url, name="Nobody can", **shaped("other"))
        page_of = browser_page(f"{url}app/farm")
        page = page_of.__enter__()
        expect(page.get_by_test_id("farm-running")).to_contain_text("Shot 7")
        expect(page.get_by_test_id("farm-running")).to_contain_text("1 of 3 tasks")
        waiting = page.get_by_test_id("farm-waiting")
        expect(waiting).to_contain_text("Nobody can")
        expect(waiting).to_contain_text("other")
        expect(page.get_by_test_id("farm-failures")).to_contain_text("no camera in the scene")
        figures = page.get_by_test_id("farm-figures")
        expect(figures).to_contain_text("of 1 Worker at work")
        expect(
            page.get_by_role("img", name="Frames of each hour").locator("canvas")
        ).to_be_visible()
        page.get_by_label("Look back at").select_option("168")
        expect(page).to_have_url(re.compile("hours=168"))
        expect(figures).to_contain_text("the last 7 days")
        page.get_by_label("Look back at").select_option("24")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert violations(page) == []
            photograph(page, f"farm-{theme}.png")
        page.set_viewport_size({"width": 420, "height": 900})
        photograph(page, "farm-phone.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
    expect(page.get_by_test_id("stale")).to_contain_text("out of date")
    expect(page.get_by_test_id("farm-running")).to_contain_text("Shot 7")
    page_of.__exit__(None, None, None)


def test_an_operator_watches_the_tree_of_actors(tmp_path):
    with (
        shaped_manager(tmp_path / "farm") as url,
        closing(played(url, "anna")),
        browser_page(f"{url}app/farm") as page,
    ):
        job = submit(url, name="Shot 7", **shaped("misc misc"))
        page.get_by_role("link", name="Actors", exact=True).click()
        rows = page.get_by_test_id("actor-row")
        jobs = page.locator("[data-path='/jobs']")
        of_job = page.locator(f"[data-path='/jobs/{job}']")
        expect(jobs).to_have_attribute("data-state", "running")
        expect(of_job).to_contain_text("Shot 7")
        expect(page.get_by_test_id("actors-wrong")).to_contain_text("Nothing went wrong")
        expect(jobs.get_by_role("gridcell").nth(4)).to_have_text(re.compile(r"\d+\.\d"))
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert violations(page) == []
            photograph(page, f"actors-{theme}.png")
        jobs.get_by_role("button").click()
        expect(of_job).to_have_count(0)
        jobs.get_by_role("button").click()
        expect(of_job).to_have_count(1)
        page.get_by_label("Search actors").fill(job)
        expect(rows).to_have_count(1)
        expect(page).to_have_url(re.compile("q="))
        page.get_by_label("Search actors").fill("")
        page.get_by_role("button", name="Mailbox").click()
        expect(page).to_have_url(re.compile("sort=-waiting"))
        expect(rows.first).to_contain_text("/")
        page.set_viewport_size({"width": 420, "height": 900})
        photograph(page, "actors-phone.png")
