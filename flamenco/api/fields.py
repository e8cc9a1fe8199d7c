"""Kinds of fields that wire classes share, with their bounds."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from flamenco.model.jobs import HIGHEST_PRIORITY, LOWEST_PRIORITY

Priority = Annotated[int, Meta(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)]

Time = Annotated[datetime, Meta(tz=True)]
"""A time with its zone."""

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid = Annotated[str, Meta(pattern=_UUID, max_length=36, extra_json_schema={"format": "uuid"})]
"""The id of a job, task, worker or tag."""
