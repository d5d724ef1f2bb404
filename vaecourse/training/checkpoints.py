"""Checkpoints: everything that is needed to resume a training run exactly where it stopped."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from vaecourse.checks import adam_fits
from vaecourse.files import atomic_path
from vaecourse.training.resuming import check_same_run

# What torch raises for bytes that are not what they should be.
BROKEN = (RuntimeError, EOFError, KeyError, TypeError, ValueError, AttributeError, IndexError)


def copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the model's state, which further training does not change."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def state_of(loss) -> dict:
    """Return the state of a loss that learns; empty for any other."""
    return loss.state_dict() if hasattr(loss, "state_dict") else {}


def check_place(path: str | Path) -> None:
    """Raise ValueError if no file can be written at this path, before a training whose end would be lost."""
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise ValueError(f"the folder of {path} does not exist: make it, or choose another checkpoint")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is not a file: choose another checkpoint")
    if not os.access(path.absolute().parent, os.W_OK):
        raise ValueError(f"the folder of {path} cannot be written to: choose another checkpoint")


def save(path: str | Path, model: nn.Module, loss, optimizer, rows: list[dict], device, settings: dict) -> None:
    """Write the state of a run: settings, weights, the loss's own state, optimiser, random state and history.

    Raises
    ------
    OSError
        If the file cannot be written, for instance because the disk is full; an earlier one stays as it was.
    """
    state = {
        "settings": settings,
        "model": model.state_dict(),
        "loss": state_of(loss),
        "optimizer": optimizer.state_dict(),
        "still": [place for place, value in enumerate(model.parameters()) if value not in optimizer.state],
        "rows": rows,
        "random": torch.get_rng_state(),
    }
    if torch.device(device).type == "cuda":
        state["cuda_random"] = torch.cuda.get_rng_state(device)
    try:
        with atomic_path(path) as unfinished:
            torch.save(state, unfinished)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        reason = getattr(error, "strerror", None) or "perhaps the disk is full"
        kept = "the one before is whole" if Path(path).exists() else "nothing is left of it"
        raise OSError(f"the checkpoint {path} cannot be written ({reason}), {kept}: make room and go on") from error


def load(path: str | Path, model: nn.Module, loss, optimizer, device, settings: dict) -> list[dict]:
    """Restore a run in place and return the rows of its history.

    Raises
    ------
    ValueError
        If the file is broken, or belongs to other data, another model, loss or seed (``settings`` are those of now).
    """
    content, broken = Path(path).read_bytes(), f"{path} is not a whole checkpoint of vc.fit: delete it to train anew"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if damaged := archive.testzip():  # torch.load does not compare the sums
                raise ValueError(f"the sum of {damaged} is wrong")
        # With weights_only the file can contain tensors and plain values, but no code.
        state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        weights, moments, rows, random = (state[name] for name in ("model", "optimizer", "rows", "random"))
        # Older checkpoints have none of these.
        of_loss, before, still = state.get("loss", {}), dict(state.get("settings", {})), set(state.get("still", ()))
        shapes = {name: (value.shape, value.dtype) for name, value in weights.items()}
        if [row["epoch"] for row in rows if row["seconds"] >= 0] != list(range(len(rows) or 1)):
            raise ValueError("a row of the history is missing")
    except (*BROKEN, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise ValueError(broken) from error
    if shapes != {name: (value.shape, value.dtype) for name, value in model.state_dict().items()}:
        raise ValueError(f"{path} is a checkpoint of another model: give this run its own file")
    if of_loss and not hasattr(loss, "load_state_dict"):
        raise ValueError(f"{path} is a checkpoint of a loss with a discriminator: go on with that loss, or train anew")
    check_same_run(before, settings, path)
    if not adam_fits(moments, list(model.parameters()), still):
        raise ValueError(broken)
    if of_loss:
        loss.load_state_dict(of_loss, device)
    try:
        model.load_state_dict(weights)
        optimizer.load_state_dict(moments)
        torch.set_rng_state(random.cpu())
        if "cuda_random" in state:
            torch.cuda.set_rng_state(state["cuda_random"].cpu(), device)
    except BROKEN as error:
        raise ValueError(broken) from error
    return rows
