"""Who joins a farm of users, and who changed what in it, in a real Chromium."""

import json
import re
import shlex

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import started, users_manager, wait_for
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph
from tests.e2e.test_sign_in_page import choose_password
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MORE_THAN_A_PAGE = 230
"""Number of lines of the audit log that the page doesn't ask for at once."""
COMMAND = re.compile(r"flamenco (worker --manager \S+ --join-token [\w.-]+)")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """The Manager's URL, and the page of an operator who has signed in."""
    with (
        users_manager(tmp_path_factory.mktemp("farm")) as (url, link),
        browser_page(link) as page,
    ):
        choose_password(page, "Ann")
        yield url, page


def registered(url: str, name: str) -> None:
    """Let a Worker of Flamenco 3 come, which can't send a secret."""
    body = {"secret": "x" * 64, "platform": "linux", "supported_task_types": ["misc"], "name": name}
    answer = httpx.post(f"{url}api/v3/worker/register-worker", json=body, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text


def pictured(page: Page, name: str) -> None:
    """Let axe look at the page, light and dark, and on a phone."""
    for theme, width in (("light", 1440), ("dark", 1440), ("dark", 420)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        photograph(page, f"{name}-{theme}-{width}.png")
        assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_worker_joins_by_the_command_that_is_shown_once(desk, tmp_path):
    url, page = desk
    tag = {"name": "gpu"}
    page.request.post(f"{url}api/v3/worker-mgt/tags", data=tag, headers={"Origin": url[:-1]})
    page.goto(f"{url}app/workers")
    page.get_by_role("link", name="join token").click()
    page.get_by_label("Purpose of the new join token").fill("rack 3")
    page.get_by_label("Joins by it").select_option(label="any number of new Workers")
    page.get_by_label("gpu").check()
    page.get_by_role("button", name="Make a join token").click()
    command = COMMAND.fullmatch(page.get_by_title("Copy the command").inner_text())[1]
    token = page.get_by_test_id("join-token").filter(has_text="rack 3")
    expect(token).to_contain_text("rack 3")
    expect(token).to_contain_text("gpu")
    pictured(page, "joining")
    page.get_by_role("button", name="I have it").click()

    options = ("--name", "anna", "--home", tmp_path)
    with started(*shlex.split(command), *options, log=tmp_path / "log", cwd=tmp_path):
        page.goto(f"{url}app/workers")
        row = page.get_by_test_id("worker-row").filter(has_text="anna")
        expect(row).to_contain_text("gpu")
        page.goto(f"{url}app/workers/joining")
        expect(token.get_by_role("cell", name="1", exact=True)).to_be_visible()
        page.get_by_role("button", name="End rack 3").click()
        page.get_by_test_id("confirm").click()
        expect(token).to_have_count(0)


def test_a_worker_without_a_token_waits_until_somebody_says_yes_or_no(desk):
    url, page = desk
    for name in ("bert", "carl", "dora"):
        registered(url, name)
    page.goto(f"{url}app/workers/joining")
    waiting = page.get_by_test_id("waiting-worker")
    expect(waiting).to_have_count(3)
    pictured(page, "waiting")
    page.get_by_role("button", name="Approve bert").click()
    expect(waiting).to_have_count(2)
    waiting.filter(has_text="carl").get_by_role("button", name="Remove…").click()
    page.get_by_test_id("confirm").click()
    expect(waiting).to_have_count(1)

    page.get_by_role("link", name="dora").click()
    call = page.get_by_test_id("awaits-approval")
    expect(call).to_contain_text("gets no task until somebody approves it")
    assert violations(page) == []
    call.get_by_role("button", name="Approve dora").click()
    expect(call).to_have_count(0)


def test_the_audit_log_is_narrowed_down_looked_into_and_exported(desk):
    url, page = desk
    for number in range(MORE_THAN_A_PAGE):
        tag = {"name": f"tag {number:03}"}
        made = page.request.post(
            f"{url}api/v3/worker-mgt/tags", data=tag, headers={"Origin": url[:-1]}
        )
        assert made.ok
    page.goto(f"{url}app/users")
    page.get_by_label("Name of the new user").fill("Ben")
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Role of Ben").select_option("wrangler")
    page.get_by_role("link", name="Audit log").click()

    lines = page.get_by_test_id("audit-line")
    expect(lines.first).to_contain_text("Ann")
    assert lines.count() < MORE_THAN_A_PAGE / 2
    lines.first.get_by_role("link").click()
    changes = page.get_by_test_id("audit-changes")
    expect(changes).to_contain_text("before: artist")
    expect(changes).to_contain_text("after: wrangler")
    pictured(page, "audit")
    page.get_by_role("link", name="All about it").click()
    expect(lines).to_have_count(1)
    page.reload()
    expect(lines).to_have_count(1)
    expect(changes).to_contain_text("after: wrangler")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON lines").click()
    (exported,) = map(json.loads, download.value.path().read_text().splitlines())
    assert exported["after"] == {"role": "wrangler"}

    page.goto(f"{url}app/audit?who=nobody")
    expect(page.get_by_text("No line matches")).to_be_visible()
    page.get_by_label("Who").fill("ann")
    expect(lines.first).to_be_visible()
    page.get_by_label("Last day").fill("2001-02-03")
    expect(page.get_by_text("No line matches")).to_be_visible()
    page.get_by_label("Last day").fill("")
    page.get_by_test_id("more-filters").click()
    page.get_by_label("Operation", exact=True).select_option("createWorkerTag")
    page.keyboard.press("Escape")
    expect(lines.first).to_contain_text(f"tag {MORE_THAN_A_PAGE - 1:03}")
    page.locator("section[aria-label='Audit log']").hover()

    def scrolled_to_the_first() -> bool:
        page.mouse.wheel(0, 20_000)
        return lines.filter(has_text="tag 000").count() == 1

    wait_for(scrolled_to_the_first)
