"""What needs a person is found on the page, with its cause and its button, in a real Chromium."""

import base64
import io
from contextlib import closing

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.running import running_manager, submit
from tests.e2e.test_browser import browser_page, photograph
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LOG = "Read blend: shot.blend\nError: Cannot render, no camera\nBlender quit\n"


def played(url: str, name: str) -> httpx.Client:
    """A Worker of Flamenco 3 that is awake, played by the test."""
    worker = {"name": name, "platform": "linux", "supported_task_types": ["misc"]}
    http = httpx.Client(base_url=f"{url}api/v3/worker/", timeout=PATIENCE)
    answer = http.post("register-worker", json={**worker, "secret": "secret"})
    http.auth = (answer.json()["uuid"], "secret")
    http.post("sign-on", json={**worker, "software_version": "3"})
    http.post("state-changed", json={"status": "awake"})
    return http


def test_a_failure_is_found_with_its_cause_and_requeued(farm):
    with browser_page(farm) as page, closing(played(farm, "anna")) as anna:
        submit(farm, name="Sound", type="shaped", settings={"shape": "other"})
        job = submit(farm, name="Blind", type="shaped", settings={"shape": "misc"})
        task = anna.post("task").json()
        told = {"taskStatus": "failed", "activity": "the scene has no camera", "log": LOG}
        assert anna.post(f"task/{task['uuid']}", json=told).status_code == 204
        row = page.locator(f"[data-testid=job-row][data-job-id='{job}']")
        expect(row).to_have_attribute("data-status", "failed")
        needs = page.get_by_test_id("needs-me")
        expect(needs).to_contain_text("1")
        needs.click()
        expect(page.get_by_test_id("job-row")).to_have_count(1)
        row.click()
        failure = page.get_by_test_id("failure")
        expect(failure).to_contain_text("1 task failed")
        expect(failure).to_contain_text("the scene has no camera")
        expect(failure).to_contain_text("Error: Cannot render, no camera")
        photograph(page, "failure.png")
        failure.get_by_role("button", name="Requeue").click()
        expect(failure).to_have_count(0)
        expect(page.get_by_test_id("job-status")).to_have_attribute("data-status", "queued")
        expect(page.get_by_test_id("job-row")).to_have_count(0)


def test_an_approval_is_found_and_given_where_its_job_is(farm):
    with browser_page(farm) as page:
        job = submit(farm, name="Look", type="shaped", settings={"shape": "approval misc:0"})
        row = page.locator(f"[data-testid=job-row][data-job-id='{job}']")
        expect(row).to_contain_text("To approve")
        page.get_by_test_id("needs-me").click()
        row.click()
        approval = page.get_by_test_id("approval")
        expect(approval).to_contain_text("waits for your yes or no")
        photograph(page, "approval-of-job.png")
        approval.get_by_role("button", name="Approve").click()
        expect(approval).to_have_count(0)
        expect(row).to_have_count(0)


def test_an_approval_shows_the_frame_that_it_is_about(farm):
    job = submit(farm, name="Look", type="shaped", settings={"shape": "misc approval:0"})
    drawn = io.BytesIO()
    Image.new("RGB", (200, 112), "teal").save(drawn, "JPEG")
    image = base64.b64encode(drawn.getvalue()).decode()
    with browser_page(f"{farm}app/jobs/{job}") as page, closing(played(farm, "anna")) as anna:
        task = anna.post("task").json()["uuid"]
        sent = {"lease": 1, "frame": 7, "width": 200, "height": 112, "large": image, "small": image}
        assert anna.post(f"task/{task}/picture", json=sent).status_code == 204
        assert anna.post(f"task/{task}", json={"taskStatus": "completed"}).status_code == 204
        approval = page.get_by_test_id("approval")
        shown = approval.get_by_alt_text("Frame 7, which this is about")
        expect(shown).to_be_visible()
        assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 200
        photograph(page, "approval-with-picture.png")
        approval.get_by_role("button", name="Approve").click()
        expect(approval).to_have_count(0)
        expect(page.get_by_test_id("job-status")).to_have_attribute("data-status", "completed")


def test_an_empty_farm_is_not_broken_and_offline_nothing_pretends_to_be_live(tmp_path):
    with running_manager(tmp_path / "farm") as url:
        job = submit(url, name="Long", type="echo-sleep-test", settings={"message": "hi"})
        page_of = browser_page(f"{url}app/jobs/{job}")
        page = page_of.__enter__()
        expect(page.get_by_test_id("farm-status")).to_contain_text("No Workers")
        expect(page.get_by_role("button", name="Pause").first).to_be_enabled()
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "lost")
    expect(page.get_by_test_id("farm-status")).to_contain_text("Out of reach")
    expect(page.get_by_role("button", name="Pause").first).to_be_disabled()
    expect(page.get_by_role("button", name="More").first).to_be_disabled()
    expect(page.get_by_label("Priority, 0 to 100")).to_be_disabled()
    photograph(page, "offline.png")
    page_of.__exit__(None, None, None)


def test_several_workers_are_shut_down_only_after_a_question(farm):
    with (
        browser_page(f"{farm}app/workers") as page,
        closing(played(farm, "anna")),
        closing(played(farm, "bert")),
    ):
        rows = page.get_by_test_id("worker-row")
        expect(rows).to_have_count(2)
        rows.nth(0).click()
        rows.nth(1).click(modifiers=["Control"])
        actions = page.get_by_role("region", name="Workers")
        actions.get_by_role("button", name="Shut down after task").click()
        question = page.get_by_role("alertdialog")
        expect(question).to_contain_text("Shut down 2 Workers?")
        expect(question).to_contain_text("anna, bert")
        page.keyboard.press("Escape")
        expect(question).to_have_count(0)
        expect(rows.nth(0)).not_to_contain_text("offline")
        actions.get_by_role("button", name="Shut down after task").click()
        question.get_by_test_id("confirm").click()
        expect(rows.nth(0)).to_contain_text("offline")
        expect(rows.nth(1)).to_contain_text("offline")
