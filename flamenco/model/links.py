"""How the files of a checkout refer to the stored ones."""

from enum import StrEnum


class LinkKind(StrEnum):
    """Kind of the entries that Shaman makes in checkouts."""

    RELATIVE = "relative"
    """Symbolic links, which lead there from wherever the storage is seen; where it has none, hard
    links."""
    HARD = "hard"
    REFLINK = "reflink"
    """Files of their own that share what they hold until one of them is changed."""
    COPY = "copy"
