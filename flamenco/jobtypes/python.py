"""Job types in Python: scripts that define `JOB_TYPE` and `compile_job`."""

import importlib
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

import attrs

from flamenco.jobtypes.authoring import Author
from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.files import Files, stamp
from flamenco.jobtypes.limits import EXHAUSTED, Limits, too_long, use_reserve
from flamenco.jobtypes.messages import TASKS_AT_ONCE, Outcome, to_piece
from flamenco.jobtypes.settings import check_defaults
from flamenco.model.jobs import AuthoredTask
from flamenco.model.jobtypes import JobToCompile, JobType, sealed

CompileJob = Callable[[JobToCompile, Author], object]


class TimeLimitExceeded(BaseException):
    """Raised in a script that runs for too long; a script's `except Exception` does not stop it."""


ESCAPES = (Exception, SystemExit, TimeLimitExceeded)
"""Exceptions that a script can end with."""


@attrs.frozen
class PythonScript:
    """A script that was run, with its files."""

    path: Path
    limits: Limits | None
    job_type: JobType
    compile_job: CompileJob
    files: Files

    def compile(self, job: JobToCompile) -> Outcome:
        """The result of compiling a job. Raises CompileError."""
        author = Author()
        with _confined(self.path, self.limits):
            self.compile_job(job, author)
            compiled = author.compiled(job)
        return Outcome(
            compiled.settings,
            compiled.metadata,
            self._pieces(compiled.tasks),
            compiled.requirements,
        )

    def _pieces(self, tasks: Sequence[AuthoredTask]) -> Iterator[bytes]:
        for start in range(0, len(tasks), TASKS_AT_ONCE):
            with _confined(self.path, None):
                piece = to_piece(tasks[start : start + TASKS_AT_ONCE])
            yield piece


def load(path: Path, name: str, limits: Limits | None) -> PythonScript:
    """Run a script to get its job type. Raises CompileError."""
    with _confined(path, limits):
        known, module = stamp(path), _run(path)
        job_type, compile_job = _parts(module)
        files = {path: known} | {each: stamp(each) for each in _modules_in(path.parent).values()}
        return PythonScript(path, limits, sealed(job_type, name), compile_job, files)


def _run(path: Path) -> ModuleType:
    _forget_modules_in(path.parent)
    if str(path.parent) not in sys.path:
        # at the end, so that a script's module cannot replace one of the library's
        sys.path.append(str(path.parent))
    module = ModuleType(f"jobtype_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    exec(compile(path.read_bytes(), path, "exec"), module.__dict__)  # noqa: S102 - its purpose
    return module


def _parts(module: ModuleType) -> tuple[JobType, CompileJob]:
    match vars(module):
        case {"JOB_TYPE": JobType() as job_type, "compile_job": compile_job} if callable(
            compile_job
        ):
            check_defaults(job_type)
            return job_type, compile_job
    raise ValueError(
        "expected JOB_TYPE = JobType(label=..., settings=[...]) and a function "
        "compile_job(job, author); see docs/job-types.md"
    )


def _modules_in(folder: Path) -> dict[str, Path]:
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return {
        name: Path(file)
        for name, file in files.items()
        if file is not None and Path(file).is_relative_to(folder)
    }


def _forget_modules_in(folder: Path) -> None:
    importlib.invalidate_caches()
    for name in _modules_in(folder):
        del sys.modules[name]


@contextmanager
def _confined(script: Path, limits: Limits | None) -> Iterator[None]:
    """Run a script's code, and turn any exception into a CompileError."""
    try:
        with _time_limit(limits):
            yield
    except ESCAPES as error:
        exhausted = isinstance(error, MemoryError)
        if exhausted:
            use_reserve()
        reason = f"{_place(error, script)}: {_reason(error)}"
        raise CompileError(reason, exhausted=exhausted) from error


@contextmanager
def _time_limit(limits: Limits | None) -> Iterator[None]:
    """Raise TimeLimitExceeded in code that runs for too long; not on Windows."""
    if limits is None or sys.platform == "win32":
        yield
        return
    reason = too_long(limits.seconds)

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise TimeLimitExceeded(reason)

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _place(error: BaseException, script: Path) -> str:
    """The line of the script, or of one of its modules, where an error occurred."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or script).name}, line {error.lineno}"
    lines = [
        f"{Path(frame.filename).name}, line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(script.parent)
    ]
    return lines[-1] if lines else script.name


def _reason(error: BaseException) -> str:
    match error:
        case TimeLimitExceeded():
            return str(error)
        case MemoryError():
            return EXHAUSTED
        case SyntaxError():
            return f"{type(error).__name__}: {error.msg}"
        case SystemExit():
            return "asked Python to exit; raise ValueError(reason) to refuse a job"
        case ValueError() if str(error):
            return str(error)
    return f"{type(error).__name__}: {error}"
