"""Pictures in files: JPEG and PNG, and nothing else that a library could make of their bytes."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from vaecourse.data.errors import DataError

# Pillow hands other formats on, PostScript for one to Ghostscript, which runs it.
FORMATS = ("JPEG", "PNG")


def decoded(content: bytes, shown: str, prepare=lambda picture: picture) -> np.ndarray:
    """The pixels of a picture, as an array (H, W, 3) of bytes.

    Parameters
    ----------
    content : bytes
        The bytes of the file.
    shown : str
        The name of the file in messages.
    prepare : function from a PIL image to a PIL image
        Crops or shrinks the picture before all of its pixels are decoded.

    Raises
    ------
    DataError
        If the bytes are not a whole JPEG or PNG picture of reasonable size.
    """
    try:
        return np.array(prepare(Image.open(io.BytesIO(content), formats=FORMATS)).convert("RGB"))
    except UnidentifiedImageError as error:
        raise DataError(f"{shown} is not a whole picture: replace it by a JPEG or PNG file, or take it out") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{shown} is a picture of too many pixels ({error}): take it out") from error
    except (OSError, ValueError, SyntaxError) as error:  # the three that Pillow's decoders raise
        raise DataError(f"{shown} is not a whole picture: copy it again, or take it out") from error
