"""Files that are written whole or not at all, and what killed processes left of others."""

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SUFFIX = ".unfinished"
DAY = 24 * 60 * 60


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to, which replaces ``path`` only if the block ends without an exception.

    The temporary path is of this call alone, so threads, processes and machines can write the same file at a time: the
    last one holds. The file can be read by whom the umask allows, whatever the mode in which it was written. Where the
    path is a link, the file that it leads to is replaced.

    Raises
    ------
    OSError
        If the file cannot be written; the error names ``path``. Folders, devices and pipes are never replaced.
    """
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist: make it first", str(path.parent))
    if path.exists() and not path.is_file():  # an administrator could replace even /dev/null
        raise FileExistsError(errno.EEXIST, "this is a folder or a device: choose another path", str(path))
    try:
        with private_folder(path.parent, path.name) as folder:
            unfinished = folder / path.name
            yield unfinished
            unfinished.chmod(folder.stat().st_mode & 0o666)
            os.replace(unfinished, path)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def private_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder for this call alone, deleted with its content when the block ends.

    Folders that killed processes left beside it are deleted too.

    Raises
    ------
    OSError
        If ``parent`` cannot be written to.
    """
    delete_leftovers(parent)
    # Not mode 0700, as of tempfile.mkdtemp: the umask shows in the mode, and decides on that of the files.
    folder = parent / f".{name[:40]}.{_owner()}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def delete_leftovers(parent: Path) -> None:
    """Delete the unfinished files of processes of this machine that are gone, and all that are older than a day."""
    with contextlib.suppress(OSError):  # a folder that cannot be listed is none of ours to tidy
        for path in parent.glob(f".*{SUFFIX}"):
            if _is_left(path):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _is_left(path: Path) -> bool:
    owner, number, *_ = [*path.name.removesuffix(SUFFIX).rpartition(".")[2].split("-"), ""]
    if owner == _owner() and number.isdecimal() and not _is_alive(int(number)):
        return True
    newest = max((inner.stat().st_mtime for inner in (path, *path.rglob("*"))), default=0)
    return time.time() - newest > DAY


@cache
def _owner() -> str:
    """A name of the set of processes that this one can see: containers of one machine have several."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # os.kill would end it there
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
