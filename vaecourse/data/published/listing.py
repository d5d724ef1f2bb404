"""What lies in a folder, as Finder, 7-Zip, Kaggle, notebooks and shared disks leave it: one list for all readers."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from vaecourse.data.errors import DataError, reading

REMEDY = "copy it again, or take it out"
MOST_FILES = 2_000_000
LARGEST = 64 << 20  # of a picture or a list: the list of CelebA's attributes takes 27 MB
CLUTTER = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}
CLUTTER |= {"@eadir", "#recycle", "lost+found", "icon\r"}
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
SUFFIXES = re.compile(r"(\.(gz|zip|tar|tgz|txt|csv|tsv|dat|npz))+$")
COPY = re.compile(r"( ?\(\d+\)|[ _-]copy\d*( \d+)?)(?=\.|$)")


@dataclass(frozen=True)
class Entry:
    """A file in a folder, or in an archive.

    Parameters
    ----------
    name : str
        Path below the folder or in the archive, with ``/``.
    shown : str
        Name in messages.
    size : int
        Bytes, unpacked.
    opener : function () -> binary file
    path : Path, optional
        Place on disk; None in an archive.
    changed : int
        Time of the last change in nanoseconds since 1970; 0 in an archive.
    """

    name: str
    shown: str
    size: int
    opener: Callable[[], BinaryIO]
    path: Path | None = None
    changed: int = 0

    @property
    def lower(self) -> str:
        """The last part of the name, in small letters."""
        return PurePosixPath(self.name).name.casefold()

    @property
    def stem(self) -> str:
        """The last part of the name without its suffix, in small letters."""
        return PurePosixPath(self.lower).stem

    @contextmanager
    def open(self, remedy: str = REMEDY, what: str = "cannot be read") -> Iterator[BinaryIO]:
        """The open file; whatever goes wrong in the block is a DataError that names the file."""
        with reading(self.shown, remedy, what), self.opener() as file:
            yield file

    def read(self, largest: int = LARGEST, remedy: str = REMEDY) -> bytes:
        """The content.

        Raises
        ------
        DataError
            If it cannot be read, or is larger than ``largest`` bytes.
        """
        with self.open(remedy) as file:
            content = b"" if self.size > largest else file.read(largest + 1)
        if max(self.size, len(content)) > largest:
            raise DataError(f"{self.shown} is larger than {largest:,} bytes, too large for its kind: {remedy}")
        return content


@dataclass(frozen=True)
class Listing:
    """The files below a folder, sorted by name, without what systems add."""

    folder: Path
    entries: tuple[Entry, ...]

    def stamp(self) -> str:
        """A digest of the paths, sizes and times of all files."""
        lines = "".join(f"{entry.path}\0{entry.size}\0{entry.changed}\n" for entry in self.entries)
        return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()

    def archives(self) -> list[Entry]:
        """The archives that can be unpacked."""
        return [entry for entry in self.entries if is_archive(entry)]

    def relative(self, entry: Entry) -> str:
        """The path of a file from the folder."""
        return os.path.relpath(entry.path, self.folder)

    def beside(self, used: Iterable[Entry] = ()) -> str:
        """The names of some other files, in brackets for a message; empty if there are none."""
        used = set(map(id, used))
        names = [self.relative(entry) for entry in self.entries if id(entry) not in used]
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        return f" (it holds {', '.join(names[:3])}{more})" if names else ""


def key(name: str) -> str:
    """A name without suffixes, marks of copies, capitals, hyphens and the like, so that variants of it are equal."""
    return re.sub(r"[\W_]", "", SUFFIXES.sub("", COPY.sub("", name.casefold())))


def is_copy(entry: Entry) -> bool:
    """Whether the name has the mark of a second copy, as ``name (1).csv``."""
    return COPY.search(entry.lower) is not None


def is_archive(entry: Entry) -> bool:
    return entry.lower.endswith(ARCHIVES)


def is_clutter(name: str) -> bool:
    """Whether a file or folder is one that systems and programs add: hidden ones, ``__MACOSX``, ``Thumbs.db``, …"""
    return name.startswith((".", "~$")) or name.casefold() in CLUTTER


def below(folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> Listing:
    """All files below a folder. Links are followed, but no folder is listed twice.

    Parameters
    ----------
    folder : Path
    wanted : function str -> bool
        Whether to look at a file or folder that lies directly in ``folder``, by its name.

    Raises
    ------
    DataError
        If a folder cannot be read, or there are more than two million files.
    """
    found: list[Entry] = []
    listed = set()
    waiting = [(folder, "")]
    while waiting:
        place, prefix = waiting.pop()
        with reading(place, "use a folder that you may read"):
            names = sorted(os.listdir(place))
            state = os.stat(place)
        if state.st_ino and (state.st_dev, state.st_ino) in listed:
            continue
        listed.add((state.st_dev, state.st_ino))
        for name in names:
            if is_clutter(name) or not (prefix or wanted(name)):
                continue
            path = place / name
            try:
                state = os.stat(path)
            except OSError:  # a link to nothing, or no permission: whoever opens it says so
                state = None
            if state and stat.S_ISDIR(state.st_mode):
                # Links come last: a folder that can also be reached without one is listed under its own name.
                waiting.insert(0 if path.is_symlink() else len(waiting), (path, f"{prefix}{name}/"))
                continue
            size, changed = (state.st_size, state.st_mtime_ns) if state else (0, 0)
            found.append(Entry(prefix + name, str(path), size, lambda path=path: _opened(path), path, changed))
        if len(found) + len(waiting) > MOST_FILES:
            raise DataError(f"{folder} holds more than {MOST_FILES:,} files: put the data set into a folder of its own")
    return Listing(folder, tuple(sorted(found, key=lambda entry: entry.name)))


def _opened(path: Path) -> BinaryIO:
    if path.is_symlink() and not path.exists():
        raise DataError(
            f"{path} is a link to {os.readlink(path)}, which is not there: mend it, or copy the file itself"
        )
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device might never end
        raise DataError(f"{path} is not a file but a pipe, a socket or a device: replace it by the file")
    return path.open("rb")


def common_folder(entries: Iterable[Entry]) -> Path:
    """The deepest folder on disk with all these files below it."""
    return Path(os.path.commonpath([entry.path.parent for entry in entries]))
