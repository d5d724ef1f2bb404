"""Pictures in files: JPEG and PNG, and nothing else that a library could make of their bytes."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vaecourse.data.errors import DataError, reading
from vaecourse.data.published.listing import Entry

# Pillow hands other formats on, PostScript for one to Ghostscript, which runs it.
FORMATS = ("JPEG", "PNG")
SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG"}
OTHER_SUFFIXES = {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".pgm", ".ppm", ".tga", ".tif", ".tiff", ".webp"}
MOST_PIXELS = 1 << 26
ORIENTATION = 0x0112  # the EXIF tag; 1 is upright


def suffix_of(entry: Entry) -> str:
    return entry.lower[entry.lower.rfind(".") :] if "." in entry.lower else ""


def is_picture(entry: Entry) -> bool:
    """Whether the name is that of a picture, in a format that is read or in another, which is refused by name."""
    return suffix_of(entry) in SUFFIXES or suffix_of(entry) in OTHER_SUFFIXES


def decoded(content: bytes, shown: str, at_least: int | None = None) -> Image.Image:
    """A picture in colour, upright, of eight bits per channel. What is transparent shows white.

    Parameters
    ----------
    content : bytes
        The bytes of the file.
    shown : str
        The name of the file in messages.
    at_least : int, optional
        Pixels of the shorter side that are needed: a larger JPEG may be decoded at a fraction of its size.

    Raises
    ------
    DataError
        If the bytes are not a whole JPEG or PNG picture of at most 67 million pixels.
    """
    again = "copy it again or, if it stays so, save it anew as JPEG or PNG"
    with reading(shown, again, "is not a whole picture"):
        try:
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError(f"{picture.width:,} × {picture.height:,}")
        except UnidentifiedImageError as error:
            raise DataError(
                f"{shown} is not a whole picture: replace it by a JPEG or PNG file, or take it out"
            ) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise DataError(f"{shown} is a picture of too many pixels ({error}): shrink it, or take it out") from error
        if at_least:
            width, height = picture.size
            scale = at_least / max(1, min(width, height))
            picture.draft("RGB", (round(scale * width), round(scale * height)))
        if picture.getexif().get(ORIENTATION, 1) != 1:
            picture = ImageOps.exif_transpose(picture)
        return _in_colour(picture)


def _in_colour(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # grey in sixteen bits, which Pillow would cut off at 255
        grey = np.asarray(picture).astype(np.int64).clip(0, 65535)
        return Image.fromarray(((grey * 255 + 32767) // 65535).astype(np.uint8)).convert("RGB")
    if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info:
        opaque = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(opaque, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")
