"""``load``: a data set by its name, from the first source that has it."""

import difflib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vaecourse.data import cache, downloads
from vaecourse.data.catalogue import DATA_SETS, DataSetSpec, Reader, Rendered
from vaecourse.data.errors import DataError
from vaecourse.data.images import ImageSet, Split

OFFLINE = ("stand-in", "error")


@dataclass(frozen=True)
class Place:
    """Source of a data set: ``kind`` is "cache", "folder", "rendered", "download" or "stand-in".

    The first two have a path; a folder also has the reader of its files.
    """

    kind: str
    path: Path | None = None
    reader: Reader | None = None

    @property
    def size_in_bytes(self) -> int | None:
        """Size on disk, or None if the set is not on disk."""
        if self.path is None:
            return None
        files = self.reader.files(self.path) if self.reader else [self.path]
        return sum(file.stat().st_size for file in files)


def spec_of(name: str) -> DataSetSpec | Rendered:
    """The specification of a data set.

    Raises
    ------
    DataError
        If there is no data set of this name.
    """
    if name in DATA_SETS:
        return DATA_SETS[name]
    similar = difflib.get_close_matches(str(name).lower().replace("-", "_"), DATA_SETS, n=1, cutoff=0.5)
    advice = f"did you mean {similar[0]!r}?" if similar else f"choose one of {', '.join(DATA_SETS)}"
    raise DataError(f"there is no data set {name!r}: {advice}")


def locate(name: str) -> Place:
    """The source that :func:`load` would use now; nothing is downloaded.

    Raises
    ------
    DataError
        If there is no data set of this name, or ``$VAECOURSE_DATA`` is not a folder.
    """
    wanted = spec_of(name)
    if cache.path(name).exists():
        return Place("cache", cache.path(name))
    for folder, reader in _candidates(wanted):
        if reader.files(folder):
            return Place("folder", folder, reader)
    if isinstance(wanted, Rendered):
        return Place("rendered")
    return Place("download" if downloads.available(wanted.torchvision) else "stand-in")


def _candidates(wanted: DataSetSpec | Rendered) -> list[tuple[Path, Reader]]:
    """The folders that may contain a set, best first, each with the reader of its format."""
    system = [(folder, wanted.layouts[0][1]) for folder in wanted.system_folders]
    if chosen := os.environ.get("VAECOURSE_DATA"):
        root = Path(chosen).expanduser().absolute()
        if not root.is_dir():
            raise DataError(f"VAECOURSE_DATA is {root}, which is not a folder: correct it or unset it")
        return [(root / folder, reader) for folder, reader in wanted.layouts] + system
    return system


def _in_words(folder: Path) -> str:
    """The folder with ``$VAECOURSE_DATA`` in place of the user's own path, so that it can be shown to others."""
    if chosen := os.environ.get("VAECOURSE_DATA"):
        root = Path(chosen).expanduser().absolute()
        if folder.is_relative_to(root):
            return str("$VAECOURSE_DATA" / folder.relative_to(root))
    return str(folder)


def load(name: str, offline: str = "stand-in") -> ImageSet:
    """Load a data set from the first of these sources that has it; ``.source`` of the result names it.

    1. The prepared cache: ``$VAECOURSE_CACHE``, else ``$XDG_CACHE_HOME/vaecourse``, else ``~/.cache/vaecourse``.
    2. Published files in ``$VAECOURSE_DATA/<name>``, or in torchvision's layout, or where the operating system keeps
       them. CIFAR-10 may also be separate pictures, ``cifar10/train/<class>/*.jpg`` and
       ``cifar10/test/<class>/*.jpg``, or one zip file of them in ``cifar10``. CelebA may be pictures of any size,
       in folders below ``celeba`` or one zip file, with the list of attributes.
    3. torchvision's download, with its checksums.
    4. A stand-in that needs no network, made of MNIST digits, photographs or toy faces; a printed line says so.

    dSprites and the toy faces need neither network nor stand-in: they are rendered
    (:mod:`vaecourse.data.rendered.dsprites`, :mod:`vaecourse.data.rendered.toy_faces`), unless the published ``.npz``
    file of dSprites lies in ``$VAECOURSE_DATA/dsprites``. The training split of dSprites is the whole set, and its test
    split 10,000 images out of it.

    The images of STL-10, 96×96, are shrunk to 64×64 by antialiased bicubic interpolation; its images without labels
    are left out. The faces of CelebA are cropped and shrunk to 64×64, and their factors are the 40 attributes, 0 or 1
    (:mod:`vaecourse.data.published.celeba`); they may be used for non-commercial research only.

    Parameters
    ----------
    name : "mnist", "fashion_mnist", "cifar10", "svhn", "stl10", "celeba", "dsprites" or "toy_faces"
        Name of the set. All but the first two and dSprites are in colour.
    offline : "stand-in" or "error"
        What happens if the data are neither on disk nor available for download.

    Raises
    ------
    DataError
        If the name is unknown, a file is broken, the cache cannot be written to, or ``offline="error"`` refuses
        the stand-in.
    """
    wanted = spec_of(name)
    if offline not in OFFLINE:
        raise DataError(f"offline={offline!r} is unknown: choose one of {', '.join(OFFLINE)}")
    place = locate(name)
    if place.kind == "rendered":
        splits = wanted.render()
        if wanted.cached:
            cache.write(name, splits, wanted.description)
        return _image_set(name, wanted, splits, wanted.description)
    if place.kind == "stand-in":
        return _stand_in(name, wanted, offline, "its download cannot be reached")
    if place.kind == "folder":
        _store(name, place, f"files in {_in_words(place.path)}")
    if place.kind == "download":
        try:
            _download(name, wanted)
        except downloads.DownloadFailed as error:
            return _stand_in(name, wanted, offline, str(error))
    splits, source = cache.read(name)
    return _image_set(name, wanted, splits, source)


def _image_set(name: str, wanted: DataSetSpec | Rendered, splits: dict[str, Split], source: str) -> ImageSet:
    return ImageSet(name, splits["train"], splits["test"], source, wanted.label_names, wanted.factor_names)


def _store(name: str, place: Place, origin: str) -> None:
    splits, remark = place.reader.read(place.path)
    cache.write(name, splits, f"{origin}: {remark}" if remark else origin)


def _download(name: str, wanted: DataSetSpec) -> None:
    """Fill the cache by a download, whose files are deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=cache.writable_folder()) as folder:
        downloads.download(wanted.torchvision, Path(folder))
        candidates = [(Path(folder, layout), reader) for layout, reader in wanted.layouts]
        path, reader = next(candidate for candidate in candidates if candidate[1].files(candidate[0]))
        _store(name, Place("folder", path, reader), "download by torchvision")


def _stand_in(name: str, wanted: DataSetSpec, offline: str, reason: str) -> ImageSet:
    """The stand-in of a data set, announced by a printed line; or an error, with ``offline="error"``."""
    remedy = f"go online, or put {wanted.published_files} into $VAECOURSE_DATA/{name}"
    if offline == "error":
        raise DataError(f"{wanted.title} is not on this machine, and {reason}: {remedy}")
    substitute = wanted.stand_in
    splits = substitute.load()
    source = f"stand-in for {wanted.title}: {substitute.description}"
    print(f"STAND-IN, not {wanted.title}: {substitute.description}, because {reason}. For the real set {remedy}.")
    return ImageSet(name, splits["train"], splits["test"], source, substitute.label_names, substitute.factor_names)
