"""The published file of dSprites, ``dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz``.

Its images take 3 GB unpacked, so they are read a few at a time. Its metadata is a pickled object, which could run any
code when loaded, so it is not read. The values of the factors are not read either, because
:mod:`vaecourse.data.rendered.dsprites` defines them.
"""

import zipfile
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.published.listing import Entry, Listing
from vaecourse.data.rendered import dsprites

IMAGES_AT_ONCE = 8192
REMEDY = "copy or download it again, or take it out to have the images rendered"


def files(listing: Listing) -> list[Entry]:
    """The ``.npz`` files in a folder and those below it."""
    return [entry for entry in listing.entries if entry.lower.endswith(".npz")]


def read(listing: Listing) -> tuple[dict[str, Split], str]:
    """The splits of the file in a folder (:func:`vaecourse.data.rendered.dsprites.splits`), and a remark.

    Raises
    ------
    DataError
        If there are several files, or the file is not the complete published one.
    """
    found = files(listing)
    if len(found) > 1:
        raise DataError(f"{listing.folder} holds {len(found)} .npz files, and only one can be dSprites: keep that one")
    with found[0].open(REMEDY, "is not the published file of dSprites") as file, zipfile.ZipFile(file) as archive:
        with archive.open("latents_classes.npy") as member:
            published = dsprites.FACTORS.classes_of(np.arange(len(dsprites.FACTORS)))
            if not np.array_equal(_classes(member, published.shape), published):
                raise ValueError("its latents_classes are not those published")
        with archive.open("imgs.npy") as member:
            packed = _packed(member)
    return dsprites.splits(packed), dsprites.SPLITS


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of the array in an open ``.npy`` file."""
    versions = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    return versions[npy.read_magic(file)](file)


def _classes(file: BinaryIO, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers of the given shape; what is promised to be larger is not read."""
    found, by_columns, kind = _header(file)
    if kind.hasobject:
        raise ValueError("its latents_classes are Python objects, which could run any code: they are not read")
    if found != shape or kind.kind not in "iu" or by_columns:
        raise ValueError(f"its latents_classes are {kind} of shape {found}, not whole numbers of shape {shape}")
    size = shape[0] * shape[1] * kind.itemsize
    return np.frombuffer(file.read(size), kind).reshape(shape)


def _packed(file: BinaryIO) -> np.ndarray:
    """The images of an open ``imgs.npy``, packed (N, 64, 8)."""
    header = _header(file)
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
