"""Pretrained models: weights and cards that come with the package, checked before they are used."""

import copy
import hashlib
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from vaecourse import cards
from vaecourse.recipes import Recipe, RecipeError, suggestion
from vaecourse.running import images_of
from vaecourse.scoring import differences, scores

FOLDER = Path(__file__).parent / "weights"


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
    state = _weights(path, card)
    model = Recipe.from_settings(card["recipe"]).build_model(card["image_shape"], card["seed"])
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    if wanted != found:
        wrong = min(set(wanted.items()) ^ set(found.items()))[0]
        raise RecipeError(
            f"{path.with_suffix('.safetensors')} holds {wrong} of shape {found.get(wrong, 'none')}, but the model of "
            f"its card needs {wanted.get(wrong, 'none')}: {_remedy(folder)}"
        )
    model.load_state_dict({key: value.float() for key, value in state.items()})
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
    """Put a trained model into the package: in float16 if no score moves, else as it is.

    The scores on its card are those of the weights as they are stored.

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
    card, images = copy.deepcopy(model.card), images_of(model.card["recipe"]["data"])
    half = copy.deepcopy(model).half()
    again = scores(copy.deepcopy(half).float(), images, tuple(card["scores"]))
    moved = differences(card["scores"], again)
    if not moved:
        card["scores"] = cards.rounded(again)
    card["command"] = f"python -m vaecourse evaluate {name}"
    _folder(target).mkdir(parents=True, exist_ok=True)
    card_path, weights_path = (_folder(target) / f"{name}.{suffix}" for suffix in ("json", "safetensors"))
    cards.write(card, model if moved else half, card_path, weights_path)
    kind = f"float32, as float16 would move {moved[0]}" if moved else "float16"
    return f"{name}: {weights_path.stat().st_size / 1e6:.2f} MB, {kind}"
