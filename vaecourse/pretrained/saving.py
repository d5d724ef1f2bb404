"""Models of your own in one file: weights in the format of safetensors, and in its header a card to make the model."""

import hashlib
import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

import vaecourse
from vaecourse import models
from vaecourse.files import atomic_path
from vaecourse.models import ImageModel
from vaecourse.models.base import unwrapped
from vaecourse.pretrained.recipe import PretrainedError
from vaecourse.terminal import held_back

FORMAT = 1


def save(model: nn.Module, path: str | Path) -> None:
    """Write a model to one file, from which :func:`load_model` makes it again, here or on another machine.

    The file holds the weights in their own precision, and a card: the class of the model, the settings it was made
    with, versions and a checksum. The optimiser is not in it: a training that is to go on needs ``fit(checkpoint=…)``.

    Parameters
    ----------
    model : nn.Module
        Model of the package on any device, as it is or compiled.
    path : path
        File to write, for instance ``"vae.safetensors"``; one that exists is replaced.

    Raises
    ------
    TypeError
        If the model is not of a class of the package.
    OSError
        If the file cannot be written; one that was there stays as it was.
    """
    model = unwrapped(model)
    if _class_named(type(model).__name__) is not type(model):
        raise TypeError(
            f"vc.save writes models of vaecourse, not {type(model).__name__}: keep its weights with "
            "torch.save(model.state_dict(), path)"
        )
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    card = {
        "format": FORMAT,
        "class": type(model).__name__,
        "settings": model.settings,
        "sha256": _digest(state),
        "versions": {"vaecourse": vaecourse.__version__, "torch": torch.__version__},
    }
    content = safetensors.torch.save(state, {"card": json.dumps(card, default=_plain)})
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(content)


def load_model(path: str | Path) -> nn.Module:
    """Return a model that :func:`save` wrote, in evaluation mode and on the CPU; its ``card`` is that of the file.

    Raises
    ------
    PretrainedError
        If there is no such file, or it is damaged or of another kind.
    """
    try:
        with held_back(), safetensors.safe_open(path, framework="pt") as file:
            card = json.loads((file.metadata() or {}).get("card", "null"))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, RecursionError, SafetensorError) as error:
        raise PretrainedError(f"{path} is not a whole model of vc.save ({error}): copy or save it again") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise PretrainedError(
            f"{path} has no card that this version of vaecourse reads: load_model reads what vc.save wrote, and "
            "vc.load_pretrained(name, folder) what a recipe trained"
        )
    if _digest(state) != card.get("sha256"):
        raise PretrainedError(f"{path} was changed or cut short: copy or save it again")
    made = _class_named(card.get("class"))
    if made is None:
        raise PretrainedError(f"{path} holds a model of the class {card.get('class')!r}, which vaecourse does not have")
    try:
        model = made(**card["settings"]).to(next(iter(state.values())).dtype)
        model.load_state_dict(state)
    except Exception as error:  # whatever a constructor says to settings of another version or of a stranger
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PretrainedError(f"no {made.__name__} can be made from {path} ({reason}): save it again") from error
    model.card = card
    return model.eval()


def _class_named(name) -> type | None:
    found = vars(models)[name] if name in models.__all__ else None
    return found if isinstance(found, type) and issubclass(found, ImageModel) else None


def _digest(state: dict[str, Tensor]) -> str:
    return hashlib.sha256(safetensors.torch.save(dict(sorted(state.items())))).hexdigest()


def _plain(value):
    """Return a number of NumPy or torch, or an array of them, as JSON knows it."""
    return value.tolist()
