"""The table of jobs in a real Chromium: found, ordered and changed as a farm needs it."""

import re
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import submit
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_needs_page import played
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HELLO = {"type": "echo-sleep-test", "settings": {"message": "hi"}}

DONE_AT = re.compile(r"\d\d:\d\d")


def of(person: str) -> dict[str, object]:
    return {**HELLO, "metadata": {"user.name": person}}


def header(page: Page) -> list[str]:
    return [text.strip("↑↓ \n") for text in page.get_by_role("columnheader").all_inner_texts()]


def test_columns_are_chosen_ordered_sized_and_remembered(farm):
    submit(farm, name="Shot", **of("anna"))
    with browser_page(f"{farm}app/jobs") as page:
        expect(page.get_by_test_id("job-row")).to_contain_text("anna")
        assert header(page)[:4] == ["Status", "Name", "Type", "Owner"]
        page.get_by_role("button", name="Columns and order").click()
        page.get_by_role("menuitemcheckbox", name="Owner").click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("columnheader", name="Owner")).to_have_count(0)
        status = page.get_by_role("button", name="Status")
        status.focus()
        page.keyboard.press("Alt+ArrowRight")
        expect(page.get_by_role("columnheader").first).to_contain_text("Name")
        before = page.get_by_role("columnheader", name="Status").bounding_box()
        page.mouse.move(before["x"] + before["width"] + 4, before["y"] + 12)
        page.mouse.down()
        page.mouse.move(before["x"] + before["width"] + 64, before["y"] + 12, steps=4)
        page.mouse.up()
        photograph(page, "jobs-columns.png")
        page.reload()
        expect(page.get_by_test_id("job-row")).to_contain_text("Shot")
        assert header(page)[:3] == ["Name", "Status", "Type"]
        after = page.get_by_role("columnheader", name="Status").bounding_box()
        assert after["width"] == pytest.approx(before["width"] + 60, abs=4)


def test_jobs_are_filtered_by_what_they_are_and_a_view_is_saved(farm):
    for name, person in (("Shot 1", "anna"), ("Shot 2", "<b>kim</b>"), ("Walk", "anna")):
        submit(farm, name=name, **of(person))
    with browser_page(f"{farm}app/jobs") as page:
        rows = page.get_by_test_id("job-row")
        expect(rows).to_have_count(3)
        page.get_by_test_id("more-filters").click()
        page.get_by_label("Owner", exact=True).select_option("anna")
        page.keyboard.press("Escape")
        expect(rows).to_have_count(2)
        expect(page).to_have_url(re.compile("owner=anna"))
        page.get_by_label("Search jobs").fill("shot")
        expect(rows).to_have_count(1)
        page.get_by_test_id("views").click()
        page.get_by_role("menuitem", name="Save this view").click()
        page.get_by_label("Name").fill("Shots of Anna")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("views")).to_contain_text("Shots of Anna")
        page.goto(f"{farm}app/jobs")
        expect(rows).to_have_count(3)
        page.get_by_test_id("views").click()
        page.get_by_role("menuitem", name="Shots of Anna").click()
        expect(rows).to_have_count(1)
        expect(page.get_by_label("Search jobs")).to_have_value("shot")
        page.get_by_role("button", name="Any owner, not only anna").click()
        expect(rows).to_have_count(2)
        photograph(page, "jobs-view.png")


def test_a_job_that_is_new_has_its_owner_too(farm):
    submit(farm, name="First", **of("anna"))
    with browser_page(f"{farm}app/jobs") as page:
        expect(page.get_by_test_id("job-row")).to_have_count(1)
        job = submit(farm, name="Second", **of("kim"))
        expect(page.locator(f"[data-job-id='{job}']")).to_contain_text("kim")


def test_jobs_of_a_worker_are_found_and_several_are_changed_at_once(farm):
    with closing(played(farm, "anna")) as anna, browser_page(f"{farm}app/jobs") as page:
        jobs = [
            submit(farm, name=name, type="shaped", settings={"shape": shape})
            for name, shape in (("Blind", "misc misc"), ("Other", "other"), ("Idle", "other"))
        ]
        task = anna.post("task").json()
        told = {"taskStatus": "failed", "activity": "no camera"}
        assert anna.post(f"task/{task['uuid']}", json=told).status_code == 204
        rows = page.get_by_test_id("job-row")
        expect(rows).to_have_count(3)
        page.get_by_test_id("more-filters").click()
        page.get_by_label("Worker", exact=True).select_option("anna")
        page.keyboard.press("Escape")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Blind")
        page.get_by_role("button", name="Any worker").click()
        expect(rows).to_have_count(3)

        rows.first.click()
        page.keyboard.press("Control+a")
        expect(page.get_by_text("3 selected")).to_be_visible()
        more = page.get_by_role("region", name="Jobs").get_by_role("button", name="More")
        more.click()
        page.get_by_role("menuitem", name="Priority…").click()
        photograph(page, "jobs-priority.png")
        page.get_by_role("spinbutton", name="0 to 100").fill("77")
        page.get_by_role("button", name="Change").click()
        expect(page.get_by_test_id("notice").last).to_contain_text("Priority 77: ")
        more.click()
        page.get_by_role("menuitem", name="Requeue failed").click()
        expect(page.get_by_test_id("notice").last).to_contain_text("what failed of Blind")
        with httpx.Client(base_url=f"{farm}api/v3/", timeout=PATIENCE) as http:
            assert {http.get(f"jobs/{job}").json()["priority"] for job in jobs} == {77}
            states = http.get(f"jobs/{jobs[0]}/tasks").json()["tasks"]
            assert {each["status"] for each in states} == {"queued"}


def test_a_job_tells_how_long_it_has_run_and_when_it_is_likely_to_be_done(farm):
    with closing(played(farm, "anna")) as anna, browser_page(f"{farm}app/jobs") as page:
        shaped = {"type": "shaped", "settings": {"shape": "misc misc"}}
        job = submit(farm, name="Shot", **{**of("kim"), **shaped})
        page.goto(f"{farm}app/jobs/{job}")
        facts = page.get_by_test_id("job-facts")
        expect(facts).to_contain_text("kim")
        expect(facts).not_to_contain_text("Run time")
        first = anna.post("task").json()["uuid"]
        expect(facts).to_contain_text("Run time")
        expect(page.get_by_test_id("eta")).to_have_count(0)
        assert anna.post(f"task/{first}", json={"taskStatus": "completed"}).status_code == 204
        second = anna.post("task").json()["uuid"]
        expect(page.get_by_test_id("eta")).to_have_text(DONE_AT)
        expect(page.get_by_test_id("eta")).to_contain_text("80 % sure")
        photograph(page, "job-eta.png")
        page.get_by_role("link", name="Jobs", exact=True).click()
        columns = header(page)
        cells = page.get_by_test_id("job-row").get_by_role("gridcell")
        expect(cells.nth(columns.index("Run time"))).to_have_text(re.compile(r"\d s"))
        expect(cells.nth(columns.index("Done at"))).to_have_text(DONE_AT)
        photograph(page, "jobs-eta.png")
        assert anna.post(f"task/{second}", json={"taskStatus": "completed"}).status_code == 204
        expect(cells.nth(columns.index("Done at"))).to_have_text("")
        expect(cells.nth(columns.index("Run time"))).to_have_text(re.compile(r"\d s"))


def test_of_many_jobs_those_in_sight_are_drawn_and_the_others_found(farm):
    with httpx.Client(base_url=f"{farm}api/v3/", timeout=PATIENCE) as http:
        for number in range(300):
            job = {"name": f"Shot {number:03}", "submitter_platform": "linux", **of("anna")}
            assert http.post("jobs", json=job).status_code == 200
    with browser_page(f"{farm}app/jobs?sort=name") as page:
        expect(page.get_by_test_id("list-count")).to_have_text("300")
        assert page.evaluate("document.querySelectorAll('*').length") < 2000
        page.get_by_label("Search jobs").fill("shot 299")
        expect(page.get_by_test_id("job-row")).to_have_count(1)
