"""The setup assistant of the page, in a real Chromium."""

import pytest
from playwright.sync_api import expect

from tests.e2e.running import READY, get, started
from tests.e2e.test_browser import MILLISECONDS, browser_page, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_a_manager_is_set_up_on_its_page_with_the_enter_key(tmp_path):
    farm = tmp_path / "farm"
    farm.mkdir()
    command = ("manager", "--listen", "127.0.0.1:0", "--no-discoverable")
    with started(*command, log=tmp_path / "log", cwd=tmp_path) as process:
        url = process.stdout.readline().removeprefix(READY).strip()
        with browser_page(f"{url}app/workers") as page:
            other = page.context.browser.new_page()
            other.set_default_timeout(MILLISECONDS)
            other.goto(url)
            expect(other.get_by_role("button", name="Begin")).to_be_visible()
            page.bring_to_front()

            expect(page.get_by_role("button", name="Begin")).to_be_focused()
            photograph(page, "setup-welcome.png")
            page.keyboard.press("Enter")
            folder = page.get_by_label("Folder")
            expect(folder).to_be_focused()
            folder.fill(str(tmp_path / "nowhere"))
            page.keyboard.press("Enter")
            expect(page.get_by_text("There is no such folder.")).to_be_visible()
            expect(folder).to_be_editable()
            photograph(page, "setup-storage.png")
            folder.fill(str(farm))
            page.keyboard.press("Enter")
            expect(page.get_by_role("radio", name="Skip for now")).to_be_visible()
            expect(page.get_by_text("Looking for Blender")).to_have_count(0)
            page.get_by_role("radio", name="Skip for now").check()
            photograph(page, "setup-blender.png")
            page.get_by_role("heading", name="Which Blender").click()
            page.keyboard.press("Enter")
            expect(page.get_by_role("definition").first).to_have_text(str(farm))
            page.get_by_role("button", name="Shared storage", exact=True).click()
            expect(folder).to_have_value(str(farm))
            page.get_by_role("button", name="Review").click()
            expect(page.get_by_role("button", name="Set up the farm")).to_be_focused()
            photograph(page, "setup-review.png")
            page.keyboard.press("Enter")

            expect(page.get_by_test_id("no-jobs")).to_be_visible()
            assert page.url == f"{url}app/jobs"
            assert get(f"{url}api/v3/configuration").json()["storageLocation"] == str(farm / "jobs")
            expect(other.get_by_test_id("setup-overtaken")).to_contain_text(str(farm))
