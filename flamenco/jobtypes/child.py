"""The compiler's child process: ``python -P -m flamenco.jobtypes.child SECONDS BYTES [SCRIPTS]``.

Requests come on standard input and answers go to standard output, see `messages`. The output of
scripts goes to standard error, which the Manager logs. A script that takes longer than SECONDS is
interrupted here, so that the error can name the line it was at; if it cannot be interrupted, the
Manager kills it after a few times SECONDS. BYTES bounds the memory of the process (on Linux).
Walls keep scripts from other files than those in the folder SCRIPTS, from the network and from
other processes, see `walls`.
"""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import attrs

from flamenco.jobtypes import walls
from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.limits import EXHAUSTED, Limits, limit_memory, use_reserve
from flamenco.jobtypes.messages import (
    END_OF_PRINTED,
    Answer,
    Request,
    line_of,
    read_request,
    to_line,
)
from flamenco.jobtypes.scripts import Script, Scripts


def main(seconds: float, memory: int, folder: Path | None = None) -> None:
    """Answer requests until there are no more."""
    requests, answers = _take_over_pipes()
    limit_memory(memory)
    # tasks have no cycles; looking for them takes a fifth of the time of a large job
    gc.set_threshold(1_000_000)
    sys.dont_write_bytecode = True  # leave nothing in the folder of the scripts
    scripts = Scripts(Limits(seconds, memory))
    open_still = walls.close(folder)
    answers.write(to_line(Answer(said=tuple((logging.WARNING, each) for each in open_still))))
    for line in requests:
        last = _answer(scripts, read_request(line), answers)
        if last.exhausted:
            return


def _take_over_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for us alone: scripts read nothing, and print to the log."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


def _answer(scripts: Scripts, request: Request, answers: IO[bytes]) -> Answer:
    """Answer a request; returns the last part of the answer."""
    with _kept_log() as said:
        last = _worked(scripts, request, answers)
    sys.stderr.flush()
    os.write(2, END_OF_PRINTED + b"\n")
    last = attrs.evolve(last, number=request.number, said=tuple(said))
    _write(answers, to_line(last))
    return last


def _worked(scripts: Scripts, request: Request, answers: IO[bytes]) -> Answer:
    try:
        if request.job is None:
            return _described(scripts.describe(request.path, request.name))
        outcome = scripts.compile(
            request.path, request.job, lambda piece: _write(answers, line_of(piece, request.number))
        )
        last = Answer(
            settings=outcome.settings,
            metadata=outcome.metadata,
            requirements=outcome.requirements,
            name=outcome.name,
            priority=outcome.priority,
        )
        to_line(last)
    except CompileError as error:
        return Answer(error=error.message, exhausted=error.exhausted)
    except TypeError as error:
        return Answer(error=f"{request.path.name}: TypeError: {error}")
    except MemoryError:
        use_reserve()
        return Answer(error=f"{request.path.name}: {EXHAUSTED}", exhausted=True)
    return last


def _described(script: Script) -> Answer:
    files = {str(path): stamp for path, stamp in script.files.items()}
    return Answer(job_type=script.job_type, files=files)


class _Keeper(logging.Handler):
    def __init__(self, said: list[tuple[int, str]]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append((record.levelno, record.getMessage()))


@contextmanager
def _kept_log() -> Iterator[list[tuple[int, str]]]:
    """Log records of the block, for the Manager."""
    said: list[tuple[int, str]] = []
    handler = _Keeper(said)
    logger = logging.getLogger("flamenco.jobtypes")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def _write(answers: IO[bytes], line: bytes) -> None:
    """Write all of a line; a raw pipe may take only a part at a time."""
    rest = memoryview(line)
    while rest:
        rest = rest[answers.write(rest) :]


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:]))
