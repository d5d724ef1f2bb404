"""Checkpoints: everything that is needed to resume a training run exactly where it stopped."""

import io
import pickle
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from vaecourse.files import atomic_path

# What torch raises for bytes that are not what they should be.
BROKEN = (RuntimeError, EOFError, KeyError, TypeError, ValueError, AttributeError, IndexError)


def copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the model's state, which further training does not change."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def save(path: str | Path, model: nn.Module, loss, optimizer, rows: list[dict], device) -> None:
    """Write the state of a run: weights, the loss's own state, optimiser, random state and history."""
    state = {
        "model": model.state_dict(),
        "loss": loss.state_dict() if hasattr(loss, "state_dict") else {},
        "optimizer": optimizer.state_dict(),
        "rows": rows,
        "random": torch.get_rng_state(),
    }
    if torch.device(device).type == "cuda":
        state["cuda_random"] = torch.cuda.get_rng_state(device)
    with atomic_path(path) as unfinished:
        torch.save(state, unfinished)


def load(path: str | Path, model: nn.Module, loss, optimizer, device) -> list[dict]:
    """Restore a run in place and return the rows of its history.

    Raises
    ------
    ValueError
        If the file is broken, or belongs to another model or another kind of loss.
    """
    content = Path(path).read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if damaged := archive.testzip():  # torch.load does not compare the sums
                raise ValueError(f"the sum of {damaged} is wrong")
        # With weights_only the file can contain tensors and plain values, but no code.
        state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        weights, moments, rows, random = (state[name] for name in ("model", "optimizer", "rows", "random"))
        of_loss = state.get("loss", {})  # older checkpoints have no state of the loss
    except (*BROKEN, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise ValueError(f"{path} is not a whole checkpoint of vc.fit: delete it to train anew") from error
    own = {name: value.shape for name, value in model.state_dict().items()}
    if own != {name: value.shape for name, value in weights.items()}:
        raise ValueError(f"{path} is a checkpoint of another model: give this run its own file")
    if of_loss and not hasattr(loss, "load_state_dict"):
        raise ValueError(f"{path} is a checkpoint of a loss with a discriminator: go on with that loss, or train anew")
    # Before they reach the optimiser: its fused step would write beyond a moment of another shape.
    if not _fit_together(moments, list(model.parameters())):
        raise ValueError(f"{path} is not a whole checkpoint of vc.fit: delete it to train anew")
    model.load_state_dict(weights)
    if of_loss:
        loss.load_state_dict(of_loss, device)
    optimizer.load_state_dict(moments)
    torch.set_rng_state(random.cpu())
    if "cuda_random" in state:
        torch.cuda.set_rng_state(state["cuda_random"].cpu(), device)
    return rows


def _fit_together(moments: dict, parameters: list[Tensor]) -> bool:
    """Whether the state of Adam holds a step and two moments for each parameter, of its shape and type."""
    try:
        states = moments["state"]
        return list(states) == list(range(len(parameters))) and all(
            state["step"].numel() == 1
            and all(
                state[name].shape == parameter.shape and state[name].dtype == parameter.dtype
                for name in ("exp_avg", "exp_avg_sq")
            )
            for state, parameter in zip(states.values(), parameters, strict=True)
        )
    except BROKEN:
        return False
