"""The page on which people say where they hear of the farm, in a real Chromium."""

import json
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import running_manager
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PATIENCE_MS = 120_000
"""Milliseconds for a process that sends to start, on a busy machine."""


def test_a_subscription_is_added_tried_changed_and_removed(tmp_path):
    with running_manager(tmp_path) as url, browser_page(f"{url}app/jobs") as page:
        page.get_by_test_id("bell").click()
        page.get_by_role("link", name="By mail, chat or webhook").click()
        expect(page.get_by_text("Nobody yet")).to_be_visible()
        add(page)
        a_test_says_why_it_was_not_sent(page)
        a_webhook_has_a_key(page)
        change_and_remove(page)
        a_browser_shows_what_it_is_told(page, url)


def add(page: Page) -> None:
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Name").fill("Render channel")
    page.get_by_label("Address").fill("json://127.0.0.1:9/hush")
    template = page.get_by_label("Line about a notice")
    template.fill("$kind! $text")
    expect(page.get_by_test_id("preview")).to_contain_text("job done! forest is done")
    template.fill("$secret")
    expect(page.get_by_test_id("preview")).to_contain_text("not $secret")
    template.fill("$kind! $text")
    assert violations(page) == []
    photograph(page, "notices-form.png")
    page.get_by_role("button", name="Add").click()
    row = page.get_by_test_id("subscription")
    expect(row).to_contain_text("Job failed, Job waits for a yes or no")
    expect(row).not_to_contain_text("hush")


def a_test_says_why_it_was_not_sent(page: Page) -> None:
    page.get_by_role("button", name="Send a test").click()
    delivery = page.get_by_test_id("delivery")
    expect(delivery).to_have_attribute("data-state", "given-up", timeout=PATIENCE_MS)
    expect(delivery).to_contain_text("outgoing.allowed_networks")
    assert violations(page) == []
    photograph(page, "notices.png")


def a_webhook_has_a_key(page: Page) -> None:
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Name").fill("Tracker")
    page.get_by_role("combobox", name="To", exact=True).select_option("webhook")
    page.get_by_label("Address").fill("ftp://tracker")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("expected https://")
    page.get_by_label("Address").fill("https://tracker.example/in")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("secret")).to_contain_text("whsec_")


def change_and_remove(page: Page) -> None:
    row = page.get_by_test_id("subscription").filter(has_text="Render channel")
    row.get_by_role("button", name="Change").click()
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("until").fill("07:00")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("not from 22:00 to 07:00")
    row.get_by_role("button", name="Remove").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("subscription")).to_have_count(1)


def a_browser_shows_what_it_is_told(page: Page, url: str) -> None:
    """As its push service would deliver it, which no machine without the Internet reaches."""
    expect(page.get_by_role("button", name="Tell this browser")).to_be_enabled()
    page.context.grant_permissions(["notifications"], origin=url)
    page.evaluate("navigator.serviceWorker.register('/app/push-worker.js').then(() => null)")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    session, known = page.context.new_cdp_session(page), []
    session.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: known.extend(told["registrations"])
    )
    session.send("ServiceWorker.enable")
    begun = time.monotonic()
    while not known and time.monotonic() - begun < PATIENCE_MS / 1000:
        page.evaluate("null")
    told = {"title": "Flamenco: job done", "body": "forest is done", "path": "jobs"}
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": url.rstrip("/"),
            "registrationId": known[0]["registrationId"],
            "data": json.dumps(told),
        },
    )
    page.wait_for_function(
        """async () => {
            const shown = await (await navigator.serviceWorker.ready).getNotifications()
            return shown.some(({ title, body }) => `${title}: ${body}`.endsWith('forest is done'))
        }"""
    )
