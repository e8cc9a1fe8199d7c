"""Program that joins the parts of an image: ``python -m worker.imageparts FILE``.

FILE has the parameters of the command `join-image-parts` as JSON. Parts and image are multilayer
OpenEXR files, in linear light, so that samples can be averaged; every pass is kept. They are read
and written some lines at a time, so memory grows with the width of the image only. Metadata, such
as the names of cryptomatte, comes from the first part.
"""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenImageIO as oiio  # noqa: N813 - its own documentation calls it so

LINES = 64
"""Number of lines in memory at once."""

UNMIXABLE = re.compile(r"\.(?:Depth|IndexOB|IndexMA|Object Index|Material Index|Crypto\w+)\.\w+$")
"""Channels whose average is meaningless: the image gets those of the first part."""

_SAMPLES = re.compile(r"^cycles\..*\.samples$")

Pixels = npt.NDArray[np.float32]


class JoinFailed(Exception):
    """Parts that do not fit together; the text says why, in a sentence."""


class CannotRead(JoinFailed):
    """A part that is missing, or is not an image."""


class CannotWrite(JoinFailed):
    """The image cannot be written, because the disk is full or for another reason."""


class Part:
    """A file that is open for reading."""

    def __init__(self, path: str) -> None:
        found = oiio.ImageInput.open(path)
        if found is None:
            raise CannotRead(f"cannot read {path}: {oiio.geterror()}")
        self._input = found
        self.path = path
        self.spec = self._input.spec()

    def lines(self, begin: int, end: int) -> Pixels:
        """Lines, counted from the top, with all channels."""
        count = self.spec.nchannels
        found = self._input.read_scanlines(0, 0, begin, end, 0, 0, count, oiio.FLOAT)
        if found is None:
            raise CannotRead(f"cannot read {self.path}: {self._input.geterror()}")
        pixels: Pixels = np.asarray(found, np.float32)
        return pixels.reshape(end - begin, self.spec.width, count)

    def close(self) -> None:
        self._input.close()


def blocks(height: int) -> Iterator[tuple[int, int]]:
    """Beginning and end of the lines that are handled together."""
    return ((begin, min(begin + LINES, height)) for begin in range(0, height, LINES))


def beside(row: Sequence[Part]) -> Iterator[Pixels]:
    """Tiles side by side."""
    for begin, end in blocks(row[0].spec.height):
        yield np.concatenate([part.lines(begin, end) for part in row], axis=1)


def averaged(parts: Sequence[Part], samples: Sequence[int]) -> Iterator[Pixels]:
    """The mean of all samples, pixel by pixel."""
    spec, total = parts[0].spec, sum(samples)
    kept = [at for at, name in enumerate(spec.channelnames) if UNMIXABLE.search(name)]
    for begin, end in blocks(spec.height):
        first = parts[0].lines(begin, end)
        mean = first.astype(np.float64) * (samples[0] / total)
        for part, count in zip(parts[1:], samples[1:], strict=True):
            mean += part.lines(begin, end) * (count / total)
        mean[..., kept] = first[..., kept]
        yield mean.astype(np.float32)


def check(parts: Sequence[Part], *, same_width: bool) -> None:
    """Raise `JoinFailed` unless the parts have the same channels and height (and width)."""
    first = parts[0]
    for part in parts:
        width = part.spec.width if same_width else first.spec.width
        size = (width, part.spec.height)
        if (first.spec.width, first.spec.height) != size:
            raise JoinFailed(f"{part.path} has another size than {first.path}")
        if part.spec.channelnames != first.spec.channelnames:
            raise JoinFailed(f"{part.path} has other passes than {first.path}")


def write(spec: oiio.ImageSpec, output: Path, pixels: Iterator[Pixels]) -> None:
    """Write the image, completely or not at all. Raises `JoinFailed`, OSError."""
    unfinished = output.with_name(f".{output.stem}.unfinished.exr")
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        writer = oiio.ImageOutput.create(str(unfinished))
        if writer is None or not _write(writer, str(unfinished), spec, pixels):
            reason = writer.geterror() if writer else oiio.geterror()
            raise CannotWrite(f"cannot write {output}: {reason}")
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(
    writer: oiio.ImageOutput, name: str, spec: oiio.ImageSpec, pixels: Iterator[Pixels]
) -> bool:
    if not writer.open(name, spec):
        return False
    line = 0
    for block in pixels:
        if not writer.write_scanlines(line, line + len(block), 0, block):
            return False
        line += len(block)
    return bool(writer.close())


def joined_spec(first: oiio.ImageSpec, width: int, height: int, samples: int) -> oiio.ImageSpec:
    """The header of the whole image's file."""
    spec = first.copy()
    spec.width = spec.full_width = width
    spec.height = spec.full_height = height
    spec.x = spec.y = spec.full_x = spec.full_y = 0
    for attribute in first.extra_attribs:
        if samples and _SAMPLES.match(attribute.name):
            spec.attribute(attribute.name, str(samples))
    return spec


def join_tiles(tiles: Sequence[str], columns: int, output: Path) -> None:
    """Put tiles together."""
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heads = [Part(row[0]) for row in rows]
    width = 0

    def lines() -> Iterator[Pixels]:
        for head, row in zip(heads, rows, strict=True):
            parts = [head, *map(Part, row[1:])]
            check(parts, same_width=False)
            if sum(part.spec.width for part in parts) != width:
                raise JoinFailed(f"the tiles of {row[0]} are not as wide as those above")
            yield from beside(parts)
            for part in parts:
                part.close()

    width = sum(Part(path).spec.width for path in rows[0])
    height = sum(head.spec.height for head in heads)
    write(joined_spec(heads[0].spec, width, height, 0), output, lines())


def join_samples(paths: Sequence[str], samples: Sequence[int], output: Path) -> None:
    """Average ranges of samples."""
    parts = [Part(path) for path in paths]
    check(parts, same_width=True)
    spec = parts[0].spec
    write(
        joined_spec(spec, spec.width, spec.height, sum(samples)), output, averaged(parts, samples)
    )


def join(parts: Sequence[str], output: str, columns: int, samples: Sequence[int]) -> None:
    """Join tiles if ``columns`` is not 0, else samples. Raises `JoinFailed`, OSError."""
    if columns:
        join_tiles(parts, columns, Path(output))
    else:
        join_samples(parts, samples, Path(output))


def main(asked: Mapping[str, Any]) -> int:
    """Join; returns the exit status. The output has the form of Blender's."""
    began = time.perf_counter()
    try:
        join(asked["parts"], asked["output"], asked["columns"], asked["samples"])
    except CannotRead as error:
        hint = "requeue the task that renders it"
        print(f"flamenco: missing-file: {' '.join(str(error).split())}; {hint}", flush=True)
        return 1
    except CannotWrite as error:
        print(f"flamenco: cannot-save: {' '.join(str(error).split())}", flush=True)
        return 1
    except (JoinFailed, OSError) as error:
        print(f"Error: {error}", flush=True)
        return 1
    print(f"Saved: '{asked['output']}'", flush=True)
    print(f"Time: 00:{time.perf_counter() - began:05.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_bytes())))
