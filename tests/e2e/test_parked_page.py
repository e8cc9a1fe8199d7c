"""Parked objects are seen on the page, tried again and deleted there."""

import re
import sqlite3
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.running import running_manager, submit
from tests.e2e.test_browser import browser_page, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NAP = {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 1}


def change(storage, statement: str) -> None:
    """Change cells of the database behind the Manager's back."""
    with closing(sqlite3.connect(storage / "flamenco-manager.sqlite")) as connection, connection:
        assert connection.execute(statement).rowcount


def test_parked_jobs_and_workers_are_seen_tried_again_and_deleted(tmp_path):
    farm = tmp_path / "farm"
    with running_manager(farm) as url:
        jobs = {
            name: submit(url, name=name, type="echo-sleep-test", settings=NAP)
            for name in ("Mended", "Deleted", "Sound")
        }
        body = {"name": "anna", "secret": "x", "platform": "linux", "supported_task_types": []}
        httpx.post(f"{url}api/v3/worker/register-worker", json=body).raise_for_status()
    change(farm, "UPDATE jobs SET settings = '{' WHERE name != 'Sound'")
    change(farm, "UPDATE workers SET specs = '{'")
    with running_manager(farm) as url, browser_page(url) as page:
        rows = {name: page.locator(f"[data-job-id='{job}']") for name, job in jobs.items()}
        expect(rows["Mended"]).to_contain_text("Parked")
        expect(rows["Sound"]).not_to_contain_text("Parked")
        rows["Mended"].click()
        notice = page.get_by_test_id("parked")
        expect(notice).to_contain_text("column settings can't be read")
        expect(page.get_by_role("button", name="Pause").first).to_be_disabled()
        photograph(page, "parked-job.png")
        change(farm, "UPDATE jobs SET settings = '{}' WHERE name = 'Mended'")
        notice.get_by_role("button", name="Try again").click()
        expect(notice).to_have_count(0)
        expect(rows["Mended"]).not_to_contain_text("Parked")

        rows["Deleted"].click()
        notice.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete job").click()
        expect(rows["Deleted"]).to_have_count(0)

        page.goto(f"{url}app/workers")
        worker = page.get_by_test_id("worker-row")
        expect(worker).to_contain_text("Parked")
        worker.click()
        expect(notice).to_contain_text("column specs can't be read")
        photograph(page, "parked-worker.png")
        page.goto(f"{url}app/farm/actors")
        parked = page.get_by_test_id("actors-parked")
        expect(parked).to_contain_text("column specs can't be read")
        parked.get_by_role("link").click()
        expect(page).to_have_url(re.compile(f"workers/{worker.get_attribute('data-worker-id')}"))
        change(farm, "UPDATE workers SET specs = '{}'")
        notice.get_by_role("button", name="Try again").click()
        expect(notice).to_have_count(0)
        expect(worker).to_contain_text(re.compile("Offline"))
