"""Archives, zip and tar: their files are listed as those of folders are, and never unpacked beyond a limit."""

import gzip
import tarfile
import zipfile
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from vaecourse.data.errors import DataError, reading
from vaecourse.data.published.listing import MOST_FILES, REMEDY, Entry, Listing, is_archive, is_clutter

MOST_UNPACKED = 4 << 30
MOST_AT_ONCE = 256 << 20
GZIP = b"\x1f\x8b"
WEB_PAGE = (b"<!doc", b"<html")


@contextmanager
def inside(archive: Entry, most: int = MOST_UNPACKED, remedy: str = REMEDY) -> Iterator[list[Entry]]:
    """The files in an archive, in its order, under the names that it gives them.

    The content decides whether it is zip or tar, not the name: some browsers unpack ``.gz`` while they save it.

    Parameters
    ----------
    archive : Entry
    most : int
        Bytes up to which a tar file is unpacked.
    remedy : str
        Advice for a broken archive.

    Raises
    ------
    DataError
        If the archive, or one of its files, cannot be read.
    """
    with ExitStack() as stack:
        with reading(archive.shown, remedy):  # the errors of the caller's block are not errors of the archive
            file = stack.enter_context(archive.opener())
            start = file.read(262)
            file.seek(0)
            if start.lstrip()[:5].lower() in WEB_PAGE:
                raise ValueError("it is a web page, which a site sends in place of a file that too many ask for")
            packs = start[:2] == GZIP
            if packs or start[257:] == b"ustar":
                stream = _Bounded(gzip.GzipFile(fileobj=file) if packs else file, most)
                packed = stack.enter_context(tarfile.open(fileobj=stream, mode="r:"))
                entries = list(_in_tar(packed, archive))
            else:
                packed = stack.enter_context(zipfile.ZipFile(file))
                entries = list(_in_zip(packed, archive))
        yield entries


def _in_zip(packed: zipfile.ZipFile, archive: Entry) -> Iterator[Entry]:
    latest = {info.filename: info for info in packed.infolist() if not info.is_dir()}  # of equal names the last holds
    for info in latest.values():
        yield from _entry(archive, info.filename, info.file_size, lambda info=info: packed.open(info))


def _in_tar(packed: tarfile.TarFile, archive: Entry) -> Iterator[Entry]:
    latest = {}
    for member in packed:
        if member.isfile():
            latest[member.name] = member
        if len(packed.members) > MOST_FILES:
            raise DataError(f"{archive.shown} holds more than {MOST_FILES:,} files: {REMEDY}")
    for member in latest.values():
        yield from _entry(archive, member.name, member.size, lambda member=member: packed.extractfile(member))


def _entry(archive: Entry, name: str, size: int, opener: Callable[[], BinaryIO]) -> Iterator[Entry]:
    """The entry, unless a system added it. Old programs separate folders by backslashes."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if parts and not any(map(is_clutter, parts)):
        yield Entry("/".join(parts), f"{archive.shown}/{name}", size, opener)


class _Bounded:
    """A stream that ends with an error beyond a limit, instead of unpacking for ever."""

    def __init__(self, file: BinaryIO, most: int):
        self.file, self.most = file, most

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_AT_ONCE:
            raise ValueError(f"a part of it claims to have {size:,} bytes")
        content = self.file.read(size)
        self._check(self.file.tell())
        return content

    def seek(self, position: int, whence: int = 0) -> int:
        self._check(position)
        return self.file.seek(position, whence)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.file.tell()

    def _check(self, position: int) -> None:
        if position > self.most:
            raise ValueError(f"it unpacks to more than {self.most:,} bytes, more than its kind can hold")


@contextmanager
def one_source(
    listing: Listing, identity: Callable[[Entry], Hashable | None], what: str
) -> Iterator[tuple[list[Entry], list[Entry], str]]:
    """The pictures of a folder, or those of an archive in it, if it has none or only a part of them.

    Parameters
    ----------
    listing : Listing
    identity : function of an Entry
        What tells a picture of the set from others, whatever its place; None for other files.
    what : str
        Description of the pictures in messages.

    Yields
    ------
    (pictures, all files, remark)
        Pictures in the order in which they are best read; files in the folder and in its archives; and a remark on the
        choice, empty if there was none.

    Raises
    ------
    DataError
        If there are no pictures, or several sources of which none has all.
    """
    with ExitStack() as stack:
        sources = {"": list(listing.entries)}
        for archive in listing.archives():
            sources[listing.relative(archive)] = stack.enter_context(inside(archive))
        everything = [entry for entries in sources.values() for entry in entries]
        pictures = {}
        for name, entries in sources.items():
            if found := [entry for entry in entries if identity(entry) is not None]:
                pictures[name] = found
        if not pictures:
            for entry in everything:
                if is_archive(entry) and entry.path is None:
                    raise DataError(f"{entry.shown} is an archive inside an archive: unpack the outer one")
            raise DataError(f"{listing.folder} lacks {what}: add them{listing.beside()}")
        identities = {name: {identity(entry) for entry in found} for name, found in pictures.items()}
        whole = [name for name, one in identities.items() if all(one >= other for other in identities.values())]
        if not whole:
            raise DataError(
                f"{listing.folder} holds pictures in {_in_words(pictures)}, none of which has all of them: keep one"
            )
        others = [name for name in pictures if name != whole[0]]
        remark = f"from {_in_words(whole[:1])}, not from {_in_words(others)}" if others else ""
        yield pictures[whole[0]], everything, remark


def _in_words(names: Iterable[str]) -> str:
    return " and ".join(name or "folders" for name in names)
