"""Pictures of the web page for README and user guide: a demo farm at work, in a real Chromium.

python -m tests.tour [--folder docs/pictures]
"""

import argparse
import io
import re
import subprocess
import tempfile
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.running import finished_status, started, submit, wait_for
from tests.e2e.test_browser import FLAGS, MILLISECONDS
from tests.patience import PATIENCE
from tests.programs import need

DOCUMENTS = Path(__file__).parents[1] / "docs" / "pictures"
JOBS = (("Harbor 010", "ada", 24), ("Lighthouse turntable", "bert", 12), ("Harbor 020", "ada", 48))
"""Name, owner and number of frames; the first is half done when its pictures are taken."""
HALF_DONE = JOBS[0][2] // 2
LARGE, PHONE = (1440, 900), (420, 844)
SEEN = """[...document.images].every(
    (image) => image.complete || image.getBoundingClientRect().top > window.innerHeight
)"""
"""True once what is in sight is loaded; a browser need not load the rest."""
MOST_BYTES = 150 * 1024
MINUTES = 15.0


def take(browser: Browser, url: str, shown: str, colors: str, size: tuple[int, int]) -> bytes:
    """A picture of the page, as WebP, once this text is on it."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colors)
    page.goto(url)
    expect(page.get_by_text(shown).first).to_be_visible(timeout=MILLISECONDS)
    wait_for(lambda: page.evaluate(SEEN))
    made = io.BytesIO()
    Image.open(io.BytesIO(page.screenshot())).save(made, "WEBP", quality=82, method=6)
    page.close()
    assert len(made.getvalue()) <= MOST_BYTES, f"{url} in {colors} has too large a picture"
    return made.getvalue()


def has_begun(url: str, demo: subprocess.Popen[str]) -> bool:
    """True once the job of the demo is there."""
    assert demo.poll() is None, "the demo has ended"
    try:
        return bool(httpx.get(f"{url}api/v3/jobs", timeout=PATIENCE).json()["jobs"])
    except httpx.TransportError:
        return False


def at_work(url: str) -> str:
    """The id of a job that is half done, beside others."""
    http = httpx.Client(base_url=f"{url}api/v3/", timeout=PATIENCE)
    demo = http.get("jobs").json()["jobs"][0]
    assert finished_status(url, demo["id"], MINUTES * 60) == "completed"
    folder = Path(demo["settings"]["render_output_path"]).parents[1]
    jobs = [
        submit(
            url,
            name=name,
            type=demo["type"],
            metadata={"project": "Harbor", "user.name": owner},
            settings=demo["settings"]
            | {"frames": f"1-{frames}", "render_output_path": str(folder / name / "######")},
        )
        for name, owner, frames in JOBS
    ]

    def is_half_done() -> bool:
        return http.get(f"jobs/{jobs[0]}").json()["frames"]["done"] >= HALF_DONE

    wait_for(is_half_done, MINUTES * 60)
    return jobs[0]


def tour(browser: Browser, url: str) -> dict[str, bytes]:
    """The pictures; {name: WebP}."""
    job = f"{url}app/jobs/{at_work(url)}"
    return {
        "job-dark": take(browser, job, "of 24 frames", "dark", LARGE),
        "job-phone": take(browser, job, "Harbor 010", "dark", PHONE),
        "steps-light": take(browser, f"{job}?tab=steps", "preview-video", "light", LARGE),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tour")
    parser.add_argument("--folder", type=Path, default=DOCUMENTS)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as farm:
        log = Path(farm) / "demo.log"
        command = ("demo", "--no-browser", "--workers", "2", "--storage", Path(farm) / "farm")
        with started(*command, log=log) as demo, sync_playwright() as playwright:
            found = wait_for(lambda: re.search(r"Web page: (\S+)", log.read_text()))
            wait_for(lambda: has_begun(found[1], demo), MINUTES * 60)
            browser = playwright.chromium.launch(executable_path=need("chromium"), args=list(FLAGS))
            for name, picture in tour(browser, found[1]).items():
                (folder / f"{name}.webp").write_bytes(picture)
            browser.close()


if __name__ == "__main__":
    main()
