"""Downloads through torchvision, which knows the addresses and the MD5 sums."""

import http.client
import queue
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PROBE_SECONDS = 3
STALL_SECONDS = 10
TRIES = 2


class DownloadFailed(Exception):
    """A data set did not arrive whole."""


def torchvision_class(name: str) -> type:
    """A data set of torchvision, which is imported only when something may have to be downloaded."""
    import torchvision.datasets

    return getattr(torchvision.datasets, name)


@cache
def reachable(urls: tuple[str, ...]) -> bool:
    """Whether one of these addresses answers within three seconds; remembered until the process ends."""
    answers: queue.Queue[bool] = queue.Queue()
    for url in urls:
        # A thread, because looking up a name may hang, and that no timeout of urllib cuts short.
        threading.Thread(target=lambda url=url: answers.put(_answers(url)), daemon=True).start()
    deadline = time.monotonic() + PROBE_SECONDS
    for _ in urls:
        try:
            if answers.get(timeout=max(0, deadline - time.monotonic())):
                return True
        except queue.Empty:
            return False
    return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PROBE_SECONDS):
            return True
    except (OSError, http.client.HTTPException):
        return False


def available(class_name: str) -> bool:
    """Whether a mirror of this data set of torchvision can be reached now."""
    dataset = torchvision_class(class_name)
    first_file = dataset.resources[0][0]
    return reachable(tuple(f"{mirror}{first_file}" for mirror in dataset.mirrors))


def download(class_name: str, folder: Path) -> Path:
    """Let torchvision download a data set into ``folder``, and return where the raw files lie.

    A second try follows a failed one, and keeps the files that arrived whole.

    Raises
    ------
    DownloadFailed
        If both tries fail.
    """
    dataset = torchvision_class(class_name)
    for attempt in range(TRIES):
        try:
            with _stalls_end():
                return Path(dataset(folder, download=True).raw_folder)
        except (OSError, RuntimeError, EOFError, http.client.HTTPException) as error:
            if attempt == TRIES - 1:
                reason = " ".join(str(error).split()) or type(error).__name__
                raise DownloadFailed(f"the download failed ({reason})") from error


@contextmanager
def _stalls_end() -> Iterator[None]:
    """A connection that says nothing for ten seconds is given up; torchvision itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
