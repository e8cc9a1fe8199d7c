"""Bounds of what comes from outside, each declared once: kinds of numbers, texts and collections.

Whoever decodes a message checks them, and the document of the API shows them. They are wide: they
keep out what a database can't hold and what nobody can mean. A value of any kind, such as a job's
setting, has no bounds but those of its message.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from msgspec import Meta

T = TypeVar("T")

# Numbers

LARGEST = 2**63 - 1
"""Largest integer that SQLite takes."""

Number = Annotated[int, Meta(ge=-LARGEST - 1, le=LARGEST)]
Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Steps = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""Steps of one command. Those of all commands that fit into a job are within `LARGEST` together."""
LOWEST_PRIORITY, HIGHEST_PRIORITY = 0, 100
Priority = Annotated[int, Meta(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)]
"""Priority of a job."""
Rank = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
"""Priority of a task, as a job type gives it."""
Amount = Annotated[float, Meta(ge=-1e300, le=1e300)]
SHORTEST_PERIOD = 0.001
Period = Annotated[float, Meta(ge=SHORTEST_PERIOD, le=86_400.0)]
"""Seconds between two signs of life."""
Seconds = Annotated[float, Meta(ge=0.0, le=1e9)]
"""Time that something took."""
Share = Annotated[float, Meta(ge=0.0, le=1.0)]

# Texts, and what is written as one

LONGEST_LINE = 2**15
LONGEST_PROSE = 2**20
LONGEST_TEXT = 2**24

Word = Annotated[str, Meta(max_length=1000)]
"""Id, type, kind, or the name of a setting."""
Line = Annotated[str, Meta(max_length=LONGEST_LINE)]
"""Name or path; no system has longer ones."""
Sought = Annotated[str, Meta(min_length=1, max_length=200)]
"""Text that is sought among others."""
Prose = Annotated[str, Meta(max_length=LONGEST_PROSE)]
"""Text by a person or program: a reason, an activity, a description."""
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
"""Lines of a log, and texts composed of others."""
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid = Annotated[str, Meta(pattern=_UUID, max_length=36, extra_json_schema={"format": "uuid"})]
"""Id of a job, task, worker or tag."""
SubmissionKey = Annotated[str, Meta(pattern=r"^[!-~]{8,200}$", min_length=8, max_length=200)]
"""Mark of a submission: something random in ASCII, such as a UUID."""
Hex256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
"""256 bits in hexadecimal: random ones, a hash, or a proof."""
Time = Annotated[datetime, Meta(tz=True)]
"""Time with its zone."""

# Pictures

SMALL_BYTES, LARGE_BYTES, NEWEST_BYTES = 8 * 2**10, 30 * 2**10, 2**20
SmallJpeg = Annotated[bytes, Meta(max_length=SMALL_BYTES)]
LargeJpeg = Annotated[bytes, Meta(max_length=LARGE_BYTES)]
NewestJpeg = Annotated[bytes, Meta(max_length=NEWEST_BYTES)]

PictureName = Annotated[str, Meta(pattern=r"^[0-9a-f]{24}$", max_length=24)]

# Collections

Few = Annotated[tuple[T, ...], Meta(max_length=1000)]
"""Items of one worker, or of one question."""
Many = Annotated[tuple[T, ...], Meta(max_length=10_000_000)]
"""Items of a job: tasks, files."""
MOST_LISTED = 100_000
"""Maximum number of frames, or of their pictures, in one answer."""
MOST_NAMED = Meta(max_length=10_000)
Values = Annotated[Mapping[Word, Any], MOST_NAMED]
"""JSON values by name."""
Texts = Annotated[Mapping[Word, Prose], MOST_NAMED]


LONGEST_QUOTED = 80
"""Maximum number of characters of a wrong value in an error."""
LONGEST_ERROR = 2000
_QUOTE = re.compile(r"""(?<!\w)(['"`])(.*?)(?:\1(?!\w)|$)""", re.DOTALL)
_LONG_WORD = re.compile(r"""(\S{254})\S+?(['"`]?[,.;:)]{0,2})(?=\s|$)""")


def brief(error: str) -> str:
    """An error whose quotes of wrong values have their ends left out if they are long."""
    shorter = cut(_LONG_WORD.sub(r"\1…\2", error), LONGEST_ERROR)
    return _QUOTE.sub(lambda found: f"{found[1]}{cut(found[2], LONGEST_QUOTED)}{found[1]}", shorter)


def cut(text: str, most: int) -> str:
    """A text that is no longer than ``most`` characters; the end of a longer one is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"
