"""The settings page in a real Chromium: two people change the configuration of one Manager."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import get, running_manager
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_wrangling import another_window

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FILE = r"""# ours
_meta: {version: 3}
registration_secret: hush  # ask Anna
task_timeout: 30m
variables:
  tools:  # on every machine
    values:
      - {platform: windows, value: 'C:\tools'}
"""
NOT_SHOWN = ("_meta", "variables")


def test_settings_are_changed_by_two_people_and_hold_after_a_restart(tmp_path):
    farm = tmp_path / "farm"
    farm.mkdir()
    file = farm / "flamenco-manager.yaml"
    file.write_text(FILE)
    with ExitStack() as manager:
        url = manager.enter_context(running_manager(farm))
        with browser_page(f"{url}app/jobs") as page:
            page.get_by_role("link", name="Settings").click()
            shows_every_key(page, url)
            other = another_window(page, f"{url}app/settings")
            a_refusal_stands_at_its_key(page)
            what_others_change_stays(page, other, file)
            variables_are_as_they_were_typed(page, url, file)
            leaving_asks(page)
            a_broken_file_is_told(page, file)

            set_to(page, "Job type memory", "1024")
            save(page, "Needs a restart: Job type memory")
            page.goto(f"{url}app/settings")
            expect(page.get_by_test_id("restart-needed")).to_contain_text("Job type memory")
            photograph(page, "settings-restart.png")
            manager.close()
            manager.enter_context(running_manager(farm, urlsplit(url).port or 0))
            expect(page.get_by_test_id("restart-needed")).to_have_count(0)
            expect(page.get_by_role("link", name="Settings", exact=True)).to_be_visible()


def shows_every_key(page: Page, url: str) -> None:
    expect(page.get_by_test_id("variable").first).to_be_visible()
    values = get(f"{url}api/v3/configuration/file").json()
    shown = [each.get_attribute("data-key") for each in page.get_by_test_id("setting").all()]
    assert set(shown) == {key for key in keys(values) if not key.startswith(NOT_SHOWN)}
    photograph(page, "settings.png")


def keys(values: Mapping[str, object], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from keys(value, f"{above}{key}.")
        else:
            yield above + key


def a_refusal_stands_at_its_key(page: Page) -> None:
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    address = page.get_by_role("textbox", name="Address")
    address.fill("nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-key=listen]")).to_contain_text("expected an address such as :8080")
    expect(address).to_be_focused()
    photograph(page, "settings-refusal.png")
    page.get_by_role("button", name="Undo Address").press("Enter")
    expect(address).to_be_focused()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def what_others_change_stays(page: Page, other: Page, file: Path) -> None:
    set_to(page, "Task timeout", "2 hours")
    set_to(page, "Worker timeout", "3m")
    set_to(other, "Name of the farm", "Ours")
    set_to(other, "Worker timeout", "5m")
    save(other, "In effect now: Name of the farm, Worker timeout")
    expect(other).to_have_title("Settings · Ours")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("clash")).to_contain_text("changed this to 5 minutes")
    photograph(page, "settings-clash.png")
    assert "task_timeout: 30m" in file.read_text()
    page.get_by_role("button", name="take theirs").click()
    save(page, "In effect now: Task timeout.")
    expect(page.get_by_role("textbox", name="Name of the farm")).to_have_value("Ours")
    text = file.read_text()
    assert all(line in text for line in ("task_timeout: 2h", "worker_timeout: 5m", "name: Ours"))
    assert all(line in text for line in ("# ours", "hush  # ask Anna", "# on every machine"))


def variables_are_as_they_were_typed(page: Page, url: str, file: Path) -> None:
    page.get_by_role("button", name="Delete variable tools").click()
    page.get_by_role("button", name="Keep variable tools").click()
    page.get_by_role("button", name="Add variable").click()
    page.keyboard.type("tools")
    added = page.get_by_test_id("variable").last
    page.keyboard.press("Tab")
    expect(added).to_contain_text("another variable has this name")
    added.get_by_label("Name").fill("projects")
    added.get_by_role("switch", name="Two-way").check()
    added.get_by_role("button", name="Windows").click()
    added.get_by_label("Value", exact=True).fill(r"P:\work\ ")
    added.get_by_label("Audience").select_option("Users")
    photograph(page, "settings-variable.png")
    save(page, "In effect now: variable projects")
    assert get(f"{url}api/v3/configuration/file").json()["variables"]["projects"] == {
        "is_twoway": True,
        "values": [{"audience": "users", "platform": "windows", "value": "P:\\work\\ "}],
    }
    assert "# on every machine" in file.read_text()


def leaving_asks(page: Page) -> None:
    delete = page.get_by_role("combobox", name="Delete jobs after")
    delete.press("ArrowDown")
    delete.press("ArrowDown")
    delete.press("Enter")
    expect(delete).to_have_value("24h0m0s")
    page.get_by_role("button", name="Save").click()
    question = page.get_by_role("alertdialog", name="Delete old jobs and Workers?")
    expect(question).to_contain_text("have not changed for 1 day")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Workers", exact=True).click()
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    expect(question).to_contain_text("Delete jobs after")
    question.get_by_role("button", name="Cancel").click()
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    page.get_by_role("link", name="Workers", exact=True).click()
    question.get_by_test_id("confirm").click()
    expect(page).to_have_url(re.compile("/app/workers"))
    page.get_by_role("link", name="Settings").click()
    expect(delete).to_have_value("0s")


def a_broken_file_is_told(page: Page, file: Path) -> None:
    whole = file.read_text()
    set_to(page, "Task timeout", "1h")
    file.write_text(f"{whole}\nlisten: [\n")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("save-state")).to_contain_text("column")
    expect(page.get_by_role("combobox", name="Task timeout")).to_have_value("1h0m0s")
    page.get_by_role("button", name="Undo edits").click()
    page.reload()
    expect(page.get_by_test_id("unreadable")).to_contain_text("flamenco-manager.yaml, line")
    photograph(page, "settings-broken.png")
    file.write_text(whole)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("combobox", name="Task timeout")).to_have_value("2h0m0s")


def set_to(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("combobox", name=label).or_(page.get_by_role("textbox", name=label))
    field.fill(value)
    field.blur()


def save(page: Page, said: str) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("saved")).to_contain_text(said)
