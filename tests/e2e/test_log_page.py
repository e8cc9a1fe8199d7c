"""The log of a task on the page, in a real Chromium: long, live, searched, linked to."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.e2e.running import get, shaped_manager, submit
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_needs_page import played

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LINES = 20_000
MOST_NODES = 2000


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """A Manager with the job type `shaped`; its URL."""
    with shaped_manager(tmp_path_factory.mktemp("farm") / "storage") as url:
        yield url


def test_a_long_log_is_read_live_searched_and_linked_to(farm):
    with browser_page(farm) as page, closing(played(farm, "anna")) as anna:
        job = submit(farm, name="Talk", type="shaped", settings={"shape": "misc"})
        task = anna.post("task").json()["uuid"]

        def says(log: str, **more: str) -> None:
            assert anna.post(f"task/{task}", json={"log": log, **more}).status_code == 204

        says("".join(f"sample {number}\n" for number in range(LINES)))
        says("\x1b[31mError: no camera\x1b[0m <b>bold</b>\nWarning: texture\n")
        page.goto(f"{farm}app/jobs/{job}/{task}")
        log = page.get_by_test_id("task-log")
        expect(log).to_contain_text("Warning: texture")
        expect(log.locator(".ansi-red")).to_have_text("Error: no camera")
        expect(log).to_contain_text("<b>bold</b>")
        assert page.evaluate("document.querySelectorAll('*').length") < MOST_NODES
        photograph(page, "log.png")

        says("still here\n")
        expect(log).to_contain_text("still here")
        page.get_by_label("Search the log").fill("SAMPLE 1234")
        hits = page.get_by_test_id("log-hits")
        expect(hits).to_have_text("1 of 11")
        expect(log.locator(".marked")).to_contain_text("sample 1234")
        page.get_by_role("button", name="Next match").click()
        expect(hits).to_have_text("2 of 11")
        expect(log.locator(".marked")).to_contain_text("sample 12340")
        page.get_by_role("button", name="First error").click()
        expect(log.locator(".marked")).to_contain_text("no camera")
        page.get_by_label("Levels").select_option("Errors")
        expect(log.locator(".log-line")).to_have_count(1)
        page.get_by_label("Levels").select_option("All lines")

        number = log.locator(".log-line", has_text="no camera").get_by_role("button")
        number.click()
        expect(page).to_have_url(re.compile(r"line=\d+"))
        page.goto(page.url)
        expect(log.locator(".marked")).to_contain_text("no camera")
        expect(log.locator(".marked")).to_be_in_viewport()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.path().read_text().count("sample") == LINES


def test_attempts_stand_side_by_side(farm):
    with browser_page(farm) as page, closing(played(farm, "bob")) as bob:
        job = submit(farm, name="Twice", type="shaped", settings={"shape": "misc"})
        wanted = get(f"{farm}api/v3/jobs/{job}/tasks").json()["tasks"][0]["id"]
        for word in ("first", "second"):
            task = bob.post("task").json()["uuid"]
            assert task == wanted
            told = {"taskStatus": "failed", "activity": word, "log": f"the {word} try\n"}
            assert bob.post(f"task/{task}", json=told).status_code == 204
            again = {"status": "queued", "reason": "again"}
            bob.post(f"{farm}api/v3/tasks/{task}/setstatus", json=again)
            expect_queued(farm, task)
        page.goto(f"{farm}app/jobs/{job}/{wanted}")
        page.get_by_role("button", name="Full log").click()
        large = page.get_by_test_id("log-dialog")
        large.get_by_label("Attempt").select_option("Attempt 1: bob")
        large.get_by_label("Beside it").select_option("beside 2: bob")
        columns = large.get_by_test_id("task-log")
        expect(columns).to_have_count(2)
        expect(columns.first).to_contain_text("the first try")
        expect(columns.first).not_to_contain_text("the second try")
        expect(columns.last).to_contain_text("the second try")
        photograph(page, "log-side-by-side.png")


def expect_queued(url: str, task: str) -> None:
    assert get(f"{url}api/v3/tasks/{task}").json()["status"] == "queued"
