"""Program that draws one frame of an animation, a day over hills: ``python -m worker.testframe``.

Arguments: FRAME FRAMES WIDTH HEIGHT OUTPUT. FRAME of FRAMES, counted from 1, is written as PNG, and
standard output says so in Blender's way.
"""

import math
import sys
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from flamenco import __version__

NIGHT, DAWN, NOON = (13, 16, 48), (240, 110, 120), (116, 190, 236)
SUN = (255, 214, 120)
HILLS = ((74, 86, 140), (48, 62, 108), (24, 32, 66))
SMOOTHING = 2
"""Factor by which drawings are larger before they are reduced, for smooth edges."""

Colour = tuple[int, int, int]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, with a ``share`` of the second from 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def draw_sky(size: tuple[int, int], daylight: float) -> Image.Image:
    """The sky from night through dawn to noon, as a vertical gradient."""
    top = mix(NIGHT, NOON, daylight)
    horizon = mix(DAWN, NOON, max(0.0, daylight * 2 - 1)) if daylight > 0 else NIGHT
    horizon = mix(NIGHT, horizon, min(1.0, 0.3 + daylight * 2))
    gradient = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, horizon), Image.new("RGB", size, top), gradient)


def draw_sun(sky: Image.Image, progress: float) -> Image.Image:
    """The sun on its way from left to right, with a glow."""
    width, height = sky.size
    x = width * (0.08 + 0.84 * progress)
    y = height * (0.78 - 0.6 * math.sin(math.pi * progress))
    glow = Image.new("L", sky.size)
    radius = height * 0.16
    ImageDraw.Draw(glow).ellipse((x - radius, y - radius, x + radius, y + radius), fill=170)
    glow = glow.filter(ImageFilter.GaussianBlur(height * 0.07))
    radius = height * 0.085
    ImageDraw.Draw(glow).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return Image.composite(Image.new("RGB", sky.size, SUN), sky, glow)


def draw_hills(picture: Image.Image, progress: float, daylight: float) -> None:
    """Draw three rows of hills that pass by, the nearer the faster."""
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    for row, colour in enumerate(HILLS):
        drift = progress * (0.6 + row * 0.9)
        level, rise = height * (0.62 + 0.12 * row), height * (0.1 - 0.015 * row)
        line = [
            (
                x,
                level
                + rise * math.sin(7 * x / width + drift * 2 + row * 2.1)
                + rise * 0.35 * math.sin(17 * x / width + drift * 3 + row),
            )
            for x in range(0, width + SMOOTHING, SMOOTHING)
        ]
        shade = mix(colour, NIGHT, 0.55 * (1 - daylight))
        draw.polygon([(0, height), *line, (width, height)], fill=shade)


def render(frame: int, frames: int, width: int, height: int) -> Image.Image:
    """The picture of one frame."""
    progress = (frame - 0.5) / max(frames, 1)
    daylight = max(0.0, math.sin(math.pi * progress)) ** 0.8
    large = (width * SMOOTHING, height * SMOOTHING)
    picture = draw_sun(draw_sky(large, daylight), progress)
    draw_hills(picture, progress, daylight)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    done = round(width * min(1.0, frame / max(frames, 1)))
    ImageDraw.Draw(picture).rectangle((0, height - 3, done, height), fill=SUN)
    return picture


def main(arguments: list[str]) -> int:
    """Render and save one frame; returns the exit status."""
    frame, frames, width, height = map(int, arguments[:4])
    output = Path(arguments[4])
    began = time.perf_counter()
    print(f"Flamenco {__version__} test frame {frame} of {frames}, {width}x{height}", flush=True)
    unfinished = output.with_name(f".{output.name}.part")
    try:
        picture = render(frame, frames, width, height)
        output.parent.mkdir(parents=True, exist_ok=True)
        picture.save(unfinished, "PNG")
        unfinished.replace(output)
    except (OSError, ValueError) as error:
        print(f"Error: cannot render {output}: {error}", flush=True)
        return 1
    print(f"Saved: '{output}'\nTime: 00:{time.perf_counter() - began:05.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
