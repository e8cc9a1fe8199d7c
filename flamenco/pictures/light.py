"""Reading of images with OpenImageIO: light without an upper bound, film's density, 16 bits.

OpenEXR and Radiance files have scene-linear light. The view of the OpenColorIO configuration that
the environment variable `OCIO` names shows it. Without one, light stays as it is up to a shoulder
and nears 1 from there, and is encoded as sRGB (IEC 61966-2-1). The curve is the same for every
picture: one that suited the brightest light of each would pump from frame to frame. From a file
with several layers the combined one is shown. Images are read some lines at a time and averaged, so
memory grows with the width only.
"""

import math
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import OpenImageIO as oiio  # noqa: N813 - its own documentation calls it so
from PIL import Image

from flamenco.pictures.blocks import blocks
from flamenco.pictures.refusing import MOST_AT_ONCE, NoPicture, check_size

LINEAR = frozenset({"openexr", "hdr"})
"""Formats with scene-linear light."""
LOGARITHMIC = frozenset({"Printing density", "Logarithmic"})
"""Transfer characteristics of DPX files with film's density (SMPTE 268M)."""
LUMINANCE = (0.2126, 0.7152, 0.0722)
ENOUGH = 1.5
"""Times as many pixels as are wanted, in width and in height, from which a good filter makes them.
"""
BLACK, WHITE, DENSITY = 95.0, 685.0, 0.002 / 0.6
"""Code values of 10 bits of black and white on film, and density per value (Kodak's Cineon)."""

AT_ONCE = 2**21
"""Number of pixels that are tone-mapped at once."""
SHOULDER = 0.8
"""Luminance from which on the curve bends."""

Pixels = npt.NDArray[np.float32]

oiio.attribute("threads", 1)
oiio.attribute("exr_threads", -1)


class Meaning(Enum):
    """Meaning of the numbers in a file."""

    COLOURS = "as a screen shows them"
    LIGHT = "scene-linear"
    DENSITY = "of film that light has exposed"
    DENSITY_OF_COLOURS = "of film that has a screen's colours, as Blender's Cineon files have"


@attrs.frozen
class Place:
    """The part of a file that holds the colours."""

    subimage: int
    channels: tuple[int, ...]
    """Red, green and blue, or grey."""
    rank: tuple[bool, bool] = (False, False)


def read(path: Path, box: tuple[int, int]) -> Image.Image:
    """An image as it looks on a screen. Raises `NoPicture`; other errors for a broken file."""
    opened = oiio.ImageInput.open(str(path))
    if opened is None:
        raise OSError(oiio.geterror() or "it is no image")
    try:
        format_name = opened.format_name()
        place = _place(opened, is_layered=format_name == "openexr")
        opened.seek_subimage(place.subimage, 0)
        spec = opened.spec()
        pixels = _averaged(opened, spec, place.channels, box)
    finally:
        opened.close()
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, axis=2)
    means = meaning(format_name, spec)
    if means in (Meaning.DENSITY, Meaning.DENSITY_OF_COLOURS):
        for lines in _parts(pixels):
            lines[:] = _from_film(lines)
    if means in (Meaning.LIGHT, Meaning.DENSITY):
        _show(pixels)
    return _image(pixels)


def meaning(format_name: str, spec: oiio.ImageSpec) -> Meaning:
    """The meaning of a file's numbers.

    DPX files of Blender are not labelled as what they are: before version 5 a screen's colours say
    that they are linear, and since then light, written by OpenImageIO, may say that it is density.
    """
    if format_name in LINEAR or (spec.format == oiio.FLOAT and format_name == "tiff"):
        return Meaning.LIGHT
    transfer, program = (str(spec.getattribute(name)) for name in ("dpx:Transfer", "Software"))
    if transfer == "Linear":
        return Meaning.COLOURS if program == "Blender" else Meaning.LIGHT
    if transfer in LOGARITHMIC:
        return Meaning.LIGHT if program.startswith("OpenImageIO") else Meaning.DENSITY
    return Meaning.DENSITY_OF_COLOURS if format_name == "cineon" else Meaning.COLOURS


def _place(opened: oiio.ImageInput, *, is_layered: bool) -> Place:
    """Where the colours are. Raises `NoPicture` if there are none."""
    places: list[Place] = []
    others: list[str] = []
    for subimage in range(1000):
        if not opened.seek_subimage(subimage, 0):
            break
        spec = opened.spec()
        if spec.deep:
            raise NoPicture("it is a deep image, which has no colours of its own to show")
        check_size(spec.width, spec.height)
        names = spec.channelnames
        others += names
        if found := places_of(names) if is_layered else _first(len(names)):
            places.append(attrs.evolve(found, subimage=subimage))
    if not places:
        raise NoPicture(f"it has no colours, only {', '.join(others[:6]) or 'nothing'}")
    return min(places, key=lambda place: (place.rank, place.subimage))


def _first(count: int) -> Place | None:
    return Place(0, (0, 1, 2) if count >= 3 else (0,)) if count else None


def places_of(names: Sequence[str]) -> Place | None:
    """Red, green and blue of the combined layer, else of the first; else grey; None of neither."""
    layers = [name.rpartition(".")[0] for name in names]
    for layer in sorted(dict.fromkeys(layers), key=_rank):
        wanted = [f"{layer}.{colour}".lstrip(".") for colour in "RGB"]
        if set(wanted) <= set(names):
            return Place(0, tuple(names.index(name) for name in wanted), _rank(layer))
    grey = next((at for at, name in enumerate(names) if name.rpartition(".")[2] in ("Y", "V")), 0)
    if len(names) == 1 or names[grey].rpartition(".")[2] in ("Y", "V"):
        return Place(0, (grey,), (True, True))
    return None


def _rank(layer: str) -> tuple[bool, bool]:
    return bool(layer), "Combined" not in layer


def _averaged(
    opened: oiio.ImageInput, spec: oiio.ImageSpec, channels: Sequence[int], box: tuple[int, int]
) -> Pixels:
    """The display window, some pixels of the file to one."""
    smaller = max(spec.full_width / box[0], spec.full_height / box[1])
    too_many = math.sqrt(spec.full_width * spec.full_height / MOST_AT_ONCE)
    factor = max(1, int(smaller / ENOUGH), math.ceil(too_many))
    width, height = max(1, spec.full_width // factor), max(1, spec.full_height // factor)
    check_size(spec.full_width, spec.full_height)
    total = np.zeros((height, width, len(channels)), np.float32)
    for top, lines in _lines(opened, spec, channels):
        light = np.fmin(np.fmax(lines, 0.0), 65504.0)  # the largest half float; NaN is black
        _add(total, light, (top - spec.full_y, spec.x - spec.full_x), factor)
    total /= factor**2
    return total


def _add(total: Pixels, lines: Pixels, corner: tuple[int, int], factor: int) -> None:
    """Add lines of the data window, whose corner lies somewhere in the display window."""
    (top, left), (height, width) = corner, (total.shape[0] * factor, total.shape[1] * factor)
    lines = lines[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
    top, left = max(0, top), max(0, left)
    if not lines.size:
        return
    if factor == 1:
        total[top : top + lines.shape[0], left : left + lines.shape[1]] += lines
        return
    columns = _summed(lines, left, factor, axis=1)
    sums = _summed(columns, top, factor, axis=0)
    down, right = top // factor, left // factor
    total[down : down + sums.shape[0], right : right + sums.shape[1]] += sums


def _summed(lines: Pixels, start: int, factor: int, axis: int) -> Pixels:
    """Sums of ``factor`` neighbours along an axis, in groups that begin at multiples of it."""
    groups = np.arange(start, start + lines.shape[axis]) // factor
    edges = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.add.reduceat(lines, edges, axis=axis)


def _lines(
    opened: oiio.ImageInput, spec: oiio.ImageSpec, channels: Sequence[int]
) -> Iterator[tuple[int, Pixels]]:
    """The lines of the data window in blocks, each with the place of its first."""
    first, end = min(channels), max(channels) + 1
    chosen = [channel - first for channel in channels]
    for top, below, found in blocks(opened, first, end, oiio.FLOAT):
        lines = np.asarray(found, np.float32).reshape(below - top, spec.width, end - first)
        yield top, lines[:, :, chosen]


def _parts(pixels: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """The lines of an image, some at a time, so that what is made of them is not large."""
    step = max(1, AT_ONCE // pixels.shape[1])
    for top in range(0, pixels.shape[0], step):
        yield pixels[top : top + step]


def _show(light: Pixels) -> None:
    """Put what a screen shows in the place of light."""
    config = os.environ.get("OCIO")
    for lines in _parts(light):
        viewed = _by_config(lines, config) if config else None
        lines[:] = _compressed(lines) if viewed is None else viewed


def _by_config(light: Pixels, config: str) -> Pixels | None:
    """Light as the configuration's own view shows it; None if it does not know how."""
    image = oiio.ImageBuf(np.ascontiguousarray(light))
    found = oiio.ImageBufAlgo.ociodisplay(image, "", "", "scene_linear", colorconfig=config)
    return None if found.has_error else np.asarray(found.get_pixels(oiio.FLOAT), np.float32)


def _compressed(light: Pixels) -> Pixels:
    light = (light * _shoulder(_luminance(light))).clip(0.0, 1.0)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def _luminance(light: Pixels) -> Pixels:
    return (light @ np.array(LUMINANCE, np.float32))[:, :, None]


def _shoulder(luminance: Pixels) -> Pixels:
    """The factor of light that has this luminance."""
    over = np.fmax(luminance - SHOULDER, 0.0) / (1 - SHOULDER)
    bent = SHOULDER + (1 - SHOULDER) * over / (1 + over)
    return np.where(over > 0, bent / np.fmax(luminance, SHOULDER), 1.0)


def _from_film(density: Pixels) -> Pixels:
    """Light that a screen shows of the density of film."""
    offset = 10 ** ((BLACK - WHITE) * DENSITY)
    return (10 ** ((density * 1023 - WHITE) * DENSITY) - offset) / (1 - offset)


def _image(pixels: Pixels) -> Image.Image:
    values = np.empty(pixels.shape, np.uint8)
    for lines, shown in zip(_parts(pixels), _parts(values), strict=True):
        shown[:] = lines.clip(0.0, 1.0) * 255 + 0.5
    return Image.fromarray(values)
