"""CelebA: aligned photographs of faces, with 40 attributes given by annotators (Liu et al., 2015).

The reader takes pictures of any size, JPEG or PNG, in folders or in one archive, with ``list_attr_celeba`` and,
optionally, ``list_eval_partition``, as published or as Kaggle's tables, beside them or in an archive. It crops the
central square of each picture, 148/178 of its width, and shrinks it to 64×64.
"""

import numpy as np
import torch
from PIL import Image

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.published import celeba_lists
from vaecourse.data.published.archives import one_source
from vaecourse.data.published.celeba_lists import ATTRIBUTE_FILE, ATTRIBUTES, PARTITION_FILE, face_of
from vaecourse.data.published.listing import Entry, Listing
from vaecourse.data.published.picture_files import decoded, is_picture

__all__ = ["ATTRIBUTES", "files", "read"]

SIDE = 64
CROP = 148 / 178  # of the width: the square of 148 pixels of the published 178×218
PUBLISHED = 202_599
TERMS = "for non-commercial research only"
REMEDY = "copy it again"


def files(listing: Listing) -> list[Entry]:
    """The pictures, the archives and, if there are any of these, the lists."""
    found = [entry for entry in listing.entries if is_picture(entry)] + listing.archives()
    lists = [celeba_lists.find(listing.entries, name) for name in (ATTRIBUTE_FILE, PARTITION_FILE)]
    return found and [*found, *filter(None, lists)]


def read(listing: Listing) -> tuple[dict[str, Split], str]:
    """Both splits, and a remark on the number of faces, the split and the terms of use; ``factors`` are the attributes.

    The splits are the published ones, without the validation faces. Without the partition file, or if one of its splits
    has no picture here, the last tenth of the file names is the test split.

    Raises
    ------
    DataError
        If a list is missing, miscounted or malformed, or a picture is broken or not in the list.
    """
    with one_source(listing, _face_in, "pictures of faces (.jpg or .png)") as (pictures, everything, remark):
        shown = {}
        for entry in pictures:
            if (other := shown.setdefault(_face_in(entry), entry)) is not entry:
                name = entry.name.rpartition("/")[2]
                raise DataError(f"{name} is there twice, as {entry.shown} and {other.shown}: keep one")
        listed = celeba_lists.find(everything, ATTRIBUTE_FILE)
        if listed is None:
            others = Listing(listing.folder, tuple(entry for entry in listing.entries if not is_picture(entry)))
            raise DataError(
                f"{listing.folder} lacks {ATTRIBUTE_FILE}, the attributes of the faces: add it{others.beside()}"
            )
        attributes = celeba_lists.attributes(listed)
        if unknown := next((name for name in shown if name not in attributes), None):
            raise DataError(f"{shown[unknown].shown} has no line in {listed.shown}: take it out or add the line")
        parts, how = _split(listing, shown, celeba_lists.find(everything, PARTITION_FILE))
        order = [*parts["train"], *parts["test"]]
        places = {name: place for place, name in enumerate(order)}
        images = np.empty((len(order), 3, SIDE, SIDE), np.uint8)  # allocated once, because all images take 2.5 GB
        for entry in pictures:  # in the order of the source: a tar file is unpacked from its beginning to its end
            if (place := places.get(_face_in(entry))) is not None:
                images[place] = _face(entry.read(), entry.shown)
    factors = torch.from_numpy(np.stack([attributes[name] for name in order]).astype(np.int64))
    whole, border = Split(torch.from_numpy(images), factors=factors), len(parts["train"])
    amount = f"all {PUBLISHED:,} faces" if len(shown) == PUBLISHED else f"{len(shown):,} of {PUBLISHED:,} faces"
    remarks = [amount, remark, how, TERMS]
    return {"train": whole[:border], "test": whole[border:]}, ", ".join(filter(None, remarks))


def _face_in(entry: Entry) -> str | None:
    """The number of the face in a picture; None for other files."""
    return face_of(entry.name) if is_picture(entry) else None


def _face(content: bytes, shown: str) -> np.ndarray:
    """The central square of a picture, shrunk by antialiased bicubic interpolation, as (3, 64, 64)."""
    # A large JPEG is decoded at a fraction of its size, never below twice what the crop needs.
    picture = decoded(content, shown, at_least=round(2 * SIDE / CROP))
    width, height = picture.size
    side = min(width * CROP, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return np.array(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)).transpose(2, 0, 1)


def _split(listing: Listing, shown: dict[str, Entry], listed: Entry | None) -> tuple[dict[str, list[str]], str]:
    """The faces in each split, and a description of the split."""
    names = sorted(shown)
    why = "no partition file"
    if listed:
        parts = {part: [] for part in celeba_lists.PARTS.values()}
        published = celeba_lists.partition(listed)
        for name in names:
            if name not in published:
                raise DataError(f"{shown[name].shown} has no line in {listed.shown}: {REMEDY}")
            parts[published[name]].append(name)
        if parts["train"] and parts["test"]:
            return parts, f"published splits ({len(parts['validation']):,} validation faces left out)"
        why = f"the published {'test' if parts['train'] else 'training'} split has none of them"
    if len(names) < 2:
        raise DataError(
            f"{listing.folder} has only {len(names)} face, too few to be split into training and test faces: add more"
        )
    border = len(names) - max(1, len(names) // 10)
    return {"train": names[:border], "test": names[border:]}, f"the last tenth by file name held out as test ({why})"
