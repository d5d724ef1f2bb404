"""The error that all parts of ``vaecourse.data`` raise, and what turns the errors of libraries into it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from vaecourse.terminal import OneLineError

UNPACK = "unpack it with the program that made it, and put the files here"
FULL = (errno.ENOSPC, errno.EDQUOT)
FAILING = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV, errno.ENXIO)


class DataError(OneLineError):
    """A data set cannot be loaded; the message names the file or setting, and says what to do."""


@contextmanager
def reading(shown: object, remedy: str, what: str = "cannot be read") -> Iterator[None]:
    """Turn everything that libraries raise while they open, unpack or decode a file into one DataError.

    Decoders document only some of what they raise for broken input, so nothing else is let through but a DataError of
    the block itself, and an interrupt.

    Parameters
    ----------
    shown : path or str
        Name of the file.
    remedy : str
        Advice for a broken file. Advice that fits the error better (permissions, passwords, full disks) replaces it.
    what : str
        Verb of the message.

    Raises
    ------
    DataError
        If the block raises any other exception.
    """
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        reason, better = _explained(error)
        raise DataError(f"{shown} {what} ({reason}): {better or remedy}") from error


def _explained(error: Exception) -> tuple[str, str | None]:
    """A reason in words, and a remedy if the error tells which one helps."""
    text = " ".join(str(error.args[0] if error.args else error).split()) or type(error).__name__
    if isinstance(error, OSError):
        text = " ".join((error.strerror or str(error)).split()) or type(error).__name__
        if isinstance(error, PermissionError):
            return "no permission", "allow yourself to read it (chmod u+r; a folder needs u+rx), or use a copy of yours"
        if error.errno in FULL:
            return text, "make room, or set VAECOURSE_CACHE to a folder on a larger disk"
        if error.errno in FAILING:
            return text, "check the disk or the network folder, and try again"
    if isinstance(error, UnicodeError):
        return "it is not text in UTF-8", None
    if isinstance(error, MemoryError):
        return "there is not enough memory for it", "close other programs, or use a machine with more memory"
    if isinstance(error, NotImplementedError):
        return text, f"Python does not know this compression: {UNPACK}"
    if isinstance(error, RuntimeError) and ("password" in text or "encrypted" in text):
        return "it is protected by a password", UNPACK
    return text, None
