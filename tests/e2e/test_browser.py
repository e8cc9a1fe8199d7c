"""The web page in a real Chromium: a job is seen to complete, live, and can be steered."""

import os
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.running import running_manager, running_worker, shaped_manager, submit, wait_for
from tests.patience import PATIENCE
from tests.programs import need

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MILLISECONDS = 2 * PATIENCE * 1000
expect.set_options(timeout=MILLISECONDS)


def policies_in(said: str) -> list[str]:
    """A sentence of the console, if it tells of what the security policy forbids."""
    return [said] if "Content Security Policy" in said else []


@contextmanager
def browser_page(url: str):
    """A page of the farm in Chromium; what its console complains of fails the test."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=need("chromium"), args=list(FLAGS), timeout=MILLISECONDS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.extend(policies_in(said.text)))
        try:
            page.goto(url)
            yield page
        finally:
            browser.close()
    assert complaints == []


def point_at(page: Page, place: int, of: int) -> None:
    """Move the mouse to a cell of the strip, which has so many, until it is where the strip is.

    What comes late above the strip moves it away from the mouse.
    """
    strip = page.get_by_test_id("strip")
    tip = strip.locator("xpath=..").get_by_role("tooltip")

    def moved() -> bool:
        strip.scroll_into_view_if_needed()
        box = strip.bounding_box()
        page.mouse.move(box["x"] + (place + 0.5) * box["width"] / of, box["y"] + box["height"] / 2)
        return tip.is_visible() and strip.bounding_box() == box

    wait_for(moved)


def click_cell(page: Page, place: int, of: int) -> None:
    """Click a cell of the strip, once what stands above has all come and nothing moves."""
    strip = page.get_by_test_id("strip")
    expect(strip).to_have_attribute("data-parts", str(of))
    page.wait_for_load_state("networkidle")
    box = strip.bounding_box()
    strip.click(position={"x": (place + 0.5) * box["width"] / of, "y": box["height"] / 2})


def photograph(page: Page, name: str) -> None:
    """Keep a screenshot where ``FLAMENCO_SCREENSHOTS`` names a folder."""
    folder = os.environ.get("FLAMENCO_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / name)


def test_a_job_is_seen_to_complete_without_reloading(tmp_path):
    frames = str(tmp_path / "farm" / "shared" / "jobs" / "out" / "######")
    settings = {"frames": "1-6", "render_output_path": frames, "fps": 24.0}
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        expect(page).to_have_title(re.compile("Flamenco"))
        photograph(page, "empty.png")
        job = submit(url, name="Six frames", type="test-frames", settings=settings)
        row = page.locator(f"[data-testid=job-row][data-job-id='{job}']")
        expect(row).to_have_attribute("data-status", "queued")
        row.click()
        expect(page.get_by_test_id("strip-counts")).to_have_text("6 to do")
        with running_worker(url, tmp_path / "anna", "anna"):
            expect(row).to_have_attribute("data-status", "completed")
            expect(page.get_by_test_id("strip-counts")).to_have_text("6 done")
            picture = page.get_by_test_id("last-rendered").first
            expect(picture).to_be_visible()
            photograph(page, "job.png")
            page.goto(f"{url}app/workers")
            worker = page.get_by_test_id("worker-row")
            expect(worker).to_have_attribute("data-status", "awake")
            photograph(page, "workers.png")
        expect(worker).to_have_attribute("data-status", "offline")


def test_a_job_is_paused_and_cancelled_from_the_page(tmp_path):
    settings = {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 3}
    with running_manager(tmp_path / "farm") as url, browser_page(url) as page:
        job = submit(url, name="Naps", type="echo-sleep-test", settings=settings)
        row = page.locator(f"[data-testid=job-row][data-job-id='{job}']")
        row.click()
        page.get_by_role("button", name="Pause").first.click()
        expect(row).to_have_attribute("data-status", "paused")
        page.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(row).to_have_attribute("data-status", "canceled")


def test_a_wrangler_approves_and_the_rest_of_the_job_runs(tmp_path):
    with shaped_manager(tmp_path / "farm") as url, browser_page(url) as page:
        job = submit(url, name="Look", type="shaped", settings={"shape": "approval misc:0"})
        page.locator(f"[data-testid=job-row][data-job-id='{job}']").click()
        click_cell(page, 1, of=2)
        why = page.get_by_test_id("why-task-waits")
        expect(why).to_contain_text("approval-0 (queued)")
        expect(page.get_by_test_id("why-waiting")).to_contain_text("approve approval-0")
        click_cell(page, 0, of=2)
        verdict = page.get_by_test_id("verdict")
        expect(verdict).to_contain_text("waits for your yes or no")
        photograph(page, "approval.png")
        page.set_viewport_size({"width": 390, "height": 844})
        photograph(page, "approval-phone.png")
        page.set_viewport_size({"width": 1440, "height": 900})
        verdict.get_by_role("button", name="Approve").click()
        expect(page.get_by_test_id("task-status")).to_have_attribute("data-status", "completed")
        expect(verdict).to_have_count(0)
        click_cell(page, 1, of=2)
        with running_worker(url, tmp_path / "anna", "anna"):
            expect(page.get_by_test_id("attempts")).to_contain_text("1 attempt")
        page.get_by_test_id("attempts").locator("summary").click()
        photograph(page, "attempts.png")
        expect(page.get_by_test_id("attempts")).to_contain_text("anna")


def test_the_page_says_why_a_worker_does_not_take_a_task_type(tmp_path, monkeypatch):
    """A Blender that is not there, in the Manager's variable for the Workers."""
    farm = tmp_path / "farm"
    farm.mkdir()
    (farm / "flamenco-manager.yaml").write_text(
        "_meta: {version: 3}\n"
        "variables: {blender: {values: [{platform: all, value: /opt/no-such-blender}]}}\n"
    )
    monkeypatch.chdir(farm)
    with (
        running_manager(farm) as url,
        browser_page(f"{url}app/workers") as page,
        running_worker(url, tmp_path / "anna", "anna"),
    ):
        worker = page.get_by_test_id("worker-row")
        expect(worker).to_have_attribute("data-status", "awake")
        worker.click()
        withheld = page.get_by_test_id("worker-checks")
        expect(withheld).to_contain_text("blender")
        expect(withheld).to_contain_text("no-such-blender")
        expect(page.get_by_text("of memory")).to_be_visible()
        photograph(page, "withheld.png")
        page.set_viewport_size({"width": 390, "height": 844})
        photograph(page, "withheld-phone.png")
