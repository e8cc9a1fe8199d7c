"""Kinds of fields that wire classes share, with what is expected of them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Priority = Annotated[int, Meta(ge=0, le=100)]

Time = Annotated[datetime, Meta(tz=True)]
"""A time with its zone."""
