"""Workers as a table, as a map and one by one, in a real Chromium."""

import re
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import get, running_worker, submit, wait_for
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_needs_page import played
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SHAPED = {"type": "shaped", "settings": {"shape": "misc misc misc:0"}}


def row_of(page: Page, name: str):
    return page.get_by_test_id("worker-row").filter(has_text=name)


def tagged(url: str, tag: str, *workers: str) -> None:
    """Make a tag, and give it to the Workers of these names."""
    with httpx.Client(base_url=f"{url}api/v3/worker-mgt/", timeout=PATIENCE) as http:
        made = http.post("tags", json={"name": tag}).json()["id"]
        for each in http.get("workers").json()["workers"]:
            if each["name"] in workers:
                given = http.post(f"workers/{each['id']}/settags", json={"tag_ids": [made]})
                assert given.status_code == 204


def test_workers_are_found_by_what_they_are_and_do_and_looked_at_as_a_map(farm):
    with (
        closing(played(farm, "anna")) as anna,
        closing(played(farm, "bert")),
        closing(played(farm, "<b>carl</b> \N{HEBREW LETTER SHIN}")),
        browser_page(f"{farm}app/workers") as page,
    ):
        rows = page.get_by_test_id("worker-row")
        expect(rows).to_have_count(3)
        submit(farm, name="Shot 7", **SHAPED)
        anna.post("task")
        expect(row_of(page, "anna")).to_contain_text("Shot 7")
        tagged(farm, "gpu", "bert")
        expect(row_of(page, "bert")).to_contain_text("gpu")
        photograph(page, "workers-table.png")

        page.get_by_test_id("more-filters").click()
        page.get_by_label("Tag", exact=True).select_option("gpu")
        page.keyboard.press("Escape")
        expect(rows).to_have_count(1)
        expect(page.get_by_test_id("list-count")).to_have_text("1 of 3")
        page.get_by_role("button", name="Any tag, not only gpu").click()
        page.get_by_label("Search Workers").fill("shot")
        expect(rows).to_have_count(1)
        expect(page).to_have_url(re.compile("q=shot"))

        page.get_by_role("link", name="Map", exact=True).click()
        tiles = page.get_by_test_id("farm-tile")
        expect(tiles).to_have_count(1)
        expect(tiles).to_contain_text("Shot 7")
        page.get_by_label("Search Workers").fill("")
        expect(tiles).to_have_count(3)
        photograph(page, "workers-map.png")
        tiles.first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowRight")
        expect(page.get_by_text("2 selected")).to_be_visible()
        expect(page).to_have_url(re.compile("selected=.*"))
        page.goto(page.url)
        expect(page.get_by_text("2 selected")).to_be_visible()
        expect(tiles).to_have_count(3)
        tiles.filter(has_text="anna").click()
        expect(page).to_have_url(re.compile(r"workers/[0-9a-f-]+\?view=map"))
        expect(page.get_by_test_id("worker-task")).to_contain_text("Shot 7")
        assert violations(page) == []
        page.set_viewport_size({"width": 420, "height": 900})
        page.get_by_role("link", name="Workers", exact=True).locator("visible=true").first.click()
        expect(page.get_by_test_id("worker-task")).to_be_hidden()
        photograph(page, "workers-map-phone.png")


def test_what_a_worker_did_is_told_with_its_failures(farm, tmp_path):
    with closing(played(farm, "anna")) as anna, browser_page(f"{farm}app/workers") as page:
        row_of(page, "anna").click()
        history = page.get_by_test_id("worker-history")
        expect(history).to_contain_text("has not worked on anything yet")
        submit(farm, name="Shot 7", **SHAPED)
        task = anna.post("task").json()
        expect(page.get_by_test_id("worker-task")).to_contain_text("Working on")
        expect(history).to_contain_text("Running")
        told = {"taskStatus": "failed", "activity": "no camera in the scene"}
        assert anna.post(f"task/{task['uuid']}", json=told).status_code == 204
        expect(history.get_by_test_id("worker-attempt")).to_contain_text("no camera in the scene")
        job = history.get_by_test_id("worker-job")
        expect(job).to_contain_text("Shot 7")
        expect(job.get_by_role("cell").nth(3)).to_have_text("1")
        photograph(page, "worker-history.png")
        assert violations(page) == []

    with (
        running_worker(farm, tmp_path / "dora", "dora"),
        browser_page(f"{farm}app/workers") as page,
    ):
        dora = row_of(page, "dora")
        expect(dora).to_have_count(1)
        place = f"{farm}api/v3/worker-mgt/workers/{dora.get_attribute('data-worker-id')}"
        wait_for(lambda: get(f"{place}/load").json()["samples"])
        dora.click()
        expect(page.get_by_test_id("worker-checks")).to_contain_text("blender")
        expect(page.get_by_test_id("uptime")).to_have_text(re.compile(r"now|\d+[sm]"))
        expect(page.get_by_test_id("worker-load")).to_contain_text("memory")
        photograph(page, "worker.png")
        page.set_viewport_size({"width": 420, "height": 900})
        photograph(page, "worker-phone.png")


def test_tags_are_a_tab_of_the_workers_where_the_old_address_leads(farm):
    with closing(played(farm, "anna")), browser_page(f"{farm}app/tags") as page:
        expect(page).to_have_url(f"{farm}app/workers/tags")
        page.get_by_label("Name of the new tag").fill("night")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_test_id("tag")).to_have_count(1)
        photograph(page, "tags.png")
        page.get_by_role("link", name="Table", exact=True).click()
        expect(page.get_by_test_id("worker-row")).to_have_count(1)
