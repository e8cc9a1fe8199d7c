"""Messages between the Manager and the compiler's child process: a line of JSON each.

The child sends `Answer()` when it is ready. It answers a request with one or more lines; the last
has no ``more``. So a large number of tasks comes in small pieces, and the Manager can do other work
between them.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Annotated

import attrs
import msgspec

from flamenco.jobtypes.files import Stamp
from flamenco.model.bounds import (
    MOST_NAMED,
    Count,
    Line,
    Many,
    Number,
    Priority,
    Text,
    Texts,
    Values,
    Word,
)
from flamenco.model.jobs import AuthoredTask
from flamenco.model.jobtypes import JobToCompile, JobType
from flamenco.model.specs import Requirements

TASKS_AT_ONCE = 500

UNFIT = "what no job may have"
"""Name, for the submitter, of what is beyond the bounds of an answer."""

END_OF_PRINTED = b"\0"
"""End of the line on standard error after which a request prints nothing more."""


@attrs.frozen
class Request:
    """A request to run the script at ``path``, to describe its job type or to compile ``job``."""

    path: Path
    name: Word
    job: JobToCompile | None = None
    number: Count = 0
    """Number of the request, which its answers repeat."""


@attrs.frozen(kw_only=True)
class Answer:
    """A part of the answer to a request."""

    number: Count = 0
    more: bool = False
    error: Text = ""
    """Reason for a failure, for the submitter; empty if there was none."""
    exhausted: bool = False
    """True if the child ends after this answer, since it is out of memory."""
    job_type: JobType | None = None
    files: Annotated[Mapping[Line, Stamp | None], MOST_NAMED] = attrs.field(factory=dict)
    said: Many[tuple[Number, Text]] = ()
    """Lines that the script printed in this request, each with its logging level."""
    tasks: Many[AuthoredTask] = ()
    settings: Values = attrs.field(factory=dict)
    metadata: Texts = attrs.field(factory=dict)
    requirements: Annotated[Mapping[Word, Requirements], MOST_NAMED] = attrs.field(factory=dict)
    name: Line | None = None
    """Name of the job; None leaves it as it is."""
    priority: Priority | None = None
    """Priority of the job; None leaves it as it is."""


def _encode(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"a job holds texts, numbers, true and false, lists and dicts, not {value!r}")


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise TypeError(f"no {kind.__name__} is sent")


@attrs.frozen
class Outcome:
    """The result of compiling a job by a script."""

    settings: Values
    metadata: Texts
    pieces: Iterator[bytes]
    """Tasks in their order, some at a time, as JSON. Iterating raises CompileError."""
    requirements: Mapping[str, Requirements] = attrs.field(factory=dict)
    """Requirements for workers, by task type."""
    name: str | None = None
    """Name of the job; None leaves it as it is."""
    priority: int | None = None
    """Priority of the job; None leaves it as it is."""


_encoder = msgspec.json.Encoder(enc_hook=_encode)
_requests = msgspec.json.Decoder(Request, dec_hook=_decode)
_pieces = msgspec.json.Decoder(list[AuthoredTask])
_answers = msgspec.json.Decoder(Answer)


def to_piece(tasks: Sequence[AuthoredTask]) -> bytes:
    """Some tasks as JSON. Raises TypeError for values that JSON does not have."""
    return _encoder.encode(tasks)


def line_of(piece: bytes, number: int) -> bytes:
    """The line of an answer with some tasks, to be followed by more."""
    return b'{"number":%d,"more":true,"tasks":%b}\n' % (number, piece)


def to_line(message: Request | Answer) -> bytes:
    """The message as a line. Raises TypeError for values that JSON does not have."""
    return _encoder.encode(message) + b"\n"


def read_piece(piece: bytes) -> list[AuthoredTask]:
    """The tasks in a piece. Raises msgspec.DecodeError."""
    return _pieces.decode(piece)


def read_request(line: bytes) -> Request:
    """The request in a line. Raises msgspec.DecodeError."""
    return _requests.decode(line)


def read_answer(line: bytes) -> Answer:
    """The answer in a line. Raises msgspec.DecodeError."""
    return _answers.decode(line)
