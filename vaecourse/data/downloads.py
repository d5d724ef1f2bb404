"""Downloads of published files, from the addresses and with the MD5 sums that torchvision has."""

import hashlib
import http.client
import importlib.util
import inspect
import queue
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from functools import cache
from pathlib import Path

from vaecourse.terminal import printable

PROBE_SECONDS = 3
STALL_SECONDS = 10
OPEN_SECONDS = 20
TRIES = 2
# Half a minute in which less than 20 kB a second arrive is too slow, and so is less than 100 kB a second over all.
SLOW_SECONDS, SLOW_RATE = 30, 20_000
PATIENCE_SECONDS, LEAST_RATE = 600, 100_000
CHUNK = 1 << 16
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
    dataset = torchvision_class(class_name)
    return reachable((GOOGLE_DRIVE,) if hasattr(dataset, "file_list") else _files(dataset)[0][2])


def _files(dataset: type) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, MD5 sum and addresses of each file; torchvision's classes store them in three different ways."""
    if hasattr(dataset, "mirrors"):
        folder = f"{dataset.__name__}/raw"
        return [
            (f"{folder}/{name}", md5, tuple(f"{mirror}{name}" for mirror in dataset.mirrors))
            for name, md5 in dataset.resources
        ]
    if hasattr(dataset, "split_list"):
        wanted = (dataset.split_list[split] for split in ("train", "test"))
        return [(name, md5, (url,)) for url, name, md5 in wanted]
    return [(dataset.filename, dataset.tgz_md5, (dataset.url,))]


def download(class_name: str, folder: Path, megabytes: int) -> None:
    """Download the files of a data set of torchvision into ``folder``, in its own layout but still packed.

    Each file is asked of every mirror, twice.

    Parameters
    ----------
    class_name : str
    folder : Path
    megabytes : int
        Size of all files. A server that sends more, or sends too slowly, is given up.

    Raises
    ------
    DownloadFailed
        If no try succeeds.
    """
    dataset = torchvision_class(class_name)
    if hasattr(dataset, "file_list"):
        _try(*([lambda: _from_google_drive(dataset, folder)] * TRIES))
        return
    for name, md5, addresses in _files(dataset):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        attempts = [lambda url=url, name=name, md5=md5: _fetch(url, folder / name, md5, megabytes) for url in addresses]
        _try(*(attempts * TRIES))


def _try(*attempts: Callable[[], None]) -> None:
    """Make the attempts until one succeeds; the error tells why the last one did not."""
    for attempt in attempts:
        try:
            return attempt()
        except (OSError, RuntimeError, EOFError, http.client.HTTPException) as error:
            reason, cause = " ".join(str(error).split()) or type(error).__name__, error
    raise DownloadFailed(printable(f"the download failed ({reason})")) from cause


def _fetch(url: str, path: Path, md5: str, megabytes: int) -> None:
    """Download a file.

    Raises
    ------
    OSError, http.client.HTTPException
        If the connection fails or is too slow, or the content is not that of the MD5 sum.
    """
    from tqdm import tqdm

    most = int(1.05e6 * megabytes) + 1_000_000  # megabytes are rounded
    total, found = 0, hashlib.md5(usedforsecurity=False)
    started = since = time.monotonic()
    arrived = 0  # since then
    with (
        _open(url) as reply,
        path.open("wb") as file,
        tqdm(
            desc=path.name, total=_length(reply), unit="B", unit_scale=True, leave=False, disable=sys.stderr is None
        ) as bar,
    ):
        while chunk := reply.read1(CHUNK):
            total, arrived, now = total + len(chunk), arrived + len(chunk), time.monotonic()
            if total > most:
                raise OSError(f"{path.name} does not end after {most:,} bytes")
            if now - since > SLOW_SECONDS:
                if arrived < SLOW_RATE * (now - since):
                    raise OSError(f"{path.name} comes at {arrived / (now - since):,.0f} bytes a second")
                since, arrived = now, 0
            if now - started > PATIENCE_SECONDS + most / LEAST_RATE:
                raise OSError(f"{path.name} takes more than {(now - started) / 60:.0f} minutes")
            file.write(chunk)
            found.update(chunk)
            bar.update(len(chunk))
    if found.hexdigest() != md5:
        raise OSError(f"{path.name} arrived with {total:,} bytes that are not the published ones")


def _length(reply: http.client.HTTPResponse) -> int | None:
    text = reply.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _open(url: str) -> http.client.HTTPResponse:
    """The answer of a server, whose head must arrive within twenty seconds, and each further part within ten."""
    answers: queue.Queue = queue.Queue()
    given_up = threading.Event()

    def ask():
        try:
            reply = urllib.request.urlopen(
                urllib.request.Request(url, headers={"User-Agent": "vaecourse"}), timeout=STALL_SECONDS
            )
            if given_up.is_set():
                reply.close()
            answers.put(reply)
        except Exception as error:  # raised below, in the thread that waits
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=OPEN_SECONDS)
    except BaseException as error:
        given_up.set()
        if isinstance(error, queue.Empty):
            raise TimeoutError(f"no answer within {OPEN_SECONDS} seconds") from error
        raise
    if isinstance(answer, Exception):
        raise answer
    return answer


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
