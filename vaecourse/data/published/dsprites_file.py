"""The published file of dSprites, ``dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz``.

Its images take 3 GB unpacked, so they are read a few at a time. Its metadata is a pickled object, which could run any
code when loaded, so it is not read. The values of the factors are not read either, because
:mod:`vaecourse.data.rendered.dsprites` defines them.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.rendered import dsprites

IMAGES_AT_ONCE = 8192
REMEDY = "copy or download it again, or take it out to have the images rendered"


def files(folder: Path) -> list[Path]:
    """The ``.npz`` files in a folder."""
    return sorted(folder.glob("*.npz"))


def read(folder: Path) -> tuple[dict[str, Split], str]:
    """The splits of the file in a folder (:func:`vaecourse.data.rendered.dsprites.splits`), and a remark.

    Raises
    ------
    DataError
        If there are several files, or the file is not the complete published one.
    """
    found = files(folder)
    if len(found) > 1:
        raise DataError(f"{folder} holds {len(found)} .npz files, and only one can be dSprites: keep that one")
    path = found[0]
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open("latents_classes.npy") as file:
                classes = npy.read_array(file, allow_pickle=False)
            if not np.array_equal(classes, dsprites.FACTORS.classes_of(np.arange(len(dsprites.FACTORS)))):
                raise ValueError("its latents_classes are not those published")
            with archive.open("imgs.npy") as file:
                packed = _packed(file)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, KeyError, ValueError) as error:
        reason = " ".join(str(error.args[0] if error.args else error).split()) or type(error).__name__
        raise DataError(f"{path} is not the published file of dSprites ({reason}): {REMEDY}") from error
    return dsprites.splits(packed), dsprites.SPLITS


def _packed(file) -> np.ndarray:
    """The images of an open ``imgs.npy``, packed (N, 64, 8)."""
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(file)]
    header = read_header(file)
    shape = (len(dsprites.FACTORS), dsprites.SIDE, dsprites.SIDE)
    if header != (shape, False, np.dtype(np.uint8)):
        raise ValueError(f"its imgs are {header[2]} of shape {header[0]}, not uint8 of shape {shape}")
    packed = np.empty((shape[0], dsprites.SIDE, dsprites.SIDE // 8), np.uint8)
    for start in range(0, len(packed), IMAGES_AT_ONCE):
        part = packed[start : start + IMAGES_AT_ONCE]
        content = file.read(part.size * 8)
        images = np.frombuffer(content, np.uint8)
        if len(images) != part.size * 8:
            raise ValueError("its imgs end early")
        if images.max() > 1:
            raise ValueError("its imgs hold other values than 0 and 1")
        part[:] = np.packbits(images.reshape(-1, dsprites.SIDE, dsprites.SIDE), axis=2)
    if file.read(1):  # zipfile compares the checksum only at the end of the file
        raise ValueError("its imgs go on after the last image")
    return packed
