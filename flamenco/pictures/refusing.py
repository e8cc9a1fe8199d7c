"""Files of which there is no picture."""

NO_MEMORY = "it needs more memory than a picture of it is worth"
MOST_PIXELS = 2**29
"""Maximum number of pixels of an image: 16,384 x 32,768."""
MOST_AT_ONCE = 2**26
"""Maximum number of pixels that are decoded as a whole."""


class NoPicture(ValueError):
    """There is no picture of a file; the text says why, in a sentence.

    ``passing`` is True if the file may become whole yet.
    """

    def __init__(self, sentence: str, *, passing: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing


def check_size(width: int, height: int) -> None:
    """Raise `NoPicture` for an image that would take too long."""
    if width * height > MOST_PIXELS:
        raise NoPicture(f"{width} x {height} pixels are too many for a picture of it")
