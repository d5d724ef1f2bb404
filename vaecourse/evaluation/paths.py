"""Paths through codes: from one code to another, and along one unit."""

import torch
from torch import Tensor, nn

from vaecourse.checks import check_level
from vaecourse.evaluation.codes import Codes
from vaecourse.evaluation.passes import evaluation_mode


def linear_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Return codes (steps, d) on the straight line from ``start`` (d,) to ``end`` (d,), both included."""
    t = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return (1 - t) * start + t * end


def spherical_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Return codes (steps, d) from ``start`` (d,) to ``end`` (d,), both included, with a constant angle per step.

    They are sin((1−t)ω)/sin ω · start + sin(tω)/sin ω · end, where ω is the angle between the two (Shoemake, 1985). In
    many dimensions a straight line between Gaussian samples passes nearer to the origin than samples lie. This path
    preserves the length of codes of equal length. If the two are parallel, or one is 0, it is the straight line.
    """
    angle = torch.nn.functional.cosine_similarity(start, end, dim=0).clamp(-1, 1).arccos()
    if angle.sin() < 1e-3 or not start.any() or not end.any():
        return linear_path(start, end, steps)
    t = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return (((1 - t) * angle).sin() * start + (t * angle).sin() * end) / angle.sin()


@torch.no_grad()
def traverse(model: nn.Module, codes: Codes, level: int, unit: int, values: Tensor) -> Codes:
    """Move one unit to each of several values; in a hierarchy the levels below follow.

    Each unit below keeps its noise, the standardised residual against its prior: with μ and σ of the prior before
    and μ', σ' after, (z' − μ')/σ' = (z − μ)/σ. The model generates images from such residuals. If the unit keeps its
    value, every code stays exactly the same, and the prior's means stay means. The levels above, and the other degrees
    of a PH-VAE, do not change.

    Parameters
    ----------
    model : nn.Module
    codes : list of Tensors of shape (1, d)
        Code of one image on every level, level 1 first, on the CPU.
    level, unit : int
        Level and index of the unit that moves; level 1 is nearest to the image.
    values : Tensor of shape (N,)
        Values that the unit is set to.

    Returns
    -------
    list of Tensors of shape (N, d), on the CPU

    Raises
    ------
    ValueError
        If there is no such level.
    """
    check_level(level, len(codes))
    after = [code.repeat(len(values), 1) for code in codes]
    after[level - 1][:, unit] = values.to(after[level - 1])
    if not model.is_hierarchy:
        return after
    with evaluation_mode(model) as device:
        for below in range(level - 2, -1, -1):
            above = [torch.cat(pair).to(device) for pair in zip(codes[below + 1 :], after[below + 1 :], strict=True)]
            prior = model.prior(*above)
            mean, std = prior.mean.cpu(), prior.std.cpu()
            residual = codes[below] - mean[:1]
            # z + Δμ + (z − μ)(σ'/σ − 1) instead of μ' + …, so that without a change there is no rounding error.
            after[below] = codes[below] + (mean[1:] - mean[:1]) + residual * (std[1:] / std[:1] - 1)
    return after
