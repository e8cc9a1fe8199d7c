"""The web page of a large farm: a real Chromium, and a real Manager in a process of its own.

python -m tests.bench.page [--jobs 10000] [--tasks 100000] [--seconds 60] [--json FILE]
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path

import attrs
import trio
from playwright.sync_api import Page, Response, sync_playwright

from flamenco.config.manager import DATABASE_NAME
from flamenco.logs import TaskLogs
from flamenco.model.statuses import JobStatus
from flamenco.store import InsertJob, open_store
from tests.bench.lists.__main__ import jobs
from tests.bench.page.updates import updates
from tests.e2e.running import running_manager, submit
from tests.e2e.test_browser import FLAGS
from tests.programs import need

PATIENCE_MS = 180_000
ROWS = "[data-testid=job-row]"
TASKS = "[data-testid=task-row]"
SHEET = "[data-testid=frame]"
MIB = 2**20

FRAMES = """async (milliseconds) => {
    let frames = 0, going = true
    const begun = performance.now()
    const count = () => { frames += 1; if (going) requestAnimationFrame(count) }
    requestAnimationFrame(count)
    await new Promise((done) => setTimeout(done, milliseconds))
    going = false
    return frames / (performance.now() - begun) * 1000
}"""
SCROLL = """async ([selector, milliseconds]) => {
    let box = document.querySelector(selector).parentElement
    while (!['auto', 'scroll'].includes(getComputedStyle(box).overflowY)) box = box.parentElement
    let frames = 0
    const begun = performance.now()
    while (performance.now() - begun < milliseconds) {
        box.scrollTop += 60
        frames += 1
        await new Promise(requestAnimationFrame)
    }
    return frames / (performance.now() - begun) * 1000
}"""
WATCH_INPUT = """() => {
    window.delays = []
    new PerformanceObserver((list) => {
        const keys = list.getEntries().filter(({ name }) => name === 'keydown')
        delays.push(...keys.map(({ duration }) => duration))
    }).observe({ type: 'event', durationThreshold: 16 })
}"""


async def fill(storage: Path, count: int) -> None:
    async with open_store(storage / DATABASE_NAME, TaskLogs(storage)) as store:
        done = [
            InsertJob(attrs.evolve(job, status=JobStatus.COMPLETED, id=_as_uuid(job.id)))
            for job in jobs(count)
        ]
        for begin in range(0, count, 5000):
            await store.commit(done[begin : begin + 5000])


def _as_uuid(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def heap(page: Page) -> float:
    """MiB in use after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / MIB


def opened(page: Page, address: str, selector: str) -> float:
    """Milliseconds from the request to the first row."""
    page.goto(address, wait_until="commit")
    return _when(page, selector)


def _when(page: Page, selector: str) -> float:
    shown = "(selector) => document.querySelector(selector) && performance.now()"
    return page.wait_for_function(shown, arg=selector, polling="raf").json_value()


def first_load(page: Page, url: str) -> dict[str, float]:
    scripts: list[Response] = []
    page.on("response", lambda got: scripts.append(got) if ".js" in got.url else None)
    ready = opened(page, f"{url}app/jobs", "[data-testid=list-count]")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    sent = sum(len(gzip.compress(each.body())) for each in scripts)
    return {"first_paint_ms": paint, "ready_ms": ready, "first_load_kib": sent / 1024}


def busy(page: Page, url: str, seconds: float) -> dict[str, float]:
    """What a person feels while tasks change all the time."""
    with updates(url, seconds) as (job, told):
        opened(page, f"{url}app/jobs/{job}?tab=tasks", TASKS)
        page.evaluate(WATCH_INPUT)
        before = heap(page)
        begun, pieces = told.value, []
        field = page.get_by_label("Search jobs")
        for _ in range(max(1, int(seconds // 5))):
            field.press("a")
            pieces.append(page.evaluate(FRAMES, 5000))
            field.press("Backspace")
        count = told.value - begun
        delays = sorted(page.evaluate("delays")) or [16]
        return {
            "updates_per_second": count / (5 * len(pieces)),
            "busy_fps": sum(pieces) / len(pieces),
            "input_delay_p95_ms": delays[int(len(delays) * 0.95)] if len(delays) > 1 else delays[0],
            "heap_growth_mib": heap(page) - before,
        }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    storage = folder / "storage"
    figures: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        with running_manager(folder / "empty") as url:
            figures |= first_load(page, url)
            figures["idle_fps"] = page.evaluate(FRAMES, 5000)
            figures |= busy(page, url, options.seconds)
        storage.mkdir()
        trio.run(fill, storage, options.jobs)
        with running_manager(storage) as url:
            figures["open_10k_jobs_ms"] = opened(page, f"{url}app/jobs", ROWS)
            figures["scroll_fps"] = page.evaluate(SCROLL, [ROWS, 5000])
            settings = {"frames": f"1-{options.tasks}", "fps": 24.0}
            settings["render_output_path"] = "/farm/######"
            job = submit(url, name="Long", type="test-frames", settings=settings)
            frames = f"{url}app/jobs/{job}?tab=frames"
            figures["open_100k_frames_ms"] = opened(page, frames, SHEET)
            figures["scroll_frames_fps"] = page.evaluate(SCROLL, [SHEET, 5000])
            tasks = f"{url}app/jobs/{job}?tab=tasks"
            figures["open_100k_tasks_ms"] = opened(page, tasks, TASKS)
            figures["scroll_tasks_fps"] = page.evaluate(SCROLL, [TASKS, 5000])
        browser.close()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="of updates")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options, Path(folder))
    for name, value in figures.items():
        print(f"{name:24}{value:>10.1f}")
    if options.json:
        # npm changes the folder; the file is meant where the command was given.
        path = Path(os.environ.get("INIT_CWD", ""), options.json)
        path.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
