"""What is around the pages, in a real Chromium: the palette, keys, notices, changes to save."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.running import running_manager, submit
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HELLO = {"type": "echo-sleep-test", "settings": {"message": "hi"}}


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The URL of a Manager."""
    with running_manager(tmp_path_factory.mktemp("farm") / "storage") as url:
        yield url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_anything_is_found_and_done_with_the_keyboard(farm, theme):
    name = f"sh0{len(theme)}0_<b>lighting</b>"
    job = submit(farm, name=name, **HELLO)
    with browser_page(f"{farm}app/workers") as page:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.get_by_role("button", name="Find or do anything")).to_be_visible()
        page.keyboard.press("Control+k")
        palette = page.get_by_test_id("palette")
        expect(palette.get_by_role("textbox")).to_be_focused()
        page.keyboard.type("lighting")
        option = palette.get_by_role("option").filter(has_text=name)
        expect(option).to_be_visible()
        photograph(page, f"palette-{theme}.png")
        assert violations(page) == []
        page.get_by_label("Find or do anything", exact=True).last.fill(name)
        expect(palette.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(job))
        expect(palette).to_have_count(0)
        expect(page.get_by_test_id("job-status")).to_have_attribute("data-status", "queued")

        page.keyboard.press("Control+k")
        expect(palette.get_by_role("textbox")).to_be_focused()
        page.keyboard.type("cancel")
        expect(palette.get_by_role("option").first).to_contain_text(f"Cancel {name}")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("job-status")).to_have_attribute("data-status", "canceled")
        page.keyboard.press("Control+k")
        expect(palette.get_by_role("textbox")).to_be_focused()
        page.keyboard.type("no such thing")
        expect(palette).to_contain_text("Nothing has that in its name")


def test_keys_lead_everywhere_and_tell_themselves(farm):
    job = submit(farm, name="Walk", **HELLO)
    with browser_page(f"{farm}app/jobs") as page:
        row = page.locator(f"[data-testid=job-row][data-job-id='{job}']")
        expect(row).to_be_visible()
        page.keyboard.press("?")
        help_ = page.get_by_test_id("key-help")
        expect(help_).to_contain_text("Requeue what is selected")
        photograph(page, "keys.png")
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(help_).to_have_count(0)
        page.keyboard.press("g")
        page.keyboard.press("w")
        expect(page).to_have_url(f"{farm}app/workers")
        page.keyboard.press("g")
        page.keyboard.press("j")
        expect(page).to_have_url(f"{farm}app/jobs")
        page.keyboard.press("/")
        page.keyboard.type("walk?")
        expect(page.get_by_label("Search jobs")).to_have_value("walk?")
        expect(help_).to_have_count(0)
        page.get_by_label("Search jobs").fill("walk")

        row.click()
        page.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(row).to_have_attribute("data-status", "canceled")
        row.focus()
        page.keyboard.press("r")
        expect(row).to_have_attribute("data-status", "queued")


OUTSIDE = """
window.outside = []
window.Notification = class extends Notification {
  constructor(title, options) {
    super(title, options)
    window.outside.push(options.body)
  }
}
"""


def test_notices_are_counted_kept_read_and_shown_outside_of_the_page(farm):
    submit(farm, name="Kept", **HELLO)
    with browser_page(f"{farm}app/jobs") as page:
        page.context.grant_permissions(["notifications"])
        page.add_init_script(OUTSIDE)
        page.reload()
        bell = page.get_by_test_id("bell")
        bell.click()
        page.get_by_role("switch", name="Outside of this page too").check()
        page.keyboard.press("Escape")
        expect(bell).to_have_accessible_name("Notices")
        page.get_by_test_id("job-row").filter(has_text="Kept").click()
        page.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(bell).to_have_accessible_name("Notices: 1 unread")
        assert page.evaluate("window.outside") == ["Kept was canceled: 0 of 2 tasks"]
        page.goto(f"{farm}app/jobs")
        expect(bell).to_have_accessible_name("Notices: 1 unread")
        bell.click()
        newest = page.get_by_test_id("farm-notice").first
        expect(newest).to_contain_text("Kept was canceled")
        photograph(page, "notices.png")
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        photograph(page, "notices-dark.png")
        assert violations(page) == []
        newest.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Kept")).to_be_visible()
        expect(bell).to_have_accessible_name("Notices")
        page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
        page.reload()
        expect(bell).to_have_accessible_name("Notices")
        bell.click()
        expect(page.get_by_test_id("outside")).to_contain_text("HTTPS")
        photograph(page, "notices-insecure.png")


def test_what_will_be_saved_is_seen_before(farm):
    with browser_page(f"{farm}app/settings") as page:
        name = page.get_by_label("Name of the farm")
        name.fill("Flamingo")
        page.get_by_test_id("changes").click()
        changes = page.get_by_role("dialog")
        expect(changes).to_contain_text("Flamenco")
        expect(changes).to_contain_text("Flamingo")
        photograph(page, "settings-changes.png")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Undo edits").click()
        expect(page.get_by_test_id("changes")).to_have_count(0)
