"""Pictures as separate files, ``train/<class>/*`` and ``test/<class>/*``, in a folder or in one zip file."""

import zipfile
import zlib
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import torch

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.published.picture_files import decoded

PARTS = ("train", "test")
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
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

    def files(self, folder: Path) -> list[Path]:
        """The pictures below ``train`` and ``test`` of a folder or, if there are none, the zip files in it."""
        pictures = [path for part in PARTS for path in folder.glob(f"{part}/*/*") if _is_picture(path)]
        return pictures or sorted(folder.glob("*.zip"))

    def read(self, folder: Path) -> tuple[dict[str, Split], str]:
        """Both splits, and a remark such as ``a JPEG subset of 8,000 + 2,000 images``.

        The classes alternate, so that the first images of a split come from all classes.

        Raises
        ------
        DataError
            If a class is missing or unknown, or a picture is unreadable or of another size.
        """
        found = self.files(folder)
        if found[0].suffix != ".zip":
            return self._read(folder)
        if len(found) > 1:
            raise DataError(f"{folder} holds {len(found)} zip files, and only one can be the data set: keep that one")
        try:
            with zipfile.ZipFile(found[0]) as archive:
                return self._read(zipfile.Path(archive))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise DataError(f"{found[0]} cannot be read ({error}): {REMEDY}") from error

    def _read(self, root: Path | zipfile.Path) -> tuple[dict[str, Split], str]:
        splits, formats = {}, set()
        for part in PARTS:
            pictures = self._in_turns(root / part)
            images = np.stack([self._decode(path) for path, _ in pictures])
            labels = torch.tensor([label for _, label in pictures])
            splits[part] = Split(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), labels=labels)
            formats |= {FORMATS[Path(path.name).suffix.lower()] for path, _ in pictures}
        counts = [len(split) for split in splits.values()]
        amount = "subset" if sum(counts) < self.published else "copy"
        return splits, f"a {' and '.join(sorted(formats))} {amount} of {counts[0]:,} + {counts[1]:,} images"

    def _in_turns(self, part: Path | zipfile.Path) -> list[tuple[Path | zipfile.Path, int]]:
        """The pictures of a split with their labels: the first of each class, then the second of each class, …"""
        shown = str(part).rstrip("/")  # the path in a zip file ends with a slash
        folders = {path.name: path for path in part.iterdir() if path.is_dir()} if part.is_dir() else {}
        if unknown := sorted(folders.keys() - set(self.classes)):
            raise DataError(f"{shown} has a folder {unknown[0]}, which is none of the classes: take it out")
        queues = []
        for label, name in enumerate(self.classes):
            pictures = [path for path in folders[name].iterdir() if _is_picture(path)] if name in folders else []
            if not pictures:
                raise DataError(f"{shown} lacks pictures of the class {name}: every class has its folder, so add it")
            queues.append([(path, label) for path in sorted(pictures, key=lambda path: path.name)])
        return [picture for picture in chain(*zip_longest(*queues)) if picture]

    def _decode(self, path: Path | zipfile.Path) -> np.ndarray:
        """One picture as bytes (H, W, 3)."""
        pixels = decoded(path.read_bytes(), str(path))
        if pixels.shape[:2] != (self.size, self.size):
            height, width = pixels.shape[:2]
            raise DataError(f"{path} has {height}×{width} pixels, not {self.size}×{self.size}: {REMEDY}")
        return pixels


def _is_picture(path: Path | zipfile.Path) -> bool:
    return Path(path.name).suffix.lower() in FORMATS
