"""The cache of prepared data sets: one safetensors file per set, with its origin and a sum over its content."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

import vaecourse
from vaecourse.data.errors import DataError, reading
from vaecourse.data.images import Split
from vaecourse.data.packed import PackedImages
from vaecourse.files import atomic_path, delete_leftovers
from vaecourse.terminal import held_back

PACKED = "packed"  # the field of packed images
FIELDS = ("images", "labels", "factors", PACKED)
REMEDY = "delete it and load the data set again"
ADVICE = "set VAECOURSE_CACHE to a writable folder"


@dataclass(frozen=True)
class Origin:
    """What a prepared set was made from.

    Parameters
    ----------
    source : str
        Text of ``.source``.
    made_from : str
        Stamp of the files; empty if it was downloaded or rendered.
    version : str
        Version of the package that made it.
    """

    source: str
    made_from: str = ""
    version: str = ""

    @property
    def is_current(self) -> bool:
        """Whether this version of the package made it."""
        return self.version == vaecourse.__version__


def folder() -> Path:
    """The folder ``$VAECOURSE_CACHE``, else ``$XDG_CACHE_HOME/vaecourse``, else ``~/.cache/vaecourse``.

    Raises
    ------
    DataError
        If none of them is known.
    """
    if chosen := os.environ.get("VAECOURSE_CACHE"):
        return expanded("VAECOURSE_CACHE", chosen)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "vaecourse"
    home = os.path.expanduser("~")
    if not os.path.isabs(home) or os.environ.get("HOME") == "":
        raise DataError(f"this account has no home folder for a cache: {ADVICE}")
    return Path(home) / ".cache" / "vaecourse"


def expanded(variable: str, value: str) -> Path:
    """The absolute path in an environment variable, with ``~`` replaced.

    Raises
    ------
    DataError
        If it names the home of a user who is not known.
    """
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError as error:
        raise DataError(f"{variable} is {value}, the home of an unknown user: write the whole path") from error


def writable_folder() -> Path:
    """The folder of the cache, created if it does not exist.

    Raises
    ------
    DataError
        If it cannot be created or written to.
    """
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        str(place).encode()
    except UnicodeEncodeError as error:
        raise _not_writable("its path is not in UTF-8") from error
    except OSError as error:
        raise _not_writable(error) from error
    if not os.access(place, os.W_OK | os.X_OK):
        raise _not_writable("no permission")
    delete_leftovers(place)
    return place


def _not_writable(reason) -> DataError:
    return DataError(f"{folder()} cannot be written to ({reason}): {ADVICE}")


def path(name: str) -> Path:
    """Path of the prepared set of this name, whether or not it exists."""
    return folder() / f"{name}.safetensors"


def write(name: str, splits: dict[str, Split], source: str, made_from: str = "") -> None:
    """Store a prepared set.

    Raises
    ------
    DataError
        If the cache cannot be written to; no file is left then.
    """
    writable_folder()
    tensors = {
        f"{split}.{PACKED if isinstance(values, PackedImages) else field}": _stored(values)
        for split, content in splits.items()
        for field, values in content.tensors().items()
    }
    origin = {"source": source, "made_from": made_from, "version": vaecourse.__version__}
    try:
        with atomic_path(path(name)) as unfinished:
            save_file(tensors, unfinished, metadata={**origin, "sum": _sum(tensors, origin)})
    except Exception as error:  # safetensors has errors of its own for a full disk
        raise _not_writable(error) from error


def _stored(values: Tensor | PackedImages) -> Tensor:
    return (values.packed if isinstance(values, PackedImages) else values).cpu().contiguous()


def _sum(tensors: dict[str, Tensor], origin: dict[str, str]) -> str:
    """A sum over names, types, shapes and values, which tells any damage to a few bits: nobody means harm here."""
    total = zlib.crc32(repr(sorted(origin.items())).encode(errors="surrogateescape"))
    for name, values in sorted(tensors.items()):
        total = zlib.crc32(f"{name} {values.dtype} {tuple(values.shape)}".encode(), total)
        total = zlib.crc32(values.flatten().view(torch.uint8).numpy(), total)
    return f"{total:08x}"


@contextmanager
def _opened(name: str) -> Iterator[safe_open]:
    """The open file of a prepared set; whatever goes wrong in the block is a DataError."""
    with reading(path(name), f"{REMEDY}, or set VAECOURSE_CACHE to another folder"):
        path(name).open("rb").close()  # safetensors does not tell a lack of permission from a lack of the file
    delete_leftovers(folder())  # of a process that was killed after its last write
    # torch makes an error of an interrupt here, which would look like a broken file.
    with held_back(), reading(path(name), REMEDY, "is broken"), safe_open(path(name), framework="pt") as file:
        yield file


def origin(name: str) -> Origin | None:
    """What the prepared set of this name was made from, or None if there is none.

    Raises
    ------
    DataError
        If the file is broken.
    """
    with reading(path(name), ADVICE):
        if not path(name).exists():
            return None
    with _opened(name) as file:
        told = file.metadata()
        return Origin(told["source"], told.get("made_from", ""), told.get("version", ""))


def read(name: str) -> tuple[dict[str, Split], str]:
    """The splits of a prepared set, and their source.

    Raises
    ------
    DataError
        If the file is broken.
    """
    with _opened(name) as file:
        told = dict(file.metadata())
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (the file is not a dictionary)
        is_old = set(told) == {"source"}  # earlier versions of the package wrote no more
        if told.pop("sum", None) != _sum(tensors, told) and not is_old:
            raise ValueError("its content does not have the sum that was written with it")
        fields: dict[str, dict] = {"train": {}, "test": {}}
        for key, tensor in tensors.items():
            split, field = key.split(".")
            if field not in FIELDS:
                raise ValueError(f"it has a field {field}")
            fields[split] |= {"images": PackedImages(tensor)} if field == PACKED else {field: tensor}
        return {split: Split(**content) for split, content in fields.items()}, told["source"]
