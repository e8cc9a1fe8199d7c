"""The compiler's child process: ``python -m flamenco.jobtypes.child SECONDS BYTES``.

Requests come on standard input and answers go to standard output, see `messages`. What scripts
print goes to standard error, which the Manager logs. A script that takes longer than SECONDS is
interrupted here, so that the line it hung at can be told; one that cannot be interrupted is ended
by the Manager. BYTES bounds the memory of the process (on Linux).
"""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO

from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.loading import ESCAPES, Scripts, TimeLimitExceeded, explain
from flamenco.jobtypes.messages import TASKS_IN_A_LINE, Answer, Request, read_request, to_line


def main(seconds: float, memory: int) -> None:
    """Answer requests until there are no more."""
    requests, answers = _take_over_pipes()
    _limit_memory(memory)
    # tasks hold no cycles; looking for some takes a fifth of the time of a large job
    gc.set_threshold(1_000_000)
    scripts = Scripts()
    answers.write(to_line(Answer()))
    for line in requests:
        exhausted = _answer(scripts, read_request(line), seconds, answers)
        if exhausted:
            return


def _take_over_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for us alone: what scripts read is empty, what they print a log."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


def _limit_memory(memory: int) -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _answer(scripts: Scripts, request: Request, seconds: float, answers: IO[bytes]) -> bool:
    """Answer a request; returns whether this process is out of memory and should end."""
    try:
        with _time_limit(seconds):
            for answer in _work(scripts, request):
                _write(answers, to_line(answer))
    except CompileError as error:
        exhausted = isinstance(error.__cause__, MemoryError)
        _write(answers, to_line(Answer(error=error.message, exhausted=exhausted)))
        return exhausted
    except ESCAPES as error:
        exhausted = isinstance(error, MemoryError)
        reason = explain(error, request.path)
        _write(answers, to_line(Answer(error=reason, exhausted=exhausted)))
        return exhausted
    return False


def _work(scripts: Scripts, request: Request) -> Iterator[Answer]:
    if request.job is None:
        script = scripts.describe(request.path, request.name)
        files = {str(path): stamp for path, stamp in script.files.items()}
        yield Answer(job_type=script.job_type, files=files)
        return
    compiled = scripts.compile(request.path, request.job)
    for start in range(0, len(compiled.tasks), TASKS_IN_A_LINE):
        yield Answer(more=True, tasks=compiled.tasks[start : start + TASKS_IN_A_LINE])
    yield Answer(settings=compiled.settings, metadata=compiled.metadata)


def _write(answers: IO[bytes], line: bytes) -> None:
    """Write all of a line; a raw pipe may take only a part at a time."""
    rest = memoryview(line)
    while rest:
        rest = rest[answers.write(rest) :]


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitExceeded in what runs for longer than this; not on Windows."""
    if sys.platform == "win32":
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise TimeLimitExceeded(f"takes longer than {seconds:g} s")

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
