"""The idx format, in which MNIST and Fashion-MNIST are published (http://yann.lecun.com/exdb/mnist).

A file contains two zero bytes, one byte for the type of the values, one for the number of dimensions, each dimension as
a big-endian 32-bit number, then the values.
"""

import gzip
import math
from contextlib import ExitStack

import numpy as np
import torch

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.published.archives import GZIP, inside
from vaecourse.data.published.listing import Entry, Listing, is_archive, is_copy, key

UNSIGNED_BYTE = 8
PREFIXES = {"train": "train", "test": "t10k"}
STEMS = [f"{prefix}-{kind}-ubyte" for prefix in PREFIXES.values() for kind in ("images-idx3", "labels-idx1")]
LARGEST = 1 << 30
REMEDY = "copy or download it again"


def files(listing: Listing) -> list[Entry]:
    """The files of a set, at most four, in a folder or those below it or, if there are none, its archives.

    Capitals, hyphens, underscores and dots in the names do not matter: Kaggle writes ``train-images.idx3-ubyte``. An
    unpacked file comes before one packed by gzip, and a name without the mark of a copy before one with it.
    """
    return list(_by_stem(listing.entries).values()) or listing.archives()


def _by_stem(entries: list[Entry]) -> dict[str, Entry]:
    best: dict[str, Entry] = {}
    wanted = {key(stem): stem for stem in STEMS}
    for entry in sorted(
        entries, key=lambda entry: (is_copy(entry), entry.lower.endswith(".gz"), entry.name.count("/"))
    ):
        if not is_archive(entry):
            best.setdefault(wanted.get(key(entry.lower), ""), entry)
    return {stem: best[stem] for stem in STEMS if stem in best}


def read_array(entry: Entry, dimensions: int) -> np.ndarray:
    """The unsigned bytes of one idx or idx.gz file, as an array with the given number of dimensions.

    No more is unpacked than the header promises, and no more than a GiB.

    Raises
    ------
    DataError
        If the file is unreadable, truncated, or not of this format.
    """
    start = 4 + 4 * dimensions
    magic = bytes((0, 0, UNSIGNED_BYTE, dimensions))
    with entry.open(REMEDY) as file:
        first = file.read(2)
        file.seek(0)
        # Some browsers unpack a file while they save it, and keep its name.
        is_packed = first == GZIP or (entry.lower.endswith(".gz") and first != magic[:2])
        stream = gzip.GzipFile(fileobj=file) if is_packed else file
        header = stream.read(start)
        if header[:4] != magic:
            found = header[:4].hex() or "nothing"
            raise DataError(
                f"{entry.shown} is not the idx file expected (magic number {found}, not {magic.hex()}): {REMEDY}"
            )
        shape = [int.from_bytes(header[at : at + 4], "big") for at in range(4, start, 4)]
        expected = start + math.prod(shape)
        if expected > LARGEST and len(header) == start:
            raise DataError(f"{entry.shown} promises {expected:,} bytes, too many for this format: {REMEDY}")
        content = stream.read(min(expected, LARGEST) - start + 1)
    held = start + len(content) if len(header) == start else len(header)
    if held != expected:
        if not is_packed:
            held = entry.size
        amount = f"more than {expected:,}" if held > expected and is_packed else f"{held:,}"
        raise DataError(f"{entry.shown} holds {amount} bytes where its header promises {expected:,}: {REMEDY}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def read(listing: Listing) -> tuple[dict[str, Split], str]:
    """The splits ``train`` and ``test`` of the four files, and an empty remark.

    Raises
    ------
    DataError
        If a file is missing or broken, or images and labels differ in number.
    """
    found = _by_stem(listing.entries)
    with ExitStack() as stack:
        if len(found) < len(STEMS):
            for archive in listing.archives():
                found = _by_stem(stack.enter_context(inside(archive))) | found
        missing = [stem for stem in STEMS if stem not in found]
        if missing:
            raise DataError(
                f"{listing.folder} lacks {missing[0]} (or .gz): a whole set has {len(STEMS)} files, so add it"
                f"{listing.beside(found.values())}"
            )
        splits = {}
        for split, prefix in PREFIXES.items():
            images_file, labels_file = (found[stem] for stem in STEMS if stem.startswith(prefix))
            images, labels = read_array(images_file, 3), read_array(labels_file, 1)
            if len(images) != len(labels):
                raise DataError(
                    f"{labels_file.shown} has {len(labels):,} labels for the {len(images):,} images of "
                    f"{images_file.name.rpartition('/')[2]}: they are not of one set, so copy or download both again"
                )
            splits[split] = Split(torch.tensor(images[:, None]), labels=torch.tensor(labels, dtype=torch.int64))
    return splits, ""
