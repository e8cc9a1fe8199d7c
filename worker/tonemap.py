"""Program that turns a picture that Pillow can't read into JPEG: ``python -m worker.tonemap FILE``.

OpenEXR and Radiance files have scene-linear light without an upper bound. Here it is compressed by
Reinhard's curve with the brightest light as its white point, so that a picture with nothing
brighter than 1 stays as it is, and encoded as sRGB (IEC 61966-2-1). From a file with several layers
the combined one is shown. The JPEG goes to stdout. It is a process of its own, since such files are
large, and libraries crash on them.
"""

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenImageIO
from PIL import Image

LINEAR = frozenset({".exr", ".hdr"})
BOX = (1920, 1080)
"""Maximum width and height in pixels that the Manager keeps."""
QUALITY = 85
LUMINANCE = (0.2126, 0.7152, 0.0722)
NICENESS = 10

Pixels = npt.NDArray[np.float32]


def read(path: Path) -> Pixels:
    """The colours of a picture, three per pixel. Raises ValueError if it cannot be read."""
    picture = OpenImageIO.ImageBuf(str(path))
    if picture.has_error or not picture.spec().nchannels:
        raise ValueError(picture.geterror() or "it has no pixels")
    chosen = channels(picture.spec().channelnames)
    pixels = picture.get_pixels(OpenImageIO.FLOAT)
    if pixels is None:
        raise ValueError(picture.geterror())
    return np.asarray(pixels, np.float32)[:, :, chosen]


def channels(names: tuple[str, ...]) -> list[int]:
    """The places of red, green and blue in the combined layer, else in the first, else of grey."""
    layers = [name.rpartition(".")[0] for name in names]
    layers.sort(key=lambda layer: (bool(layer), "Combined" not in layer))
    for layer in layers:
        wanted = [f"{layer}.{colour}".lstrip(".") for colour in "RGB"]
        if set(wanted) <= set(names):
            return [names.index(name) for name in wanted]
    return [0, 0, 0]


def shown(pixels: Pixels, *, linear: bool) -> Image.Image:
    """The picture as it looks on a screen."""
    light = np.nan_to_num(pixels, posinf=65504.0).clip(0.0)  # the largest half float
    if linear:
        luminance = (light @ np.array(LUMINANCE, np.float32))[:, :, None]
        white = max(1.0, float(luminance.max()))
        light = (light * (1 + luminance / white**2) / (1 + luminance)).clip(0.0, 1.0)
        light = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray((light.clip(0.0, 1.0) * 255 + 0.5).astype(np.uint8))


def main(path: Path) -> None:
    """Write the picture to stdout."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    picture = shown(read(path), linear=path.suffix.lower() in LINEAR)
    picture.thumbnail(BOX, Image.Resampling.LANCZOS)
    picture.save(sys.stdout.buffer, "JPEG", quality=QUALITY)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except (ValueError, OSError, MemoryError) as error:
        sys.exit(f"{error or type(error).__name__}")
