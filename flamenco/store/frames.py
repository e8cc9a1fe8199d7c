"""The list of a job's frames, from its parts in the database.

They are read as plain tuples, of which SQLite makes one JSON: objects would take several times as
long. A cell that can't be read has its default; a row without its key is left out.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

import attrs
import msgspec

from flamenco.model.bounds import MOST_LISTED
from flamenco.model.framelist import Frame, FrameList, FramesPart, FrameTask, ListedPicture
from flamenco.model.frames import MOST_FRAME
from flamenco.model.pictures import Picture, PicturePlace, PicturesPart
from flamenco.model.planned import number_of
from flamenco.store.tables import PICTURES, UNREADABLE, Rows, as_they_lie, together

T = TypeVar("T")
R = TypeVar("R", bound=tuple[Any, ...])

PICTURES_AT_ONCE = 1000
"""Number of pictures that are decoded in one call."""


class _Worker(NamedTuple):
    """The name of a worker."""

    id: str
    name: str = ""


class _Took(NamedTuple):
    """The beginning and end of an attempt."""

    task_id: str
    frames: str
    started: datetime
    ended: datetime


@attrs.frozen
class JobFrames:
    """A part of a job's frames, and what is known of those who made them."""

    frames: Sequence[Frame]
    next: int | None
    """The last of these frames, if there are more."""
    workers: Mapping[str, str]
    """{id of a worker of these frames: name}, which is empty if it was deleted."""
    seconds: Mapping[str, float]
    """{id of a completed task: seconds that its newest attempt took for a frame}."""

    def seconds_of(self, frame: Frame) -> float:
        """Time that a frame took; 0 if that is not known."""
        told = max([picture.seconds or 0.0 for picture in frame.pictures], default=0.0)
        return told or self.seconds.get(frame.task.id, 0.0)


@attrs.frozen
class _Query(Generic[R]):
    """A query of rows, and the tuples that they become."""

    kind: type[R]
    rest: str
    """SQL that follows the columns, which are called as the fields are."""
    structured: str = ""
    """Name of a field that is kept as JSON, a list."""
    _columns: str = attrs.field(init=False)
    _decode: Any = attrs.field(init=False)

    @_columns.default
    def _all_columns(self) -> str:
        return ", ".join(get_type_hints(self.kind))

    @_decode.default
    def _decoder(self) -> Any:
        return msgspec.json.Decoder(list[self.kind]).decode  # type: ignore[name-defined]

    def read(self, connection: sqlite3.Connection, *values: object) -> Sequence[R]:
        """The rows that are found."""
        sql = f"SELECT {self._columns} {self.rest}"
        cells = self._columns
        if self.structured:
            name = self.structured
            cells = cells.replace(name, f"json(nullif({name}, '[]'))")
        try:
            found: Sequence[R] = self._decode(
                together(connection, f"json_array({cells})", sql, values)
            )
        except (sqlite3.OperationalError, *UNREADABLE):
            rows = map(self._by_cells, as_they_lie(connection, sql, values))
            found = [row for row in rows if row is not None]
        return found

    def _by_cells(self, row: Sequence[Any]) -> R | None:
        """The row as far as it can be read; None without its key."""
        hints = get_type_hints(self.kind)
        defaults: Mapping[str, Any] = getattr(self.kind, "_field_defaults", {})
        cells = {}
        for (name, hint), cell in zip(hints.items(), row, strict=True):
            try:
                plain = json.loads(cell) if name == self.structured and cell else cell
                cells[name] = msgspec.convert(plain, hint, strict=False)
            except (ValueError, *UNREADABLE):
                if name not in defaults:
                    return None
                cells[name] = defaults[name]
        return self.kind(**cells)


_TASKS = _Query(
    FrameTask,
    "FROM tasks WHERE job_id = ? AND (frames GLOB '*[-,]*' "
    "OR frames != '' AND CAST(frames AS INTEGER) BETWEEN ? AND ? "
    "OR id IN (SELECT task_id FROM pictures WHERE job_id = ? AND frame BETWEEN ? AND ?)) "
    "ORDER BY idx",
    structured="warnings",
)
"""Those that make one frame of a part, those that make several, and those that made some."""
_PICTURES = _Query(ListedPicture, "FROM pictures WHERE job_id = ? AND frame BETWEEN ? AND ?")
_WORKERS = _Query(
    _Worker, "FROM workers WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL"
)
_TOOK = _Query(
    _Took,
    "FROM (SELECT task_id, tasks.frames, attempts.started, attempts.ended FROM json_each(?) "
    "JOIN tasks ON tasks.id = value JOIN attempts ON task_id = value "
    "AND attempts.lease = tasks.lease WHERE tasks.status = 'completed')",
)


def read_tasks(
    connection: sqlite3.Connection, job_id: str, part: FramesPart
) -> Sequence[FrameTask]:
    """The tasks of a job that make frames, in order; at least those of a part."""
    limits = _limits(part)
    return _TASKS.read(connection, job_id, *limits, job_id, *limits)


def read_pictures(
    connection: sqlite3.Connection, job_id: str, part: FramesPart
) -> Sequence[ListedPicture]:
    """The pictures of a part of a job's frames, by all attempts."""
    return _PICTURES.read(connection, job_id, *_limits(part))


def _limits(part: FramesPart) -> tuple[int, int]:
    first = -MOST_FRAME if part.after is None else part.after + 1
    return first, MOST_FRAME if part.last is None else part.last


def newest_pictures(connection: sqlite3.Connection, limit: int) -> Rows[Picture]:
    """The pictures of frames that the farm made last, of those that are kept, the newest first;
    none of what File Output nodes add (`flamenco.model.pictures.is_added`)."""
    which = "WHERE large > 0 AND instr(output, '/') = 0"
    return PICTURES.read(connection, f"{which} ORDER BY made DESC LIMIT ?", (limit,))


def list_pictures(
    connection: sqlite3.Connection,
    job_id: str,
    part: PicturesPart,
    then: Callable[[Sequence[Picture]], T],
) -> tuple[Sequence[T], PicturePlace | None]:
    """Result of ``then`` for a part of a job's pictures, and their last place if more follow.

    It is called for some of them at a time: decoding all at once would hold the interpreter's lock,
    and so the event loop, for seconds.
    """
    made: list[T] = []
    left, place = part.limit or MOST_LISTED, part.after
    while left:
        some = min(left, PICTURES_AT_ONCE)
        found, place = _pictures_behind(connection, job_id, part.frame, place, some)
        made.append(then(found))
        left -= len(found)
        if place is None:
            break
    return made, place


def _pictures_behind(
    connection: sqlite3.Connection,
    job_id: str,
    frame: int | None,
    place: PicturePlace | None,
    limit: int,
) -> tuple[Sequence[Picture], PicturePlace | None]:
    which = "WHERE job_id = ?"
    values: list[object] = [job_id]
    if frame is not None:
        which += " AND frame = ?"
        values.append(frame)
    if place is not None:
        which += " AND frame >= ? AND (frame, output, lease, task_id) > (?, ?, ?, ?)"
        values += [place.frame, *place]
    rest = f"{which} ORDER BY frame, output, lease, task_id LIMIT ?"
    found = PICTURES.read(connection, rest, [*values, limit + 1])
    listed = found[:limit]
    # A picture whose key can't be read claims a wrong place; nothing goes on from before this one.
    last = max((each.place for each in listed), default=None)
    goes_on = len(found) > limit and last is not None and (place is None or last > place)
    return listed, last if goes_on else None


def worker_names(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """The names of workers, empty for those that were deleted; {id: name}."""
    every = [*ids]
    known = dict(_WORKERS.read(connection, json.dumps(every)))
    return {each: known.get(each, "") for each in every}


def with_makers(connection: sqlite3.Connection, found: FrameList) -> JobFrames:
    """A list of frames, with what is known of those who made them."""
    ids = {frame.task.worker_id for frame in found.frames if frame.task.worker_id is not None}
    unknown = {
        frame.task.id
        for frame in found.frames
        if not any(picture.seconds for picture in frame.pictures)
    }
    took = _TOOK.read(connection, json.dumps([*unknown])) if unknown else ()
    return JobFrames(
        found.frames,
        found.next,
        worker_names(connection, ids),
        {
            each.task_id: (each.ended - each.started).total_seconds() / number_of(each.frames)
            for each in took
        },
    )
