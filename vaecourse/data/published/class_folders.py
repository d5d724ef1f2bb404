"""Pictures as separate files, ``train/<class>/*`` and ``test/<class>/*``, in a folder or in an archive."""

from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
import torch

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.published.archives import one_source
from vaecourse.data.published.listing import Entry, Listing
from vaecourse.data.published.picture_files import SUFFIXES, decoded, is_picture, suffix_of

PARTS = ("train", "test")
REMEDY = "copy it again"


@dataclass(frozen=True)
class ClassFolders:
    """Reader of colour pictures sorted into one folder per class.

    Parameters
    ----------
    classes : tuple of str
        Names of the folders, in the order of the labels.
    size : int
        Height and width of every picture.
    published : int
        Number of pictures in the published set; fewer are reported as a subset.
    """

    classes: tuple[str, ...]
    size: int
    published: int

    def files(self, listing: Listing) -> list[Entry]:
        """The pictures in ``train/<class>`` and ``test/<class>``, at any depth, and the archives."""
        return [entry for entry in listing.entries if _place(entry)] + listing.archives()

    def read(self, listing: Listing) -> tuple[dict[str, Split], str]:
        """Both splits, and a remark such as ``a JPEG subset of 8,000 + 2,000 images``.

        The classes alternate, so that the first images of a split come from all classes.

        Raises
        ------
        DataError
            If a class is missing or unknown, or a picture is unreadable or of another size.
        """
        with one_source(listing, _place, "pictures in train/<class> and test/<class>") as (pictures, _, remark):
            twice = {}
            for entry in pictures:
                if (other := twice.setdefault(_place(entry), entry)) is not entry:
                    raise DataError(f"{entry.shown} and {other.shown} are the same picture of the set: keep one")
            splits = {part: self._split(part, pictures) for part in PARTS}
        counts = [len(split) for split in splits.values()]
        formats = " and ".join(sorted({SUFFIXES.get(suffix_of(entry), "PNG") for entry in pictures}))
        kind = "subset" if sum(counts) < self.published else "copy"
        amount = f"a {formats} {kind} of {counts[0]:,} + {counts[1]:,} images"
        return splits, f"{amount}, {remark}" if remark else amount

    def _split(self, part: str, pictures: list[Entry]) -> Split:
        in_turns = self._in_turns(part, pictures)
        places = {id(entry): place for place, (entry, _) in enumerate(in_turns)}
        images = np.empty((len(places), self.size, self.size, 3), np.uint8)
        for entry in pictures:  # in the order of the source: a tar file is unpacked from its beginning to its end
            if id(entry) in places:
                images[places[id(entry)]] = self._decode(entry)
        labels = torch.tensor([label for _, label in in_turns])
        return Split(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), labels=labels)

    def _in_turns(self, part: str, pictures: list[Entry]) -> list[tuple[Entry, int]]:
        """The pictures of a split with their labels: the first of each class, then the second of each class, …"""
        shown = f"{_root(pictures[0])}{part}"
        labels = {name.casefold(): label for label, name in enumerate(self.classes)}
        queues: list[list[tuple[Entry, int]]] = [[] for _ in self.classes]
        for entry in sorted(pictures, key=lambda entry: _place(entry)[2]):
            own_part, name, _ = _place(entry)
            if own_part == part and name not in labels:
                raise DataError(f"{shown} has a folder {name}, which is none of the classes: take it out")
            if own_part == part:
                queues[labels[name]].append((entry, labels[name]))
        for name, queue in zip(self.classes, queues, strict=True):
            if not queue:
                raise DataError(f"{shown} lacks pictures of the class {name}: every class has its folder, so add it")
        return [picture for picture in chain(*zip_longest(*queues)) if picture]

    def _decode(self, entry: Entry) -> np.ndarray:
        """One picture as bytes (H, W, 3)."""
        pixels = np.asarray(decoded(entry.read(), entry.shown))
        if pixels.shape[:2] != (self.size, self.size):
            height, width = pixels.shape[:2]
            raise DataError(f"{entry.shown} has {height}×{width} pixels, not {self.size}×{self.size}: {REMEDY}")
        return pixels


def _place(entry: Entry) -> tuple[str, str, str] | None:
    """Split, class and name of a picture in ``train/<class>`` or ``test/<class>``; None for other files."""
    folders = entry.name.split("/")
    if is_picture(entry):
        for depth, folder in enumerate(folders[:-2]):
            if folder.casefold() in PARTS:
                return folder.casefold(), folders[depth + 1].casefold(), "/".join(folders[depth + 2 :])
    return None


def _root(entry: Entry) -> str:
    """What precedes split, class and name in messages."""
    return entry.shown[: -len("/".join(_place(entry)))]
