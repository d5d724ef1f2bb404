"""Pretrained models: weights and cards that come with the package, checked before they are used."""

import copy
import hashlib
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from vaecourse import cards
from vaecourse.quantisation import dequantised, quantised
from vaecourse.recipes import Recipe, RecipeError, suggestion
from vaecourse.running import images_of
from vaecourse.scoring import MEASURES, differences, scores

FOLDER = Path(__file__).parent / "weights"


def _in_half_precision(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.half() if value.is_floating_point() else value for name, value in state.items()}


# How weights may be stored, and by what share a score may move for it.
STORAGE = {"int8": (quantised, 0.03), "float16": (_in_half_precision, 0.0), "float32": (dict, 0.0)}


def names(folder: str | Path | None = None) -> list[str]:
    """The models of a folder; by default those that come with the package."""
    return sorted(path.stem for path in _folder(folder).glob("*.json") if not path.name.startswith("."))


def load_pretrained(name: str, folder: str | Path | None = None) -> nn.Module:
    """A trained model, in evaluation mode and on the CPU; its ``card`` says how it was made and what it scores.

    Parameters
    ----------
    name : str
        One of :func:`vaecourse.pretrained.names`, as ``"hdvae3-mnist"``.
    folder : path, optional
        Where ``python -m vaecourse train`` has written; a name is then as ``"hdvae3-mnist_seed0"``. Default: the
        models that come with the package.

    Returns
    -------
    nn.Module
        Its weights are float32, in whatever type they are stored.

    Raises
    ------
    RecipeError
        If there is no such model, or its files are damaged, of another version, or do not fit together.
    """
    known = names(folder)
    if name not in known:
        place = "" if folder is None else f" in {folder}"
        raise RecipeError(f"there is no pretrained model {name!r}{place}: {suggestion(name, known)}")
    path = _folder(folder) / f"{name}.json"
    card = cards.read(path)
    state = dequantised(_weights(path, card))
    model = Recipe.from_settings(card["recipe"]).build_model(card["image_shape"], card["seed"])
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    if wanted != found:
        wrong = min(set(wanted.items()) ^ set(found.items()))[0]
        raise RecipeError(
            f"{path.with_suffix('.safetensors')} holds {wrong} of shape {found.get(wrong, 'none')}, but the model of "
            f"its card needs {wanted.get(wrong, 'none')}: {_remedy(folder)}"
        )
    model.load_state_dict(state)
    model.card = card
    return model.eval()


def _folder(folder: str | Path | None) -> Path:
    return FOLDER if folder is None else Path(folder)


def _remedy(folder) -> str:
    return "install vaecourse again" if folder is None else "delete both files and train again"


def _weights(card_path: Path, card: dict) -> dict[str, torch.Tensor]:
    path = card_path.with_suffix(".safetensors")
    remedy = _remedy(None if path.parent == FOLDER else path.parent)
    if not path.exists():
        raise RecipeError(f"{path} is missing: {remedy}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != card["weights"]["sha256"]:
        raise RecipeError(f"{path} is not the file of its card, it was changed or cut short: {remedy}")
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise RecipeError(f"{path} is no file of safetensors ({error}): {remedy}") from error


def evaluate(name: str, folder: str | Path | None = None) -> list[str]:
    """Compute the scores of a card anew, and return where they differ by more than it tolerates, a line for each.

    Raises
    ------
    RecipeError, DataError
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
    RecipeError, DataError
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
    card |= {"scores": cards.rounded(now), "command": f"python -m vaecourse evaluate {name}"}
    card["other_seeds"] = _scores_of_others(card, name, folder)
    _folder(target).mkdir(parents=True, exist_ok=True)
    card_path, weights_path = (_folder(target) / f"{name}.{suffix}" for suffix in ("json", "safetensors"))
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
