"""Codes of all levels of a model, and pictures decoded from them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation.passes import evaluation_mode, on_cpu
from vaecourse.evaluation.units import posteriors_of
from vaecourse.models.base import unwrapped

Codes = list[Tensor]


def codes_of(model: nn.Module, split: Split) -> Codes:
    """Return posterior means (N, d) of every level, level 1 first, on the CPU."""
    return posteriors_of(model, split)[0]


@torch.no_grad()
def decode(
    model: nn.Module,
    codes: Sequence[Tensor],
    kept: int = 1,
    sample: bool = False,
    seed: int = 0,
    temperature: float = 1.0,
) -> Tensor:
    """Decode codes (N, d) of all levels, level 1 first, to pictures (N, C, H, W): the decoder's means, on the CPU.

    Parameters
    ----------
    model : nn.Module
    codes : sequence of Tensors of shape (N, d)
        Codes of all levels, level 1 first.
    kept : int
        Lowest level that is kept in a hierarchy. The levels below are replaced by the means of their priors, given the
        levels above. 1 keeps all levels.
    sample : bool
        Whether the levels below ``kept`` are drawn from the priors instead.
    seed : int
        Seed of the draws from the priors.
    temperature : float
        Factor of the priors' standard deviations in these draws.
    """
    model = unwrapped(model)
    with evaluation_mode(model, seed) as device:
        codes = [values.to(device) for values in codes]
        if kept > 1 and model.is_hierarchy:
            codes = model.descend(*codes[kept - 1 :], sample=sample, temperature=temperature)
        return on_cpu(model.decode(*codes).mean)


@torch.no_grad()
def central_codes(model: nn.Module) -> Codes:
    """Return the code (1, d) of every level at the mean of its prior, from the top of a hierarchy downwards."""
    model = unwrapped(model)
    with evaluation_mode(model) as device:
        zeros = [torch.zeros(1, units, device=device) for units in model.latent_dims]
        return [on_cpu(codes) for codes in (model.descend(zeros[-1]) if model.is_hierarchy else zeros)]
