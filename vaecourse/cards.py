"""Cards of trained models: what a run writes down of itself beside its weights."""

import hashlib
import importlib.metadata
import json
import math
import platform
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

import vaecourse
from vaecourse.checkpoints import atomic_path
from vaecourse.data import ImageSet
from vaecourse.recipes import RecipeError
from vaecourse.scoring import MEASURES

FORMAT = 1
DIGITS = 6
VERSIONS = ("torch", "numpy", "scikit-learn", "safetensors")
NEEDED = ("recipe", "seed", "image_shape", "scores", "weights")


def data_of(images: ImageSet, train_images: int) -> dict:
    return {
        "data": images.source,
        "image_shape": list(images.image_shape),
        "train_images": train_images,
        "test_images": len(images.test),
    }


def hardware() -> dict:
    """What this process computes on."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU ({platform.machine()})"
    return {"device": device, "threads": torch.get_num_threads()}


def versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in VERSIONS}
    return {"vaecourse": vaecourse.__version__, "python": platform.python_version(), **found}


def tolerances(measures: Sequence[str]) -> dict[str, dict[str, float]]:
    return {name: {"relative": MEASURES[name].relative, "absolute": MEASURES[name].absolute} for name in measures}


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
    """Write weights, and then the card, which from now on knows their file, type and checksum."""
    content = save({name: value.contiguous() for name, value in state.items()})
    card["weights"] = {"file": weights_path.name, "type": kind, "sha256": hashlib.sha256(content).hexdigest()}
    with atomic_path(weights_path) as unfinished:
        unfinished.write_bytes(content)
    with atomic_path(card_path) as unfinished:
        unfinished.write_text(_as_text(card))


def _as_text(card: dict) -> str:
    """JSON with a list of numbers in one line."""
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[[^\[\]{}\"]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def read(path: Path) -> dict:
    """A card, checked as far as it can be without the weights.

    Raises
    ------
    RecipeError
        If the file is no card, or of another format.
    """
    try:
        card = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path} cannot be read ({error}): move it away and train anew") from error
    if not isinstance(card, dict) or "format" not in card:
        raise RecipeError(f"{path} is not the card of a trained model: move it away and train anew")
    if card["format"] != FORMAT:
        raise RecipeError(
            f"{path} has the format {card['format']}, and this version of vaecourse reads {FORMAT}: "
            "install the version that wrote it, or train anew"
        )
    missing = [name for name in NEEDED if name not in card]
    if not missing and "sha256" not in card["weights"]:
        missing = ["the sha256 of its weights"]
    if missing:
        raise RecipeError(f"{path} lacks {', '.join(missing)}: move it away and train anew")
    return card
