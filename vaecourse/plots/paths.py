"""Paths from one code to another."""

import torch
from torch import Tensor


def linear_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes (steps, d) on the straight line from ``start`` (d,) to ``end`` (d,), both included."""
    t = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return (1 - t) * start + t * end


def spherical_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes (steps, d) from ``start`` (d,) to ``end`` (d,), both included, turning at a constant speed.

    sin((1−t)ω)/sin ω · start + sin(tω)/sin ω · end, where ω is the angle between the two (Shoemake, 1985). The
    straight line through a Gaussian of many dimensions passes nearer to the origin than samples ever are; this
    path keeps the length of codes of equal length. Where the two are parallel, or one is 0, it is the straight line.
    """
    angle = torch.nn.functional.cosine_similarity(start, end, dim=0).clamp(-1, 1).arccos()
    if angle.sin() < 1e-3 or not start.any() or not end.any():
        return linear_path(start, end, steps)
    t = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return (((1 - t) * angle).sin() * start + (t * angle).sin() * end) / angle.sin()
