"""Lines of text from the raw output of a program."""

LIMIT = 40 * 1024
"""Bytes of the longest line; longer ones are cut (reference rules §15)."""


class LineSplitter:
    """A splitter of a stream of bytes into decoded lines, whatever pieces it arrives in.

    It keeps at most `LIMIT` bytes. As on a terminal, a carriage return starts the line again, so
    only the last state of a progress display is left.
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[str]:
        """Take more bytes; returns the lines they complete."""
        self._rest += data
        if b"\n" not in data and len(self._rest) <= LIMIT:
            return []
        *whole, rest = bytes(self._rest).split(b"\n")
        *pieces, rest = split(rest)
        self._rest = bytearray(rest)
        lines = [line for raw in whole for line in cut(raw)]
        return [*lines, *map(decode, pieces)]

    def finish(self) -> list[str]:
        """The last line, if the output did not end with a newline."""
        rest, self._rest = bytes(self._rest), bytearray()
        return cut(rest) if rest else []


def cut(raw: bytes) -> list[str]:
    """A whole line, decoded, in as many pieces as it takes."""
    return [decode(piece) for piece in split(raw)]


def split(raw: bytes) -> list[bytes]:
    """Pieces of at most `LIMIT` bytes, cut between UTF-8 characters."""
    pieces = []
    while len(raw) > LIMIT:
        end = LIMIT
        while end > LIMIT - 3 and raw[end] & 0b1100_0000 == 0b1000_0000:
            end -= 1
        pieces.append(raw[:end])
        raw = raw[end:]
    return [*pieces, raw]


def decode(raw: bytes) -> str:
    """The text of a line; invalid UTF-8 becomes replacement characters."""
    visible = raw.rstrip(b"\r").rpartition(b"\r")[2]
    return visible.decode("utf-8", errors="replace")
