"""Downloads by torchvision, which has the addresses and the MD5 sums."""

import http.client
import importlib.util
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
CELEBA_FILES = ("img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt")
GOOGLE_DRIVE = "https://drive.google.com/"


class DownloadFailed(Exception):
    """The download of a data set failed or is incomplete."""


def torchvision_class(name: str) -> type:
    """A data set class of torchvision, which is imported only when it is needed to read or download files."""
    import torchvision.datasets

    dataset = getattr(torchvision.datasets, name)
    if name == "STL10":
        # The 100,000 images of STL-10 without labels (2.8 GB) are not used, so they are neither needed nor checked.
        return type(name, (dataset,), {"train_list": dataset.train_list[:2]})
    if name == "CelebA":
        # The identities, boxes and landmarks of CelebA are not used.
        wanted = [entry for entry in dataset.file_list if entry[2] in CELEBA_FILES]
        return type(name, (dataset,), {"file_list": wanted})
    return dataset


def parts(dataset: type) -> dict[str, dict]:
    """The arguments of a torchvision data set for its splits ``train`` and ``test``."""
    if "split" in inspect.signature(dataset).parameters:
        return {"train": {"split": "train"}, "test": {"split": "test"}}
    return {"train": {"train": True}, "test": {"train": False}}


@cache
def reachable(urls: tuple[str, ...]) -> bool:
    """Whether one of these addresses answers within three seconds; cached until the process ends."""
    answers: queue.Queue[bool] = queue.Queue()
    for url in urls:
        # In a thread, because DNS look-ups can hang and urllib's timeout does not cover them.
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
    """Addresses of the first file of a data set; torchvision's classes store them in four different ways."""
    if hasattr(dataset, "mirrors"):
        return tuple(f"{mirror}{dataset.resources[0][0]}" for mirror in dataset.mirrors)
    if hasattr(dataset, "split_list"):
        return (dataset.split_list["train"][0],)
    return (GOOGLE_DRIVE if hasattr(dataset, "file_list") else dataset.url,)


def download(class_name: str, folder: Path) -> None:
    """Let torchvision download a data set into ``folder``, in its own layout.

    A failed download is tried once more; complete files are kept.

    Raises
    ------
    DownloadFailed
        If both tries fail.
    """
    dataset = torchvision_class(class_name)
    for attempt in range(TRIES):
        try:
            with _stalls_end():
                if hasattr(dataset, "file_list"):
                    _from_google_drive(dataset, folder)
                    return
                for choice in parts(dataset).values():
                    dataset(folder, **choice, download=True)
                return
        except (OSError, RuntimeError, EOFError, http.client.HTTPException) as error:
            if attempt == TRIES - 1:
                reason = " ".join(str(error).split()) or type(error).__name__
                raise DownloadFailed(f"the download failed ({reason})") from error


def _from_google_drive(dataset: type, folder: Path) -> None:
    """Download and check the files of CelebA; the pictures stay packed.

    Google Drive limits the downloads of each file per day. Beyond the limit it sends a web page instead: gdown, which
    torchvision uses, then raises errors of its own, or the MD5 sum is wrong.

    Raises
    ------
    RuntimeError
        If a file is incomplete, or gdown is missing; the message is one line.
    """
    from torchvision.datasets.utils import download_file_from_google_drive

    if importlib.util.find_spec("gdown") is None:
        raise RuntimeError("it needs gdown: pip install gdown")
    from gdown import exceptions

    errors = tuple(value for value in vars(exceptions).values() if isinstance(value, type))
    for number, md5, name in dataset.file_list:
        try:
            download_file_from_google_drive(number, folder / dataset.base_folder, name, md5)
        except (*errors, RuntimeError) as error:
            raise RuntimeError(
                f"Google Drive did not give {name}, which it gives only so many times a day: try tomorrow"
            ) from error


@contextmanager
def _stalls_end() -> Iterator[None]:
    """Abort connections that send nothing for ten seconds; torchvision itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
