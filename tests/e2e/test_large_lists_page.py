"""Long lists on the page, in a real Chromium: what is not in sight is not drawn."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager, submit
from tests.e2e.test_browser import browser_page, photograph, point_at

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MOST_NODES = 2000


def nodes(page: Page) -> int:
    return page.evaluate("document.querySelectorAll('*').length")


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The URL of a Manager."""
    with running_manager(tmp_path_factory.mktemp("farm") / "storage") as url:
        yield url


def test_a_job_of_ten_thousand_tasks_has_its_table_in_sight_and_few_nodes(farm, tmp_path):
    frames = {"frames": "1-10000", "render_output_path": str(tmp_path / "######"), "fps": 24.0}
    job = submit(farm, name="Long", type="test-frames", settings=frames)
    with browser_page(f"{farm}app/jobs/{job}") as page:
        expect(page.get_by_test_id("frame").first).to_be_in_viewport()
        assert nodes(page) < MOST_NODES
        photograph(page, "ten-thousand-frames.png")
        page.get_by_role("tab", name="Tasks").click()
        first = page.get_by_test_id("task-row").first
        expect(first).to_be_in_viewport()
        expect(page.get_by_role("tab", name="Tasks")).to_contain_text("10001")
        assert page.get_by_test_id("strip").bounding_box()["height"] < 60
        assert nodes(page) < MOST_NODES
        photograph(page, "ten-thousand-tasks.png")

        page.get_by_label("Search tasks and their Workers").fill("VIDEO")
        expect(page.get_by_test_id("task-row")).to_have_count(1)
        page.get_by_label("Search tasks and their Workers").fill("")
        expect(page.get_by_test_id("task-row").nth(1)).to_be_visible()

        first.focus()
        page.keyboard.press("End")
        last = page.locator("[data-testid=task-row][aria-rowindex='10002']")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(last.get_attribute("data-task-id")))
        assert nodes(page) < MOST_NODES

        search = page.get_by_label("Search tasks and their Workers")
        search.fill("-99")
        page.get_by_test_id("task-row").first.focus()
        page.keyboard.press("Control+a")
        chosen = page.get_by_test_id("tasks-selected")
        expect(chosen).to_contain_text("All 111 that match selected")
        chosen.get_by_role("button", name="Cancel 111").click()
        expect(chosen.get_by_role("button", name="Requeue 111")).to_be_enabled()
        expect(page.get_by_test_id("notice").last).to_contain_text("Canceled 111 tasks")
        photograph(page, "all-that-match.png")
        chosen.get_by_role("button", name="Clear the selection").click()
        expect(chosen).to_have_count(0)
        search.fill("")

        chips = page.get_by_role("group", name="Filter by status")
        expect(chips).to_contain_text("9890")
        rows = page.get_by_test_id("task-row")
        rows.first.focus()
        page.keyboard.press("Home")
        row = page.locator("[data-testid=task-row][aria-rowindex='5']")
        row.click(modifiers=["Control"])
        page.keyboard.press("End")
        expect(last).to_be_focused()
        last.click(modifiers=["Shift"])
        expect(chosen).to_contain_text("9998 selected")

        point_at(page, 1, of=2)
        expect(page.get_by_role("tooltip").last).to_contain_text(re.compile(r"to .*: \d+ to do"))
        page.set_viewport_size({"width": 420, "height": 844})
        photograph(page, "ten-thousand-tasks-phone.png")


def test_what_a_list_shows_stands_in_the_address(farm):
    hello = {"type": "echo-sleep-test", "settings": {"message": "hi"}}
    for name in ("Shot 10", "Shot 20", "Walk"):
        submit(farm, name=name, **hello)
    with browser_page(f"{farm}app/jobs") as page:
        count = page.get_by_test_id("list-count")
        rows = page.get_by_test_id("job-row")
        expect(rows.filter(has_text="Walk")).to_be_visible()
        page.get_by_label("Search jobs").fill("shot")
        expect(rows).to_have_count(2)
        expect(count).to_contain_text(re.compile(r"2 of \d+"))
        page.get_by_role("button", name="Name").click()
        expect(rows.first).to_contain_text("Shot 10")
        page.get_by_role("button", name="Name").click()
        expect(rows.first).to_contain_text("Shot 20")
        rows.nth(1).click()
        expect(page).to_have_url(re.compile(r"jobs/.+\?.*q=shot"))
        page.get_by_role("tab", name="Tasks").click()

        page.goto(page.url)
        expect(page.get_by_label("Search jobs")).to_have_value("shot")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("Shot 20")
        expect(page.get_by_role("heading", name="Shot 10")).to_be_visible()
