"""Where in the image a unit acts, and how much of the image that is."""

import torch
from torch import Tensor, nn

from vaecourse.evaluation.codes import Codes, decode
from vaecourse.evaluation.paths import traverse
from vaecourse.evaluation.units import SIGMAS, Units


def change_of(model: nn.Module, codes: Codes, level: int, unit: int, units: Units) -> Tensor:
    """The change (H, W) of the picture when a unit goes from −3σ to +3σ: absolute, the mean over the colours.

    The levels below follow (:func:`vaecourse.evaluation.traverse`).

    Parameters
    ----------
    model : nn.Module
    codes : list of Tensors of shape (1, d)
        The code of one image on every level, level 1 first.
    level, unit : int
        Which unit moves.
    units : Units
        The measured units of that level (:func:`vaecourse.evaluation.measure_units`): they say what σ is.

    Raises
    ------
    ValueError
        If there is no such level.
    """
    ends = units.centre[unit] + SIGMAS * units.spread[unit] * torch.tensor([-1.0, 1.0])
    low, high = decode(model, traverse(model, codes, level, unit, ends))
    return (high - low).abs().mean(0)


def reach(change: Tensor, share: float = 0.9) -> float:
    """The smallest part of the pixels, from 0 to 1, that holds this share of a change (H, W).

    Raises
    ------
    ValueError
        If nothing changes.
    """
    if not change.sum() > 0:
        raise ValueError("nothing changes: no pixel holds a share of it")
    largest_first = change.double().flatten().sort(descending=True).values
    held = largest_first.cumsum(0) / largest_first.sum()
    return ((held < share - 1e-6).sum().item() + 1) / change.numel()
