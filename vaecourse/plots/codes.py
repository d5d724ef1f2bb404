"""Codes of all levels of a model, and pictures drawn from them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation import evaluation_mode, outputs
from vaecourse.plots.grid import as_pictures


def codes_of(model: nn.Module, split: Split) -> list[Tensor]:
    """Posterior means (N, d) of every level, level 1 first, on the CPU."""
    found = [[level.sample.cpu() for level in output.levels] for _, output in outputs(model, split)]
    return [torch.cat(parts) for parts in zip(*found, strict=True)]


@torch.no_grad()
def decode(model: nn.Module, codes: Sequence[Tensor], kept: int = 1, sample: bool = False, seed: int = 0) -> Tensor:
    """Pictures (N, C, H, W) on the CPU: the decoder's means for codes (N, d) of all levels, level 1 first.

    In a hierarchy the levels below ``kept`` are replaced by the priors' means given those above, or by draws.
    """
    with evaluation_mode(model, seed) as device:
        codes = [values.to(device) for values in codes]
        if kept > 1 and hasattr(model, "descend"):
            codes = model.descend(*codes[kept - 1 :], sample=sample)
        return as_pictures(model.decode(*codes).mean)
