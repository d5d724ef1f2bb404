"""Paths through codes: from one code to another, and along one unit."""

import torch
from torch import Tensor, nn

from vaecourse.checks import check_level
from vaecourse.evaluation.codes import Codes
from vaecourse.evaluation.passes import evaluation_mode, on_cpu
from vaecourse.models.base import unwrapped


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
def follow(model: nn.Module, codes: Codes, upper: Codes) -> Codes:
    """Replace the codes of the upper levels; in a hierarchy the levels below follow.

    Each unit below keeps its noise, the standardised residual against its prior: with μ and σ of the prior before
    and μ', σ' after, (z' − μ')/σ' = (z − μ)/σ. The model generates images from such residuals. If the upper
    levels keep their codes, every code stays exactly the same, and the prior's means stay means. The lower levels of a
    model that is not a hierarchy do not change.

    Parameters
    ----------
    model : nn.Module
    codes : list of Tensors of shape (1, d)
        The code of one image on every level, level 1 first, on the CPU.
    upper : list of Tensors of shape (N, d)
        New codes of the upper levels, the top last; as many levels as there are tensors.

    Returns
    -------
    list of Tensors of shape (N, d), on the CPU
    """
    model = unwrapped(model)
    count = len(upper[0]) if upper else 1
    held = len(codes) - len(upper)
    after = [code.repeat(count, 1) for code in codes[:held]] + list(upper)
    if not model.is_hierarchy or not upper:
        return after
    with evaluation_mode(model) as device:
        for below in range(held - 1, -1, -1):
            # In two calls: in one batch, equal codes at different places could differ by a rounding error.
            before, now = (model.prior(*(code.to(device) for code in levels[below + 1 :])) for levels in (codes, after))
            (mean, std), (new_mean, new_std) = ((on_cpu(prior.mean), on_cpu(prior.std)) for prior in (before, now))
            # z + Δμ + (z − μ)(σ'/σ − 1) instead of μ' + …, so that without a change there is no rounding error.
            after[below] = codes[below] + (new_mean - mean) + (codes[below] - mean) * (new_std / std - 1)
    return after


def traverse(model: nn.Module, codes: Codes, level: int, unit: int, values: Tensor) -> Codes:
    """Move one unit to each of several values; in a hierarchy the levels below follow.

    How they follow: :func:`vaecourse.evaluation.follow`. The levels above, and the other degrees of a PH-VAE, do not
    change.

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
    upper = [code.repeat(len(values), 1) for code in codes[level - 1 :]]
    upper[0][:, unit] = values.to(upper[0])
    return follow(model, codes, upper)
