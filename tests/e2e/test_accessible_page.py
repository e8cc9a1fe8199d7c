"""axe finds nothing on any page, light or dark, in a real Chromium."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import web
from tests.e2e.running import running_manager, running_worker, submit
from tests.e2e.test_browser import browser_page, photograph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

AXE = Path(web.__path__[0], "app", "node_modules", "axe-core", "axe.min.js")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """A farm with a Worker, a job that is done and one that waits; its URL and the former."""
    folder = tmp_path_factory.mktemp("farm")
    frames = {"frames": "1-6", "render_output_path": str(folder / "######"), "fps": 24.0}
    with running_manager(folder / "storage") as url, running_worker(url, folder / "anna", "anna"):
        job = submit(url, name="Six frames", type="test-frames", settings=frames)
        yield url, job


SETTLE = """async () => {
  const underway = () => document.getAnimations().filter((each) => each instanceof CSSTransition)
  for (let some = underway(); some.length; some = underway()) {
    await Promise.allSettled(some.map(({ finished }) => finished))
  }
}"""


def violations(page: Page) -> list[str]:
    """What axe finds once colours have changed: some may still be those of another theme."""
    page.evaluate(SETTLE)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "levels => axe.run({ runOnly: levels }).then(({ violations }) => violations)", LEVELS
    )
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(farm, theme):
    url, job = farm
    with browser_page(f"{url}app/jobs") as page:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        row = page.locator(f"[data-job-id='{job}']")
        expect(row).to_have_attribute("data-status", "completed")
        for place in (
            "jobs",
            f"jobs/{job}",
            "workers",
            "workers?view=map",
            "workers/tags",
            "farm",
            "farm/actors",
            "frames",
            "frames?view=jobs",
            "settings",
        ):
            page.goto(f"{url}app/{place}")
            expect(page.get_by_role("heading", level=1).first).to_be_attached()
            expect(page.get_by_test_id("farm-status")).not_to_contain_text("Unknown")
            photograph(page, f"{re.sub('[/?]', '-', place.replace(job, 'job'))}-{theme}.png")
            assert violations(page) == [], place


def test_the_page_of_the_api_keeps_to_the_security_policy(farm):
    url, _ = farm
    with browser_page(f"{url}api/v3/swagger-ui/") as page:
        page.get_by_role("button", name="GET /api/v3/version").first.click()
        expect(page.get_by_text("Try it out").first).to_be_visible()
