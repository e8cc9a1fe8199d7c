"""The reason of a Manager that refuses a request."""

import attrs
import msgspec

MISDIRECTED = 421
"""Status code of a Manager that does not go by the name in the Worker's URL (RFC 9110 §15.5.20)."""
MOST_CHARACTERS = 300


@attrs.frozen
class _Error:
    message: str


def said_in(body: bytes) -> str:
    """The message in an answer, or the beginning of one that is not the Manager's, on one line."""
    try:
        said = msgspec.json.decode(body, type=_Error).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = body[:MOST_CHARACTERS].decode(errors="replace")
    return " ".join(said.split())[:MOST_CHARACTERS]
