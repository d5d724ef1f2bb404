"""Files in torchvision's own layout, read by torchvision, which has the formats and the MD5 sums."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from vaecourse.data import cache, downloads
from vaecourse.data.errors import DataError, reading
from vaecourse.data.images import Split
from vaecourse.data.published.archives import inside
from vaecourse.data.published.listing import Entry, Listing, key
from vaecourse.files import private_folder

REMEDY = "copy or download it again"
IMAGES_AT_ONCE = 500


@dataclass(frozen=True)
class TorchvisionFiles:
    """Reader of a data set that torchvision keeps in a folder.

    Parameters
    ----------
    class_name : str
        Name of the class in torchvision.datasets.
    archive : str
        Pattern of the names, as :func:`~vaecourse.data.published.listing.key` gives them, of tar files that hold it.
    megabytes : int
        Size of all files, unpacked: no archive is unpacked further.
    shrink_to : int, optional
        Side of the result in pixels: larger images are shrunk by antialiased bicubic interpolation.
    """

    class_name: str
    archive: str
    megabytes: int
    shrink_to: int | None = None

    def files(self, listing: Listing) -> list[Entry]:
        """The files of the set, in whatever folder they lie, and the archives that hold them."""
        names = self._names()
        return [entry for entry in listing.entries if entry.lower in names] + self._archives(listing)

    def _names(self) -> dict[str, str]:
        """The path of each file in torchvision's layout, by its name in small letters."""
        return {Path(path).name.casefold(): path for path in _md5_sums(downloads.torchvision_class(self.class_name))}

    def _archives(self, listing: Listing) -> list[Entry]:
        """The zip files that hold such files, and the tar files of the right name: to list those takes long."""
        found, names = [], self._names()
        for entry in listing.archives():
            if not entry.lower.endswith(".zip"):
                holds_it = re.fullmatch(self.archive, key(entry.lower)) is not None
            else:
                with inside(entry) as entries:
                    holds_it = any(inner.lower in names for inner in entries)
            found += [entry] if holds_it else []
        return found

    def read(self, listing: Listing) -> tuple[dict[str, Split], str]:
        """Both splits, and a remark if their images are shrunk.

        Raises
        ------
        DataError
            If a file is missing or is not the published one.
        """
        dataset = downloads.torchvision_class(self.class_name)
        sums = _md5_sums(dataset)
        with self._whole(listing, sums) as (found, folder):
            from torchvision.datasets.utils import check_integrity

            for name, md5 in sums.items():
                with reading(found[name], REMEDY):
                    is_published = check_integrity(folder / name, md5)
                if not is_published:
                    raise DataError(f"{found[name]} is not the published file (its MD5 sum is not {md5}): {REMEDY}")
            with reading(listing.folder, REMEDY):
                parts = downloads.parts(dataset)
                splits = {split: self._split(dataset(folder, **choice)) for split, choice in parts.items()}
        return splits, f"shrunk to {self.shrink_to}×{self.shrink_to}" if self.shrink_to else ""

    @contextmanager
    def _whole(self, listing: Listing, sums: dict[str, str]) -> Iterator[tuple[dict[str, str], Path]]:
        """What to call each file in messages, and a folder with all of them in torchvision's layout."""
        found = self._by_path(listing.entries)
        archives = self._archives(listing) if len(found) < len(sums) else []
        with ExitStack() as stack:
            for archive in archives:
                inner = self._by_path(stack.enter_context(inside(archive, self.megabytes * 1_000_000, REMEDY)))
                found = inner if len(inner) > len(found) else found
            for name in sums:
                if name not in found:
                    shown = archives[0].shown if archives else listing.folder
                    raise DataError(f"{shown} lacks {name}: add it, or {REMEDY}{listing.beside(found.values())}")
            folder = listing.folder
            if any(entry.path != folder / name for name, entry in found.items()):
                folder = stack.enter_context(private_folder(cache.writable_folder(), "unpacked"))
                for name, entry in found.items():
                    self._put(entry, folder / name)
            yield {name: entry.shown for name, entry in found.items()}, folder

    def _by_path(self, entries: list[Entry]) -> dict[str, Entry]:
        """The first file of each name, by its path in torchvision's layout."""
        names = self._names()
        return {names[entry.lower]: entry for entry in reversed(entries) if entry.lower in names}

    def _put(self, entry: Entry, path: Path) -> None:
        """A copy of the file, or a link to it, which takes no time where links are allowed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.size > self.megabytes * 1_000_000:
            raise DataError(f"{entry.shown} is larger than the whole set: {REMEDY}")
        if entry.path and os.name != "nt":
            path.symlink_to(entry.path)
            return
        with entry.open(REMEDY, "cannot be unpacked") as content, path.open("wb") as copy:
            shutil.copyfileobj(content, copy, 1 << 20)

    def _split(self, dataset) -> Split:
        """The images and labels, whose names and axes differ between the data sets of torchvision."""
        labels = dataset.targets if hasattr(dataset, "targets") else dataset.labels
        images = torch.from_numpy(dataset.data)
        if images.shape[-1] == 3:
            images = images.permute(0, 3, 1, 2)
        if self.shrink_to:
            images = torch.cat([_shrunk(some, self.shrink_to) for some in images.split(IMAGES_AT_ONCE)])
        return Split(images.contiguous(), labels=torch.as_tensor(labels, dtype=torch.int64))


def _md5_sums(dataset: type) -> dict[str, str]:
    """The MD5 sum of each file that torchvision needs, by its path in the folder."""
    if hasattr(dataset, "split_list"):
        return {name: md5 for _, name, md5 in (dataset.split_list[split] for split in ("train", "test"))}
    sums = dict([*dataset.train_list, *dataset.test_list])
    if hasattr(dataset, "meta"):
        sums[dataset.meta["filename"]] = dataset.meta["md5"]
    return {f"{dataset.base_folder}/{name}": md5 for name, md5 in sums.items()}


def _shrunk(images: torch.Tensor, side: int) -> torch.Tensor:
    smaller = torch.nn.functional.interpolate(images.float(), (side, side), mode="bicubic", antialias=True)
    return smaller.round().clamp(0, 255).to(torch.uint8)
