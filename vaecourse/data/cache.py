"""The cache of prepared data sets: one safetensors file per set; no partial file is left."""

import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.packed import PackedImages
from vaecourse.files import atomic_path

PACKED = "packed"  # the field of packed images


def folder() -> Path:
    """The folder ``$VAECOURSE_CACHE``, else ``$XDG_CACHE_HOME/vaecourse``, else ``~/.cache/vaecourse``."""
    if chosen := os.environ.get("VAECOURSE_CACHE"):
        return Path(chosen).expanduser().absolute()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "vaecourse"
    return Path.home() / ".cache" / "vaecourse"


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
    except OSError as error:
        raise _not_writable(error) from error
    if not os.access(place, os.W_OK | os.X_OK):
        raise _not_writable("no permission")
    return place


def _not_writable(reason) -> DataError:
    return DataError(f"{folder()} cannot be written to ({reason}): set VAECOURSE_CACHE to a writable folder")


def path(name: str) -> Path:
    """Path of the prepared set of this name, whether or not it exists."""
    return folder() / f"{name}.safetensors"


def write(name: str, splits: dict[str, Split], source: str) -> None:
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
    try:
        with atomic_path(path(name)) as unfinished:
            save_file(tensors, unfinished, metadata={"source": source})
    except (OSError, SafetensorError) as error:
        raise _not_writable(error) from error


def _stored(values: Tensor | PackedImages) -> Tensor:
    return (values.packed if isinstance(values, PackedImages) else values).contiguous()


def read(name: str) -> tuple[dict[str, Split], str]:
    """The splits of a prepared set, and their source.

    Raises
    ------
    DataError
        If the file is broken.
    """
    try:
        with safe_open(path(name), framework="pt") as file:
            source = file.metadata()["source"]
            fields: dict[str, dict] = {"train": {}, "test": {}}
            for key in file.keys():  # noqa: SIM118 (the file is not a dictionary)
                split, field = key.split(".")
                tensor = file.get_tensor(key)
                fields[split] |= {"images": PackedImages(tensor)} if field == PACKED else {field: tensor}
        return {split: Split(**tensors) for split, tensors in fields.items()}, source
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path(name)} is broken ({error}): delete it and load the data set again") from error
