"""The idx format, in which MNIST and Fashion-MNIST are published (http://yann.lecun.com/exdb/mnist).

A file contains two zero bytes, one byte for the type of the values, one for the number of dimensions, each dimension as
a big-endian 32-bit number, then the values.
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import torch

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split

UNSIGNED_BYTE = 8
PREFIXES = {"train": "train", "test": "t10k"}
STEMS = [f"{prefix}-{kind}-ubyte" for prefix in PREFIXES.values() for kind in ("images-idx3", "labels-idx1")]


def files(folder: Path) -> list[Path]:
    """The files of a set, at most four, that exist in ``folder``, unpacked or else packed by gzip."""
    candidates = [(folder / stem, folder / f"{stem}.gz") for stem in STEMS]
    return [next(path for path in pair if path.is_file()) for pair in candidates if any(p.is_file() for p in pair)]


def read_array(path: Path, dimensions: int) -> np.ndarray:
    """The unsigned bytes of one idx or idx.gz file, as an array with the given number of dimensions.

    Raises
    ------
    DataError
        If the file is unreadable, truncated, or not of this format.
    """
    remedy = "copy or download it again"
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): {remedy}") from error
    start = 4 + 4 * dimensions
    magic = bytes((0, 0, UNSIGNED_BYTE, dimensions))
    if content[:4] != magic:
        found = content[:4].hex() or "nothing"
        raise DataError(f"{path} is not the idx file expected (magic number {found}, not {magic.hex()}): {remedy}")
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise DataError(f"{path} holds {len(content):,} bytes where its header promises {expected:,}: {remedy}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read(folder: Path) -> tuple[dict[str, Split], str]:
    """The splits ``train`` and ``test`` of the four files in a folder, and an empty remark.

    Raises
    ------
    DataError
        If a file is missing or broken, or images and labels differ in number.
    """
    paths = {path.name.removesuffix(".gz"): path for path in files(folder)}
    missing = [stem for stem in STEMS if stem not in paths]
    if missing:
        raise DataError(f"{folder} lacks {missing[0]} (or .gz): a whole set has {len(STEMS)} files, so add it")
    splits = {}
    for split, prefix in PREFIXES.items():
        images_path, labels_path = (paths[stem] for stem in STEMS if stem.startswith(prefix))
        images, labels = read_array(images_path, 3), read_array(labels_path, 1)
        if len(images) != len(labels):
            raise DataError(
                f"{labels_path} has {len(labels):,} labels for the {len(images):,} images of {images_path.name}: "
                "they are not of one set, so copy or download both again"
            )
        splits[split] = Split(torch.tensor(images[:, None]), labels=torch.tensor(labels, dtype=torch.int64))
    return splits, ""
