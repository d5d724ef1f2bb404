"""Verify the scores on a card, and store trained weights compactly in the package."""

import copy
from pathlib import Path

import torch

from vaecourse.models.quantisation import dequantised, quantised
from vaecourse.pretrained import cards
from vaecourse.pretrained.library import folder_of, load_pretrained
from vaecourse.pretrained.measures import MEASURES, differences, scores
from vaecourse.pretrained.recipe import PretrainedError
from vaecourse.pretrained.runs import images_of


def _in_half_precision(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.half() if value.is_floating_point() else value for name, value in state.items()}


# The storage types of weights, and the largest relative change of a score that each may cause.
STORAGE = {"int8": (quantised, 0.03), "float16": (_in_half_precision, 0.0), "float32": (dict, 0.0)}


def verify(name: str, folder: str | Path | None = None) -> list[str]:
    """Compute the scores of a card again, and return one line for each that differs by more than its tolerance.

    Raises
    ------
    PretrainedError, DataError
        If the model or its data are not to be had.
    """
    model = load_pretrained(name, folder)
    images = images_of(model.card["recipe"]["data"])
    if images.image_shape != tuple(model.card["image_shape"]):
        raise PretrainedError(
            f"{name} was trained on images of {tuple(model.card['image_shape'])}, and {images.name} here has "
            f"{images.image_shape} ({images.source}): evaluate it on the data of its card"
        )
    return differences(model.card["scores"], scores(model, images, tuple(model.card["scores"])))


def package(name: str, seed: int, folder: str | Path, target: str | Path | None = None) -> str:
    """Put a trained model into the package, in the smallest type that keeps its scores.

    Weights take one byte each if no score changes by more than 3 %, else float16 if none changes at all, else float32.
    Only continuous measures count. All scores on the card are those of the weights as stored. The card also records the
    scores of other seeds found in the folder, as the range to expect from retraining.

    Returns
    -------
    str
        A line that says what was done.

    Raises
    ------
    PretrainedError, DataError
        If the model or its data are not to be had.
    """
    model = load_pretrained(f"{name}_seed{seed}", folder)
    card, images = model.card, images_of(model.card["recipe"]["data"])
    trained = copy.deepcopy(model.state_dict())
    decisive = {measure: found for measure, found in card["scores"].items() if MEASURES[measure].continuous}
    reasons = []
    for kind, (store, tolerated) in STORAGE.items():
        stored = store(trained)
        model.load_state_dict(dequantised(stored))
        now = scores(model, images, tuple(card["scores"]))
        moved = differences(decisive, now, tolerated)
        if not moved:
            break
        reasons.append(f"{kind} would move {moved[0]}")
    card |= {"scores": cards.rounded(now), "evaluate_command": f"python -m vaecourse evaluate {name}"}
    card["other_seeds"] = _scores_of_others(card, name, folder)
    folder_of(target).mkdir(parents=True, exist_ok=True)
    card_path, weights_path = (folder_of(target) / f"{name}.{suffix}" for suffix in ("json", "safetensors"))
    cards.write(card, stored, kind, card_path, weights_path)
    return f"{name}: {weights_path.stat().st_size / 1e6:.2f} MB, {', as '.join([kind, *reasons])}"


def _scores_of_others(card: dict, name: str, folder: str | Path) -> dict[str, dict]:
    """Scores of the same recipe with other seeds found in the folder, by seed."""
    others = [cards.read(path) for path in sorted(Path(folder).glob(f"{name}_seed*.json"))]
    return {
        str(other["seed"]): other["scores"]
        for other in others
        if other["recipe"] == card["recipe"] and other["seed"] != card["seed"]
    }
