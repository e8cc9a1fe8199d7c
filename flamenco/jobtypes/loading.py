"""Job-type scripts in Python: run, checked, and run again when a file of theirs changed.

Used in the compiler's child process; nothing here limits what a script does.
"""

import importlib
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import attrs

from flamenco.jobtypes.authoring import Author
from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.graph import check_graph
from flamenco.jobtypes.settings import check_defaults
from flamenco.model.jobs import CompiledJob
from flamenco.model.jobtypes import JobToCompile, JobType, sealed

Stamp = tuple[int, int]
"""Time of the last change, in nanoseconds, and size: what tells that a file changed."""


class TimeLimitExceeded(BaseException):
    """Raised in a script that runs for too long; no `except Exception` of a script stops it."""


ESCAPES = (Exception, SystemExit, TimeLimitExceeded)
"""What a script can end with."""


@attrs.frozen
class Script:
    """A script that was run, with the files it is made of."""

    job_type: JobType
    compile_job: Callable[[JobToCompile, Author], object]
    files: Mapping[Path, Stamp]


def stamp(path: Path) -> Stamp | None:
    """The stamp of a file; None when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def unchanged(files: Mapping[Path, Stamp]) -> bool:
    """Whether all files are as they were."""
    return all(stamp(path) == known for path, known in files.items())


@attrs.define
class Scripts:
    """The scripts run so far."""

    _known: dict[Path, Script] = attrs.field(factory=dict)

    def describe(self, path: Path, name: str) -> Script:
        """The script, as it is now. Raises CompileError."""
        known = self._known.get(path)
        if known is None or not unchanged(known.files):
            try:
                known = self._known[path] = _load(path, name)
            except ESCAPES as error:
                raise CompileError(explain(error, path)) from error
        return known

    def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        """The job's tasks, as the script writes them. Raises CompileError."""
        script = self.describe(path, job.type)
        author = Author()
        try:
            script.compile_job(job, author)
            compiled = author.compiled(job)
            check_graph(compiled.tasks)
        except ESCAPES as error:
            raise CompileError(explain(error, path)) from error
        return compiled


def _load(path: Path, name: str) -> Script:
    _forget_modules_in(path.parent)
    if str(path.parent) not in sys.path:
        # at the end, so that a script's module cannot stand in for one of the library's
        sys.path.append(str(path.parent))
    source, known = path.read_bytes(), stamp(path)
    module = ModuleType(f"jobtype_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - running it is the purpose
    job_type, compile_job = _parts(module)
    files = {path: known or (0, 0)}
    files |= {each: stamp(each) or (0, 0) for each in _modules_in(path.parent).values()}
    return Script(sealed(job_type, name), compile_job, files)


def _parts(module: ModuleType) -> tuple[JobType, Callable[[JobToCompile, Author], object]]:
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


def explain(error: BaseException, script: Path) -> str:
    """What went wrong in a script, with the place: `script.py, line 3: NameError: ...`."""
    if isinstance(error, SyntaxError):
        place = f"{Path(error.filename or script).name}, line {error.lineno}"
        return f"{place}: {type(error).__name__}: {error.msg}"
    lines = [
        f"{Path(frame.filename).name}, line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(script.parent)
    ]
    return f"{lines[-1] if lines else script.name}: {_reason(error)}"


def _reason(error: BaseException) -> str:
    match error:
        case TimeLimitExceeded():
            return str(error)
        case MemoryError():
            return "needs more memory than the limit for job types allows"
        case SystemExit():
            return "asked Python to exit; raise ValueError(reason) to refuse a job"
        case ValueError() if str(error):
            return str(error)
    return f"{type(error).__name__}: {error}"
