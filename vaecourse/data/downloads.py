"""Downloads through torchvision, which knows the addresses and the MD5 sums."""

import http.client
import inspect
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
    """A data set of torchvision, which is imported only when it may have to read or download something."""
    import torchvision.datasets

    dataset = getattr(torchvision.datasets, name)
    if name == "STL10":
        # Its 100,000 images without labels (2.8 GB) have no part here: they are neither needed nor checked.
        return type(name, (dataset,), {"train_list": dataset.train_list[:2]})
    return dataset


def parts(dataset: type) -> dict[str, dict]:
    """The arguments with which a data set of torchvision gives its splits ``train`` and ``test``."""
    if "split" in inspect.signature(dataset).parameters:
        return {"train": {"split": "train"}, "test": {"split": "test"}}
    return {"train": {"train": True}, "test": {"train": False}}


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
    return reachable(_addresses(torchvision_class(class_name)))


def _addresses(dataset: type) -> tuple[str, ...]:
    """Where torchvision would take the first file of a data set from; its classes say so in three ways."""
    if hasattr(dataset, "mirrors"):
        return tuple(f"{mirror}{dataset.resources[0][0]}" for mirror in dataset.mirrors)
    if hasattr(dataset, "split_list"):
        return (dataset.split_list["train"][0],)
    return (dataset.url,)


def download(class_name: str, folder: Path) -> None:
    """Let torchvision download a data set into ``folder``, in its own layout.

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
                for choice in parts(dataset).values():
                    dataset(folder, **choice, download=True)
                return
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
