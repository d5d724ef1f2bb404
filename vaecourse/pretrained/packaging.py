"""Into the package and out of it: verify what a card claims, and store trained weights in few bytes."""

import copy
from pathlib import Path

import torch

from vaecourse.models.quantisation import dequantised, quantised
from vaecourse.pretrained import cards
from vaecourse.pretrained.library import folder_of, load_pretrained
from vaecourse.pretrained.measures import MEASURES, differences, scores
from vaecourse.pretrained.runs import images_of


def _in_half_precision(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.half() if value.is_floating_point() else value for name, value in state.items()}


# How weights may be stored, and by what share a score may move for it.
STORAGE = {"int8": (quantised, 0.03), "float16": (_in_half_precision, 0.0), "float32": (dict, 0.0)}


def verify(name: str, folder: str | Path | None = None) -> list[str]:
    """Compute the scores of a card again, and return where they differ by more than it tolerates, a line for each.

    Raises
    ------
    PretrainedError, DataError
        If the model or its data are not to be had.
    """
    model = load_pretrained(name, folder)
    images = images_of(model.card["recipe"]["data"])
    return differences(model.card["scores"], scores(model, images, tuple(model.card["scores"])))


def package(name: str, seed: int, folder: str | Path, target: str | Path | None = None) -> str:
    """Put a trained model into the package, in the smallest type that leaves its scores where they are.

    In one byte a weight if no score moves by more than 3 %, else in float16 if none moves at all, else in float32.
    Only measures that are continuous are asked. All scores on the card are those of the weights as they are stored.
    What other seeds of the recipe in the folder score goes onto it too: who trains the recipe again may expect scores
    as theirs.

    Returns
    -------
    str
        What was done, in a line.

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
    """Scores of the same recipe with other seeds, as far as they lie in the folder, by seed."""
    others = [cards.read(path) for path in sorted(Path(folder).glob(f"{name}_seed*.json"))]
    return {
        str(other["seed"]): other["scores"]
        for other in others
        if other["recipe"] == card["recipe"] and other["seed"] != card["seed"]
    }
