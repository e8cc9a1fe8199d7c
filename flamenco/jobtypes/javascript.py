"""Job types in JavaScript, run by QuickJS. The functions for scripts are in `prelude/`.

A script cannot call Python, and QuickJS alone has no files, network or processes: the job goes in
as JSON, tasks come out as JSON. When a script requires a module that has not been read, it is
read, and the script runs again from its start.
"""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import _quickjs as quickjs  # without its wrapper, which keeps a thread
import attrs
import msgspec

from flamenco.jobtypes.authoring import format_timestamp_local
from flamenco.jobtypes.described import job_type_from
from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.files import Stamp, stamp
from flamenco.jobtypes.limits import EXHAUSTED, Limits, too_long
from flamenco.jobtypes.messages import TASKS_AT_ONCE, Outcome
from flamenco.jobtypes.places import Source, told
from flamenco.model.bounds import HIGHEST_PRIORITY, LOWEST_PRIORITY
from flamenco.model.jobtypes import JobToCompile, JobType, sealed
from flamenco.model.names import fault
from flamenco.model.statuses import JobStatus
from flamenco.platforms import PLATFORM

logger = logging.getLogger(__name__)

T = TypeVar("T")

PARTS = (
    *("values", "printing", "frames", "paths", "words", "time"),
    *("tasks", "job", "modules", "host"),
)
"""The files of the prelude, in their order."""


def _prelude() -> str:
    folder = Path(__file__).with_name("prelude")
    parts = [folder.joinpath(f"{part}.js").read_text("utf-8") for part in PARTS]
    return "\n".join(["(function () { 'use strict';", *parts, "})();"])


PRELUDE = _prelude()
"""Code that runs before every script. Its value is the function through which Python asks, and
only Python has it."""

MOST_MODULES = 1000
EXPECTED = (
    'expected JOB_TYPE = {label: "...", settings: [...]} and a function compileJob(job); '
    "see docs/job-types.md"
)


@attrs.define(eq=False)
class JavaScript:
    """A script that was run, with its files."""

    path: Path
    limits: Limits | None
    job_type: JobType = attrs.field(init=False)
    files: dict[Path, Stamp | None] = attrs.field(factory=dict)
    _sources: dict[str, Source | None] = attrs.field(factory=dict)

    def describe(self, name: str) -> None:
        """Run the script to get its job type. Raises CompileError."""
        self._read(self.path.name)
        self.job_type = sealed(self._run(_described), name)

    def compile(self, job: JobToCompile) -> Outcome:
        """Run the script for a job. Raises CompileError."""
        question = json.dumps(_as_scripts_see(job))
        machine, made = self._run(lambda machine: _compiled(machine, question))
        return Outcome(
            made["settings"],
            made["metadata"],
            self._pieces(machine, made["tasks"]),
            name=made["name"],
            priority=made["priority"],
        )

    def _pieces(self, machine: "_Machine", count: int) -> Iterator[bytes]:
        for start in range(0, count, TASKS_AT_ONCE):
            try:
                piece = machine.ask("tasks", start, start + TASKS_AT_ONCE)
            except quickjs.JSException as error:
                raise self._refusal(error) from None
            yield piece

    def _run(self, ask: Callable[["_Machine"], T]) -> T:
        """Run the script, then ``ask``; repeat as long as it requires modules not read so far."""
        budget = _Budget(self.limits)
        while len(self._sources) <= MOST_MODULES:
            machine = _Machine(self._sources, self.path.name, budget)
            try:
                machine.start()
                answer = ask(machine)
            except (quickjs.JSException, ValueError) as error:
                failure: Exception | None = error
            else:
                failure = None
            wanted = machine.wanted()
            for each in wanted:
                self._read(each)
            if not wanted:
                machine.log_printed()
                if failure is not None:
                    raise self._refusal(failure) from None
                return answer
        raise CompileError(f"{self.path.name}: requires more than {MOST_MODULES} modules")

    def _read(self, name: str) -> None:
        """Read a file of the script's folder, if there is such a file."""
        folder = self.path.parent
        file = folder / name
        self.files[file] = stamp(file)
        before = max((each.after for each in self._sources.values() if each), default=FIRST_LINE)
        self._sources[name] = None
        if name == self.path.name or file.resolve().is_relative_to(folder.resolve()):
            try:
                text = file.read_text("utf-8-sig")
                self._sources[name] = Source(_HASHBANG.sub("//", text), before)
            except OSError:
                return
            except UnicodeDecodeError:
                raise CompileError(f"{name}: expected text in UTF-8") from None

    def _refusal(self, error: Exception) -> CompileError:
        if isinstance(error, ValueError):
            return CompileError(f"{self.path.name}: {error}")
        place, message = told(str(error), self._sources)
        kind, _, reason = message.partition(": ")
        exhausted = False
        match kind, reason:
            case "InternalError", "interrupted" if self.limits:
                message = too_long(self.limits.seconds)
            case "InternalError", "out of memory":
                message, exhausted = EXHAUSTED, True
            case "Error", _ if reason:
                message = reason
        return CompileError(f"{place or self.path.name}: {message}", exhausted)


_HASHBANG = re.compile(r"\A#!")
"""Names an interpreter in the first line of a file; not known to QuickJS inside of other code."""

FIRST_LINE = PRELUDE.count("\n") + 1


def load(path: Path, name: str, limits: Limits | None) -> JavaScript:
    """Run a script to get its job type. Raises CompileError."""
    script = JavaScript(path, limits)
    script.describe(name)
    return script


@attrs.define
class _Budget:
    """The processor time that is left to a script."""

    _limits: Limits | None
    _started: float = attrs.field(factory=time.process_time)

    def apply(self, context: quickjs.Context) -> None:
        if self._limits is not None:
            left = self._limits.seconds - (time.process_time() - self._started)
            context.set_time_limit(max(left, 0.001))
            # Python itself needs some
            context.set_memory_limit(self._limits.memory * 3 // 4)


@attrs.define(eq=False)
class _Machine:
    """QuickJS with the prelude and one script."""

    _sources: dict[str, Source | None]
    _name: str
    _budget: _Budget
    _context: quickjs.Context = attrs.field(factory=quickjs.Context)
    _host: Any = None

    def start(self) -> None:
        """Run the script. Raises quickjs.JSException."""
        self._host = self._context.eval(PRELUDE)
        modules = {
            name: {"text": each.text, "line": each.before} if each else None
            for name, each in self._sources.items()
        }
        around = {"cwd": str(Path.cwd()), "platform": PLATFORM, "sources": modules}
        self._host("open", json.dumps(around))
        main = self._sources[self._name]
        if main is None:
            raise ValueError("cannot be read")
        self.value("'use strict';" + "\n" * main.before + main.text)

    def value(self, code: str) -> Any:
        """The value of an expression in the script's context. Raises quickjs.JSException."""
        self._budget.apply(self._context)
        return self._context.eval(code)

    def ask(self, question: str, *values: Any) -> bytes:
        """The prelude's answer, in JSON. Raises quickjs.JSException."""
        self._budget.apply(self._context)
        answer: str = self._host(question, *values)
        return answer.encode()

    def wanted(self) -> list[str]:
        """The files that the script required and that have not been read."""
        wanted: list[str] = self._after_the_end("wanted")
        return wanted

    def log_printed(self) -> None:
        """Log what the script printed."""
        for level, text in self._after_the_end("printed"):
            number = logging.WARNING if level == "warning" else logging.INFO
            logger.log(number, "%s: %s", self._name, text)

    def _after_the_end(self, question: str) -> list[Any]:
        """An answer even from a script that used up its time; empty if it broke QuickJS."""
        try:
            self._context.set_time_limit(1)
            answer: list[Any] = json.loads(self._host(question))
        except (quickjs.JSException, ValueError, TypeError):
            return []
        return answer


def _described(machine: _Machine) -> JobType:
    kinds = machine.value("typeof JOB_TYPE"), machine.value("typeof compileJob")
    if kinds != ("object", "function"):
        raise ValueError(EXPECTED)
    values = msgspec.json.decode(machine.ask("describe", machine.value("JOB_TYPE")))
    return job_type_from(values)


def _compiled(machine: _Machine, question: str) -> tuple[_Machine, Any]:
    made = msgspec.json.decode(machine.ask("compile", machine.value("compileJob"), question))
    if not LOWEST_PRIORITY <= made["priority"] <= HIGHEST_PRIORITY:
        expected = f"{LOWEST_PRIORITY} to {HIGHEST_PRIORITY}"
        raise ValueError(f"job.priority: expected {expected}, got {made['priority']}")
    if wrong := fault(made["name"]):
        raise ValueError(f"job.{wrong}")
    return machine, made


def _as_scripts_see(job: JobToCompile) -> dict[str, Any]:
    return {
        "name": job.name,
        "jobType": job.type,
        "priority": job.priority,
        "jobID": job.id,
        "status": JobStatus.UNDER_CONSTRUCTION,
        "workerTagUUID": job.worker_tag or "",
        "storage": {"shamanCheckoutID": job.shaman_checkout_id or ""},
        "created": _time_as_scripts_see(job.created),
        "settings": job.settings,
        "metadata": job.metadata,
        "idBeginning": str(uuid.uuid4())[:-8],
    }


def _time_as_scripts_see(moment: datetime) -> dict[str, Any]:
    local = moment.astimezone()
    offset = local.utcoffset() or timedelta()
    return {
        "local": format_timestamp_local(moment),
        "iso": moment.isoformat(),
        "milliseconds": int(moment.timestamp() * 1000),
        "offset": int(offset.total_seconds()),
        "zone": local.tzname(),
    }
