"""Pictures of rendered frames: made of files of any format, and kept below the local storage."""

from flamenco.pictures.files import SIZES, NotAnImage, PictureFiles, name_of

__all__ = ["SIZES", "NotAnImage", "PictureFiles", "name_of"]
