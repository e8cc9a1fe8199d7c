"""Program that makes pictures of image files: ``python -m flamenco.pictures.maker``.

Each line of its input asks for one file, its output answers with a line and the pictures behind
it (`flamenco.pictures.making`). It is a process of its own, since such files are large and hostile,
and libraries crash on them; so it has limits, and lets all others go first.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from flamenco.niceness import set_niceness
from flamenco.pictures.kinds import KINDS, Asked, Pictures, Told, encode_all
from flamenco.pictures.reading import read
from flamenco.pictures.refusing import NO_MEMORY, NoPicture

SECONDS = 60
"""Maximum seconds of a processor for one file."""
MEMORY = 3 * 2**30
"""Maximum bytes of address space; an image of the most pixels that are decoded at once takes a
third of that."""


NICENESS = 10
"""Ten times less of a busy processor than renders get; the least there is would let frames wait for
minutes for their pictures."""


def give_way() -> None:
    """Let everybody else go first, and be limited in memory."""
    with suppress(OSError, psutil.Error):
        set_niceness(os.getpid(), NICENESS)
    limit_memory()


def limit_memory() -> None:
    """Be limited in memory where the system can."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def begin_to_count() -> None:
    """Let the system end this process when the next file takes too long."""
    if sys.platform != "win32":
        import resource

        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS, most))


def make(asked: Asked) -> tuple[Told, Pictures]:
    """The answer to a question, and the pictures."""
    box = next(kind.box for name, kind in KINDS.items() if name in asked.kinds)
    try:
        pictures = encode_all(read(Path(asked.path), box), asked.kinds)
    except NoPicture as error:
        return Told(reason=str(error), passing=error.passing), {}
    except MemoryError:
        return Told(reason=NO_MEMORY), {}
    sizes = {n: (made.width, made.height, len(made.content)) for n, made in pictures.items()}
    return Told(pictures=sizes), pictures


def main() -> None:
    """Answer until the input ends."""
    give_way()
    for line in sys.stdin.buffer:
        begin_to_count()
        told, pictures = make(msgspec.json.decode(line, type=Asked))
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.buffer.write(b"".join(made.content for made in pictures.values()))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
