"""`flamenco worker --test`: a report on this machine's abilities for the farm."""

import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import httpx
import msgspec

from flamenco.api.meta import FlamencoVersion
from flamenco.config.trust import trusted
from flamenco.config.worker import WorkerConfig
from flamenco.platforms import PLATFORM
from worker.checks import (
    CHECKS,
    CheckFailed,
    Farm,
    ask_farm,
    check_blender,
    check_ffmpeg,
    measure_storage,
)
from worker.finding import FIND_SECONDS, search
from worker.probes import MIB

SPEED_BYTES = 64 * MIB
ANSWER_SECONDS = 10.0


@attrs.frozen
class Line:
    """One line of the report."""

    name: str
    ok: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.name:<22} {self.text}"


async def run_test(config: WorkerConfig, say: Callable[[str], None] = print) -> int:
    """Make all checks and report each as it is done; returns the exit status, 0 if all is well.

    A task type that is not offered counts as a failure, so that a wrong configuration is noticed.
    Raises `NoManagerFound` if no Manager is configured or found.
    """
    say(f"Worker {config.name} on {PLATFORM} ({platform.platform()}), home {config.home}")
    if not config.manager_url:
        config = attrs.evolve(config, manager_url=await search(FIND_SECONDS))
    failures = 0
    async with httpx.AsyncClient(
        base_url=config.manager_url, timeout=ANSWER_SECONDS, trust_env=False, verify=trusted()
    ) as http:
        async for line in report(config, http):
            failures += not line.ok
            say(str(line))
    say(f"{failures or 'no'} problem{'' if failures == 1 else 's'} found")
    return 1 if failures else 0


async def report(config: WorkerConfig, http: httpx.AsyncClient) -> AsyncIterator[Line]:
    """The lines of the report, each when its check is done."""
    yield await _line("Manager", _reach(config, http))
    try:
        farm = await ask_farm(http)
    except httpx.HTTPError:
        farm = Farm()
    yield await _line("Blender", check_blender(farm))
    yield await _line("FFmpeg", check_ffmpeg(farm))
    yield await _line("shared storage", measure_storage(farm, SPEED_BYTES))
    for task_type in config.task_types:
        check = CHECKS.get(task_type)
        name = f"task type {task_type}"
        yield await _line(name, check(farm)) if check else Line(name, ok=True, text="offered")


async def _line(name: str, check: Awaitable[str]) -> Line:
    try:
        return Line(name, ok=True, text=await check)
    except CheckFailed as error:
        return Line(name, ok=False, text=str(error))


async def _reach(config: WorkerConfig, http: httpx.AsyncClient) -> str:
    """The way to the Manager, there and back."""
    began = time.perf_counter()
    try:
        answer = await http.get("api/v3/version")
        version = msgspec.json.decode(answer.content, type=FlamencoVersion)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise CheckFailed(f"no answer from {config.manager_url}: {reason}") from None
    except msgspec.DecodeError:
        raise CheckFailed(f"the server at {config.manager_url} is not a Manager") from None
    seconds = time.perf_counter() - began
    return (
        f"{config.manager_url} answers in {seconds * 1000:.0f} ms:"
        f" {version.name}, Flamenco {version.version}"
    )
