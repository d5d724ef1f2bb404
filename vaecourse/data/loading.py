"""``load``: a data set by its name, from the nearest place that has it."""

import difflib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vaecourse.data import cache, downloads, idx, stand_in
from vaecourse.data.errors import DataError
from vaecourse.data.images import ImageSet

OFFLINE = ("stand-in", "error")


@dataclass(frozen=True)
class Known:
    """What must be known of a data set to find it.

    Parameters
    ----------
    title : str
        Its name in a sentence.
    torchvision : str
        Its class in torchvision.datasets, which is also the name of its folder there.
    label_names : tuple of str
    megabytes : int
        Size of the download.
    system_folders : tuple of Path
        Where packages of an operating system put it.
    """

    title: str
    torchvision: str
    label_names: tuple[str, ...]
    megabytes: int
    system_folders: tuple[Path, ...] = ()


KNOWN = {
    "mnist": Known("MNIST", "MNIST", tuple("0123456789"), megabytes=12),
    "fashion_mnist": Known(
        "Fashion-MNIST",
        "FashionMNIST",
        ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        megabytes=31,
        # Debian's package dataset-fashion-mnist
        system_folders=(Path("/usr/share/datasets/fashion-mnist"),),
    ),
}


@dataclass(frozen=True)
class Place:
    """Where a data set is now: ``kind`` is "cache", "folder", "download" or "stand-in"; the first two have a path."""

    kind: str
    path: Path | None = None

    @property
    def size_in_bytes(self) -> int | None:
        """Size on disk, if it is on disk."""
        if self.path is None:
            return None
        files = [self.path] if self.path.is_file() else idx.files(self.path)
        return sum(file.stat().st_size for file in files)


def known(name: str) -> Known:
    """What is known of a data set.

    Raises
    ------
    DataError
        If there is no data set of this name.
    """
    if name in KNOWN:
        return KNOWN[name]
    similar = difflib.get_close_matches(str(name).lower().replace("-", "_"), KNOWN, n=1, cutoff=0.5)
    advice = f"did you mean {similar[0]!r}?" if similar else f"choose one of {', '.join(KNOWN)}"
    raise DataError(f"there is no data set {name!r}: {advice}")


def locate(name: str) -> Place:
    """Where :func:`load` would take a data set from now. Downloads nothing.

    Raises
    ------
    DataError
        If there is no data set of this name, or ``$VAECOURSE_DATA`` is not a folder.
    """
    wanted = known(name)
    if cache.path(name).exists():
        return Place("cache", cache.path(name))
    for folder in _folders(name, wanted):
        if idx.files(folder):
            return Place("folder", folder)
    return Place("download" if downloads.available(wanted.torchvision) else "stand-in")


def _folders(name: str, wanted: Known) -> list[Path]:
    folders = list(wanted.system_folders)
    if chosen := os.environ.get("VAECOURSE_DATA"):
        root = Path(chosen).expanduser().absolute()
        if not root.is_dir():
            raise DataError(f"VAECOURSE_DATA is {root}, which is not a folder: correct it or unset it")
        folders = [root / name, root / wanted.torchvision / "raw", *folders]
    return folders


def _in_words(folder: Path) -> str:
    """The folder as a page may show it to others: ``$VAECOURSE_DATA`` stands for the reader's own path."""
    if chosen := os.environ.get("VAECOURSE_DATA"):
        root = Path(chosen).expanduser().absolute()
        if folder.is_relative_to(root):
            return f"$VAECOURSE_DATA/{folder.relative_to(root)}"
    return str(folder)


def load(name: str, offline: str = "stand-in") -> ImageSet:
    """Load a data set from the first of these that has it; ``.source`` of the result says which it was.

    1. The prepared cache: ``$VAECOURSE_CACHE``, else ``$XDG_CACHE_HOME/vaecourse``, else ``~/.cache/vaecourse``.
    2. Files in ``$VAECOURSE_DATA``, as ``<name>/*-ubyte[.gz]`` or in torchvision's layout, or where the operating
       system keeps them.
    3. torchvision's download, checked.
    4. A stand-in that needs no network, 5,000 real MNIST digits; a printed line says so.

    Parameters
    ----------
    name : "mnist" or "fashion_mnist"
    offline : "stand-in" or "error"
        What to do where the data are neither at hand nor to be downloaded.

    Raises
    ------
    DataError
        If the name is unknown, a file is broken, the cache cannot be written to, or ``offline="error"`` refuses
        the stand-in.
    """
    wanted = known(name)
    if offline not in OFFLINE:
        raise DataError(f"offline={offline!r} is unknown: choose one of {', '.join(OFFLINE)}")
    place = locate(name)
    if place.kind == "stand-in":
        return _stand_in(name, wanted, offline, "its download cannot be reached")
    if place.kind == "folder":
        cache.write(name, idx.read_splits(place.path), f"files in {_in_words(place.path)}")
    if place.kind == "download":
        try:
            _download(name, wanted)
        except downloads.DownloadFailed as error:
            return _stand_in(name, wanted, offline, str(error))
    splits, source = cache.read(name)
    return ImageSet(name, splits["train"], splits["test"], source, wanted.label_names)


def _download(name: str, wanted: Known) -> None:
    """Fill the cache by a download, whose files last only as long as they are needed."""
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=cache.writable_folder()) as folder:
        raw = downloads.download(wanted.torchvision, Path(folder))
        cache.write(name, idx.read_splits(raw), "download by torchvision")


def _stand_in(name: str, wanted: Known, offline: str, reason: str) -> ImageSet:
    """The digits in place of a data set, said aloud; or, with ``offline="error"``, the error instead."""
    remedy = f"go online, or put the four *-ubyte.gz files into $VAECOURSE_DATA/{name}"
    if offline == "error":
        raise DataError(f"{wanted.title} is not on this machine, and {reason}: {remedy}")
    splits = stand_in.load()
    source = f"stand-in for {wanted.title}: {stand_in.DESCRIPTION}"
    print(f"STAND-IN, not {wanted.title}: {stand_in.DESCRIPTION}, because {reason}. For the real set {remedy}.")
    return ImageSet(name, splits["train"], splits["test"], source, stand_in.LABEL_NAMES)
