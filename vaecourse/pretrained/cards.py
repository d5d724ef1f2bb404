"""Cards of trained models and records of experiments: what was computed, from what, by which command."""

import hashlib
import importlib.metadata
import json
import math
import platform
import re
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

import vaecourse
from vaecourse.data import ImageSet
from vaecourse.files import atomic_path, delete_leftovers
from vaecourse.pretrained.recipe import PretrainedError

FORMAT = 1
DIGITS = 6
VERSIONS = ("torch", "numpy", "scikit-learn", "safetensors")
NEEDED = ("recipe", "seed", "image_shape", "scores", "weights")


def provenance(images: ImageSet, train_images: int | None = None) -> dict:
    """The data, the hardware of this process and the software versions, for every card and record.

    Parameters
    ----------
    images : ImageSet
    train_images : int, optional
        Number of training images used. Default: all images of the set.
    """
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU ({platform.machine()})"
    found = {name: importlib.metadata.version(name) for name in VERSIONS}
    return {
        "data": images.source,
        "image_shape": list(images.image_shape),
        "train_images": len(images.train) if train_images is None else train_images,
        "test_images": len(images.test),
        "hardware": {"device": device, "threads": torch.get_num_threads()},
        "versions": {"vaecourse": vaecourse.__version__, "python": platform.python_version(), **found},
    }


def rounded(values):
    """Numbers in nested dicts and lists to six significant digits; NaN, which JSON does not know, becomes None."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list):
        return [rounded(value) for value in values]
    if isinstance(values, float):
        return None if math.isnan(values) else float(f"{values:.{DIGITS}g}")
    return values


def write(card: dict, state: dict[str, Tensor], kind: str, card_path: Path, weights_path: Path) -> None:
    """Write the weights, add their file, type and checksum to the card, and write the card.

    The weights of an earlier card are replaced last: whenever the process dies, the card that is there has its weights.
    """
    content = save({name: value.contiguous() for name, value in state.items()})
    card["weights"] = {"file": weights_path.name, "type": kind, "sha256": hashlib.sha256(content).hexdigest()}
    finish(card_path, weights_path)
    with atomic_path(arriving(weights_path)) as unfinished:
        unfinished.write_bytes(content)
    write_record(card, card_path)
    arriving(weights_path).replace(weights_path)


def finish(card_path: Path, weights_path: Path) -> None:
    """Do what a process left undone that died right after it wrote a card: what arrived is the weights of this card."""
    if arriving(weights_path).exists() and card_path.exists() and _belong(read(card_path), arriving(weights_path)):
        arriving(weights_path).replace(weights_path)
    for folder in {card_path.parent, weights_path.parent}:
        delete_leftovers(folder)


def _belong(card: dict, weights_path: Path) -> bool:
    return hashlib.sha256(weights_path.read_bytes()).hexdigest() == card["weights"]["sha256"]


def arriving(weights_path: Path) -> Path:
    """Where new weights are until their card is written, and for good if the process dies right after that."""
    return weights_path.with_suffix(".new" + weights_path.suffix)


def write_record(record: dict, path: Path) -> None:
    """Write a record as JSON, each list of numbers on one line; no partial file is left."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    text = re.sub(r"\[[^\[\]{}\"]*\]", lambda found: " ".join(found[0].split()), text) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def read(path: Path) -> dict:
    """Read a card and check all that can be checked without the weights.

    Raises
    ------
    PretrainedError
        If the file is not a card, or has another format.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PretrainedError(f"{path} cannot be read ({error}): move it away and train anew") from error
    if not isinstance(card, dict) or "format" not in card:
        raise PretrainedError(f"{path} is not the card of a trained model: move it away and train anew")
    if card["format"] != FORMAT:
        raise PretrainedError(
            f"{path} has the format {card['format']}, and this version of vaecourse reads {FORMAT}: "
            "install the version that wrote it, or train anew"
        )
    missing = [name for name in NEEDED if name not in card]
    if not missing and not (isinstance(card["weights"], dict) and isinstance(card["weights"].get("sha256"), str)):
        missing = ["the sha256 of its weights"]
    if missing:
        raise PretrainedError(f"{path} lacks {', '.join(missing)}: move it away and train anew")
    return card
