"""A job is submitted on the page, in a real Chromium, by a form made of its type's settings."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.e2e.running import get, running_manager, submit
from tests.e2e.test_accessible_page import violations
from tests.e2e.test_browser import browser_page, photograph
from tests.programs import need

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NAME = "Try <b>this</b> out"


@pytest.fixture
def farm(tmp_path):
    """The URL of a Manager."""
    with running_manager(tmp_path / "farm") as url:
        yield url


def jobs(url: str) -> list[dict]:
    return get(f"{url}api/v3/jobs").json()["jobs"]


def test_a_job_is_filled_in_checked_submitted_and_seen(farm):
    with browser_page(f"{farm}app/jobs") as page:
        page.get_by_role("link", name="Submit a job").click()
        page.get_by_label("Type").select_option("echo-sleep-test")
        page.get_by_role("button", name="Submit", exact=True).click()
        expect(page.get_by_label("Name")).to_be_focused()
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Sleep repeats").fill("many")
        page.get_by_role("button", name="Submit", exact=True).click()
        expect(page.get_by_role("alert").filter(has_text="Message")).to_be_visible()
        expect(page.get_by_text("expected a number")).to_be_visible()
        photograph(page, "submit-problems.png")
        assert jobs(farm) == []

        page.get_by_label("Message").fill("hello")
        page.get_by_label("Sleep repeats").fill("2")
        page.get_by_label("Priority").fill("70")
        page.get_by_label("Memory, in GiB", exact=True).fill("1.5")
        page.locator("select").filter(has_text="OptiX").select_option(label="CUDA")
        page.get_by_label("Software").fill("Blender >=4.2,<5, FFmpeg")
        page.get_by_label("Keep from the clean-up").check()
        page.get_by_label("Paused at first").check()
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_test_id("verdict-of-check")).to_have_text(re.compile("would take this"))
        plan = page.get_by_test_id("plan")
        expect(plan.get_by_role("heading")).to_have_text("3 tasks")
        expect(plan.get_by_role("row").nth(1)).to_contain_text("echo")
        expect(plan.get_by_role("row").nth(2)).to_contain_text("#1")
        photograph(page, "submit-checked.png")
        assert jobs(farm) == []

        page.get_by_role("button", name="Submit", exact=True).click()
        expect(page.get_by_test_id("job-status")).to_have_attribute("data-status", "paused")
        expect(page.get_by_role("heading", name=NAME)).to_be_visible()
        expect(page.get_by_test_id("job-row")).to_contain_text(NAME)
        (job,) = jobs(farm)
        assert (job["name"], job["priority"], job["keep"]) == (NAME, 70, True)
        needed = job["requirements"]
        assert (needed["memory_mib"], needed["gpu_kind"]) == (1536, "cuda")
        versions = {each["name"].lower(): each["version"] for each in needed["software"]}
        assert versions == {"blender": ">=4.2,<5", "ffmpeg": ""}
        wanted = {"message": "hello", "sleep_duration_seconds": 1, "sleep_repeats": 2}
        assert job["settings"] == wanted


def test_a_job_is_submitted_again_with_its_settings_but_for_what_is_changed(farm):
    old = submit(
        farm,
        name="Old",
        type="echo-sleep-test",
        priority=33,
        settings={"message": "hi", "sleep_duration_seconds": 4, "sleep_repeats": 3},
        metadata={"user.name": "kim"},
        requirements={"cores": 8, "memory_mib": 2048},
    )
    with browser_page(f"{farm}app/jobs/{old}") as page:
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name="Submit again…").click()
        expect(page.get_by_role("heading", name="Submit again: Old")).to_be_visible()
        expect(page.get_by_label("Message")).to_have_value("hi")
        expect(page.get_by_label("Memory, in GiB", exact=True)).to_have_value("2")
        page.get_by_label("Name").fill("New")
        page.get_by_label("Message").fill("hello")
        photograph(page, "submit-again.png")
        page.get_by_role("button", name="Submit", exact=True).click()
        expect(page.get_by_role("heading", name="New")).to_be_visible()
        new = next(job for job in jobs(farm) if job["id"] != old)
        assert page.url.endswith(new["id"])
        wanted = {"message": "hello", "sleep_duration_seconds": 4, "sleep_repeats": 3}
        assert new["settings"] == wanted
        assert (new["priority"], new["owner"]) == (33, "kim")
        assert new["requirements"]["cores"] == 8
        assert new["requirements"]["memory_mib"] == 2048


SCENE = (
    "import bpy; scene = bpy.context.scene; scene.frame_start, scene.frame_end = 3, 130; "
    "bpy.ops.wm.save_as_mainfile(filepath={!r})"
)


def test_a_file_of_the_shared_storage_fills_in_the_form_but_for_what_was_typed(farm, tmp_path):
    file = tmp_path / "farm" / "shared" / "film" / "shot.blend"
    file.parent.mkdir(parents=True)
    making = [need("blender"), "--background", "--factory-startup", "--python-expr"]
    subprocess.run([*making, SCENE.format(str(file))], check=True, capture_output=True)
    with browser_page(f"{farm}app/submit") as page:
        page.get_by_label("Type").select_option("simple-blender-render")
        page.get_by_label("Name").fill("Shot")
        page.get_by_label("Samples").fill("7")
        page.get_by_label("Blendfile").fill("shot")
        expect(page.locator("#blend-files option")).to_have_attribute("value", str(file))
        page.get_by_label("Blendfile").fill(str(file))
        expect(page.get_by_test_id("blend-file")).to_contain_text("are those of the file")
        expect(page.get_by_label("Frames", exact=True)).to_have_value("3-130")
        expect(page.get_by_label("Scene", exact=True)).to_have_value("Scene")
        expect(page.get_by_label("Samples")).to_have_value("7")
        root = page.get_by_label("Render output root")
        root.fill(str(tmp_path / "farm" / "shared" / "out"))
        root.blur()
        output = page.get_by_label("Render output path")
        expect(output).to_have_value(re.compile(r"shared/out/.*######"))
        photograph(page, "submit-read.png")
        page.get_by_role("button", name="Check").click()
        plan = page.get_by_test_id("plan")
        expect(plan.get_by_role("heading")).to_have_text("129 tasks, 128 frames")
        expect(plan).to_contain_text(re.compile(r"shared/out/Shot/[^{}]*/######"))
        expect(plan.get_by_role("row")).to_have_count(101)
        photograph(page, "submit-plan.png")
        page.get_by_role("button", name="Show more of 129").click()
        expect(plan.get_by_role("row")).to_have_count(130)
        assert violations(page) == []
        page.get_by_role("button", name="Submit", exact=True).click()
        expect(page.get_by_role("heading", name="Shot")).to_be_visible()
    (job,) = jobs(farm)
    assert job["settings"]["image_file_extension"] == ".png"
    assert job["settings"]["samples"] == 7
    assert job["settings"]["blendfile"].endswith("film/shot.blend")


def test_what_the_manager_refuses_is_told_and_what_was_filled_in_stays(farm):
    with browser_page(f"{farm}app/submit") as page:
        page.get_by_label("Type").select_option("test-frames")
        page.get_by_label("Name").fill("Backwards")
        page.get_by_label("Frames", exact=True).fill("nine to five")
        page.get_by_label("Render output path").fill("/nowhere/######")
        page.get_by_role("button", name="Check").click()
        verdict = page.get_by_test_id("verdict-of-check")
        expect(verdict).to_contain_text("nine to five")
        photograph(page, "submit-refused.png")
        page.get_by_role("button", name="Submit", exact=True).click()
        expect(verdict).to_contain_text("nine to five")
        expect(page.get_by_label("Frames", exact=True)).to_have_value("nine to five")
        assert jobs(farm) == []
        page.get_by_label("Frames", exact=True).fill("5-9")
        expect(verdict).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_is_reached_by_the_palette_and_axe_finds_nothing_in_it(farm, theme):
    with browser_page(f"{farm}app/workers") as page:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.get_by_role("button", name="Find or do anything")).to_be_visible()
        page.keyboard.press("Control+k")
        expect(page.get_by_test_id("palette").get_by_role("textbox")).to_be_focused()
        page.keyboard.type("submit a job")
        expect(page.get_by_role("option").first).to_contain_text("Submit a job")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Submit a job")).to_be_visible()
        page.get_by_label("Type").select_option("simple-blender-render")
        page.get_by_role("button", name="Check").click()
        photograph(page, f"submit-{theme}.png")
        assert violations(page) == []
        page.set_viewport_size({"width": 420, "height": 844})
        photograph(page, f"submit-phone-{theme}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
