"""Lines of an image that OpenImageIO has open, some at a time, whether it has tiles or not."""

from collections.abc import Iterator
from typing import Any

import OpenImageIO as oiio  # noqa: N813 - its own documentation calls it so

LINES = 64
"""Number of lines in memory at once, of an image without tiles."""


def blocks(
    opened: oiio.ImageInput, first: int, end: int, kind: oiio.BASETYPE
) -> Iterator[tuple[int, int, Any]]:
    """The present part's lines with the channels from ``first`` to ``end``, as numbers of ``kind``.

    Each block comes with its first line and that after its last. Raises OSError for one that is
    missing.
    """
    spec, part = opened.spec(), opened.current_subimage()
    step = spec.tile_height or LINES
    columns, bottom = (spec.x, spec.x + spec.width), spec.y + spec.height
    for top in range(spec.y, bottom, step):
        below = min(top + step, bottom)
        if spec.tile_height:
            found = opened.read_tiles(part, 0, *columns, top, below, 0, 1, first, end, kind)
        else:
            found = opened.read_scanlines(part, 0, top, below, 0, first, end, kind)
        if found is None:
            raise OSError(opened.geterror() or "a part of it is missing")
        yield top, below, found
