"""Reading of rendered images of any format, as large as they are needed.

Pillow reads what it knows, by content and not by name. What it does not know, reads at fewer bits
or only as a whole, OpenImageIO does (`flamenco.pictures.light`), line by line. Of a movie FFmpeg
reads the first frame (`flamenco.pictures.movies`).
"""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from flamenco.pictures.movies import first_frame, is_movie
from flamenco.pictures.refusing import MOST_AT_ONCE, NO_MEMORY, NoPicture, check_size

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "JPEG2000", "TGA", "BMP", "SGI")
"""Formats that Pillow reads. It knows dozens more, and leaves some of them to other programs."""
OF_OTHER_DEPTH = ("F", "I")
"""Modes of Pillow, or their beginnings, that it would cut to 8 bits."""


def read(path: Path, box: tuple[int, int]) -> Image.Image:
    """An image in RGB over black, at least as large as fits into ``box``, if it is that large.

    One of more than `MOST_AT_ONCE` pixels may be smaller. The same light looks the same in every
    image, as in the frames of a video it has to. Raises `NoPicture`.
    """
    try:
        if not path.stat().st_size:
            raise NoPicture("the file is empty", passing=True)
        return _read(path, box)
    except NoPicture:
        raise
    except FileNotFoundError:
        raise NoPicture("the file is gone", passing=True) from None
    except MemoryError:
        raise NoPicture(NO_MEMORY) from None
    except Exception as error:  # what a broken file raises, libraries do not tell
        why = " ".join(str(error).split()) or type(error).__name__
        raise NoPicture(f"the file can't be read: {why}", passing=True) from error


def _read(path: Path, box: tuple[int, int]) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # the bounds here are our own
    try:
        opened = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        return _first_frame(path) if is_movie(path) else _by_lines(path, box)
    with opened as image:
        check_size(image.width, image.height)
        _read_less(image, box)
        at_once = image.width * image.height <= MOST_AT_ONCE
        if at_once and not image.mode.startswith(OF_OTHER_DEPTH):
            image.load()
            return over_black(image)
    return _by_lines(path, box)


def _by_lines(path: Path, box: tuple[int, int]) -> Image.Image:
    from flamenco.pictures import light  # NumPy and OpenImageIO take as long to load as a picture

    return light.read(path, box)


def _first_frame(path: Path) -> Image.Image:
    with first_frame(path) as image:
        check_size(image.width, image.height)
        return image.convert("RGB")


def _read_less(image: Image.Image, box: tuple[int, int]) -> None:
    """Let a decoder that can scale down do so."""
    image.draft("RGB", box)
    if image.format == "JPEG2000":
        while image.width >> (_halvings(image) + 1) >= box[0] and _halvings(image) < 5:
            image.reduce = _halvings(image) + 1  # type: ignore[method-assign, assignment]


def _halvings(image: Image.Image) -> int:
    return image.reduce if isinstance(image.reduce, int) else 0


def over_black(image: Image.Image) -> Image.Image:
    """An image in RGB, with what is transparent as if it lay over black."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    whole = image.convert("RGBA")
    alpha = whole.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return whole.convert("RGB")
    black = Image.new("RGB", whole.size)
    black.paste(whole, mask=alpha)
    return black
