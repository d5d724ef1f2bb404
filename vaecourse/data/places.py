"""Where on disk a data set may lie: the folders of ``$VAECOURSE_DATA`` and those of the operating system."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from vaecourse.data import cache
from vaecourse.data.catalogue import DataSetSpec, Reader, Rendered
from vaecourse.data.errors import DataError
from vaecourse.data.published import listing
from vaecourse.data.published.listing import Entry, Listing

# Folders in torchvision's layout: the folder around them is that of the set.
INNER = ("cifar-10-batches-py", "stl10_binary")


@dataclass(frozen=True)
class Place:
    """Source of a data set: ``kind`` is "cache", "folder", "rendered", "download" or "stand-in".

    The first two have a path; a folder also has the reader of its files, the files, and what lies beside them.
    """

    kind: str
    path: Path | None = None
    reader: Reader | None = None
    files: tuple[Entry, ...] = field(default=(), compare=False)
    listing: Listing | None = field(default=None, compare=False)

    @property
    def size_in_bytes(self) -> int | None:
        """Size on disk, or None if the set is not on disk."""
        if self.path is None:
            return None
        return sum(entry.size for entry in self.files) if self.reader else self.path.stat().st_size


def place_in(found: Listing, wanted: DataSetSpec | Rendered) -> Place | None:
    """The place of the set in a folder, with the first reader that knows its files."""
    for reader in wanted.readers:
        if files := reader.files(found):
            home = listing.common_folder(files)
            home = home.parent if home.name in INNER else home
            return Place("folder", home, reader, tuple(files), replace(found, folder=home))
    return None


def data_folder(required: bool = True) -> Path | None:
    """The folder ``$VAECOURSE_DATA``, or None if it is not set.

    Raises
    ------
    DataError
        If it is not a folder, and ``required``.
    """
    if not (chosen := os.environ.get("VAECOURSE_DATA")):
        return None
    root = cache.expanded("VAECOURSE_DATA", chosen)
    if root.is_dir():
        return root
    if required:
        raise DataError(f"VAECOURSE_DATA is {root}, which is not a folder: correct it or unset it")
    return None


def listings(wanted: DataSetSpec | Rendered, required: bool) -> Iterator[Listing]:
    """The folders that may contain a set, best first: of its own name, of a similar name, of the operating system."""
    root = data_folder(required)
    if root and wanted.readers:
        yield from listings_below(root, wanted)
    for folder in wanted.system_folders:
        if folder.is_dir():
            yield listing.below(folder)


def listings_below(root: Path, wanted: DataSetSpec | Rendered) -> Iterator[Listing]:
    """What lies in a folder under the name of the set, then what lies there under one of its usual names."""
    own = listing.key(wanted.title)
    for pattern in (own, wanted.found_as):
        found = listing.below(root, lambda name, pattern=pattern: re.fullmatch(pattern, listing.key(name)) is not None)
        if found.entries:
            folders = {root / entry.name.partition("/")[0] for entry in found.entries}
            only = folders.pop() if len(folders) == 1 else root
            yield replace(found, folder=only if only.is_dir() else root)


def in_words(folder: Path) -> str:
    """The folder with ``$VAECOURSE_DATA`` in place of the user's own path, so that it can be shown to others."""
    if chosen := os.environ.get("VAECOURSE_DATA"):
        root = cache.expanded("VAECOURSE_DATA", chosen)
        if folder.is_relative_to(root):
            return str("$VAECOURSE_DATA" / folder.relative_to(root))
    return str(folder)
