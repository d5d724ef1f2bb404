"""Pretrained models: weights and cards that come with the package, checked before they are used."""

import hashlib
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from vaecourse.models.quantisation import dequantised
from vaecourse.pretrained import cards
from vaecourse.pretrained.recipe import PretrainedError, Recipe
from vaecourse.pretrained.recipes import suggestion

FOLDER = Path(__file__).parent / "weights"
# Their weights do not come with the package, to keep it small: no page shows the models, only their scores.
CARDS_ONLY = {f"{method}-dsprites" for method in ("capacity", "dip-i", "dip-ii", "hdvae2", "hdvae3-published")}


def names(folder: str | Path | None = None) -> list[str]:
    """Names of the models in a folder; by default those whose weights come with the package."""
    found = {path.stem for path in folder_of(folder).glob("*.json") if not path.name.startswith(".")}
    return sorted(found if folder else found - CARDS_ONLY)


def card(name: str, folder: str | Path | None = None) -> dict:
    """The card of a trained model: its recipe, its training and its scores.

    It is the ``card`` of a model from :func:`vaecourse.load_pretrained`, without the weights. The package also has the
    cards of a few models whose weights do not come with it, to keep it small.

    Raises
    ------
    PretrainedError
        If there is no such card, or it is damaged.
    """
    path = folder_of(folder) / f"{name}.json"
    if not path.exists():
        raise PretrainedError(f"there is no card {path}: {suggestion(name, names(folder))}")
    return cards.read(path)


def load_pretrained(name: str, folder: str | Path | None = None) -> nn.Module:
    """A trained model, in evaluation mode and on the CPU; its ``card`` records its training and its scores.

    Parameters
    ----------
    name : str
        One of :func:`vaecourse.pretrained.names`, such as ``"hdvae3-mnist"``.
    folder : path, optional
        Folder written by ``python -m vaecourse train``, with names such as ``"hdvae3-mnist_seed0"``. Default: the
        models that come with the package.

    Returns
    -------
    nn.Module
        The model, with float32 weights whatever their type in the file.

    Raises
    ------
    PretrainedError
        If there is no such model, or its files are damaged, have another version, or do not belong together.
    """
    known = names(folder)
    if folder is None and name in CARDS_ONLY:
        raise PretrainedError(
            f"of {name!r} the package has the card only, vc.pretrained.card({name!r}): "
            f"python -m vaecourse train {name} makes the weights"
        )
    if name not in known:
        place = "" if folder is None else f" in {folder}"
        raise PretrainedError(f"there is no pretrained model {name!r}{place}: {suggestion(name, known)}")
    path = folder_of(folder) / f"{name}.json"
    card = cards.read(path)
    state = dequantised(_weights(path, card))
    try:
        model = Recipe.from_settings(card["recipe"]).build_model(card["image_shape"], card["seed"])
    except Exception as error:  # whatever a constructor says to what stands on a damaged card
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PretrainedError(f"no model can be made from {path} ({reason}): {_remedy(folder)}") from error
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    if wanted != found:
        wrong = min(set(wanted.items()) ^ set(found.items()))[0]
        raise PretrainedError(
            f"{path.with_suffix('.safetensors')} holds {wrong} of shape {found.get(wrong, 'none')}, but the model of "
            f"its card needs {wanted.get(wrong, 'none')}: {_remedy(folder)}"
        )
    if not all(value.isfinite().all() for value in state.values()):
        raise PretrainedError(
            f"{path.with_suffix('.safetensors')} holds weights that are not finite: {_remedy(folder)}"
        )
    model.load_state_dict(state)
    model.card = card
    return model.eval()


def folder_of(folder: str | Path | None) -> Path:
    """The given folder, or by default that of the models that come with the package."""
    return FOLDER if folder is None else Path(folder)


def _remedy(folder) -> str:
    return "install vaecourse again" if folder is None else "delete both files and train again"


def _weights(card_path: Path, card: dict) -> dict[str, torch.Tensor]:
    path = card_path.with_suffix(".safetensors")
    remedy = _remedy(None if path.parent == FOLDER else path.parent)
    contents = [place.read_bytes() for place in (path, cards.arriving(path)) if place.exists()]
    if not contents:
        raise PretrainedError(f"{path} is missing: {remedy}")
    content = next((each for each in contents if hashlib.sha256(each).hexdigest() == card["weights"]["sha256"]), None)
    if content is None:
        raise PretrainedError(f"{path} is not the file of its card, it was changed or cut short: {remedy}")
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise PretrainedError(f"{path} is no file of safetensors ({error}): {remedy}") from error
