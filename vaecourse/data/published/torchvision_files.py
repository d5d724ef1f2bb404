"""Files in torchvision's own layout, read by torchvision, which has the formats and the MD5 sums."""

import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch

from vaecourse.data import cache, downloads
from vaecourse.data.errors import DataError
from vaecourse.data.images import Split

REMEDY = "copy or download it again"
IMAGES_AT_ONCE = 500


@dataclass(frozen=True)
class TorchvisionFiles:
    """Reader of a data set that torchvision keeps in a folder.

    Parameters
    ----------
    class_name : str
        Name of the class in torchvision.datasets.
    pattern : str
        Pattern of the names of its files, or of their folder.
    archive : str, optional
        Name of the packed file that contains them.
    shrink_to : int, optional
        Side of the result in pixels: larger images are shrunk by antialiased bicubic interpolation.
    """

    class_name: str
    pattern: str
    archive: str | None = None
    shrink_to: int | None = None

    def files(self, folder: Path) -> list[Path]:
        """The unpacked files in ``folder``, or, if there are none, the packed one."""
        found = sorted(folder.glob(self.pattern)) + sorted(folder.glob(f"{self.pattern}/*"))
        unpacked = [path for path in found if path.is_file()]
        packed = [folder / self.archive] if self.archive else []
        return unpacked or [path for path in packed if path.is_file()]

    def read(self, folder: Path) -> tuple[dict[str, Split], str]:
        """Both splits, and a remark if their images are shrunk.

        Raises
        ------
        DataError
            If a file is missing or is not the published one.
        """
        dataset = downloads.torchvision_class(self.class_name)
        sums = _md5_sums(dataset)
        if self.archive and self.files(folder) == [folder / self.archive]:
            with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=cache.writable_folder()) as unpacked:
                _unpack(folder / self.archive, Path(unpacked), set(sums))
                return self._read_unpacked(dataset, Path(unpacked), sums, shown=folder / self.archive)
        return self._read_unpacked(dataset, folder, sums, shown=folder)

    def _read_unpacked(self, dataset: type, folder: Path, sums: dict[str, str], shown: Path):
        from torchvision.datasets.utils import check_integrity

        for name, md5 in sums.items():
            if not (folder / name).is_file():
                raise DataError(f"{shown} lacks {name}: add it, or {REMEDY}")
            if not check_integrity(folder / name, md5):
                raise DataError(f"{shown / name} is not the published file (its MD5 sum is not {md5}): {REMEDY}")
        parts = downloads.parts(dataset)
        splits = {split: self._split(dataset(folder, **choice)) for split, choice in parts.items()}
        remark = f"shrunk to {self.shrink_to}×{self.shrink_to}" if self.shrink_to else ""
        return splits, remark

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


def _unpack(archive: Path, folder: Path, wanted: set[str]) -> None:
    """Unpack the wanted files of an archive, and stop reading after the last of them."""
    missing = set(wanted)
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for member in packed:
                if member.name in missing:
                    packed.extract(member, folder, filter="data")
                    missing.remove(member.name)
                if not missing:
                    return
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{archive} cannot be unpacked ({error}): {REMEDY}") from error


def _shrunk(images: torch.Tensor, side: int) -> torch.Tensor:
    smaller = torch.nn.functional.interpolate(images.float(), (side, side), mode="bicubic", antialias=True)
    return smaller.round().clamp(0, 255).to(torch.uint8)
