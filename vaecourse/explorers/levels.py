"""What the units of a model's levels do over a split: how much they carry, and in what range."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vaecourse.data import Split
from vaecourse.evaluation import outputs
from vaecourse.losses import rates
from vaecourse.metrics import active_units
from vaecourse.models import ImageModel

SIGMAS = 3
DEAD_SHARE = 0.01  # of the largest variance of an autoencoder's units
NARROWEST = 1e-3  # so that a unit that never moves still has a slider


@dataclass(frozen=True)
class ExploredLevel:
    """One latent level, as measured over a split.

    Parameters
    ----------
    name : str
        "level 2", or "degree 2" of a PH-VAE.
    importance : Tensor (d,)
        The rate of each unit, in nats per image; of an autoencoder, which has none, the variance of its code.
    quantity : "nats" or "variance"
    order : list of int
        All units, active ones first, each group from the most important to the least.
    active : int
        How many units, the first of ``order``, have not collapsed.
    low, high : Tensor (d,)
        Range of each unit: −3 to 3 where its prior is N(0, 1), else mean ± 3 standard deviations of its code over the
        split, posterior widths included; wider where the code of an image lies beyond.
    """

    name: str
    importance: Tensor
    quantity: str
    order: list[int]
    active: int
    low: Tensor
    high: Tensor

    def label(self, unit: int) -> str:
        """What stands beside a unit: "unit 3 · 2.1 nats"."""
        value = self.importance[unit].item()
        shown = f"{value:.1f} nats" if self.quantity == "nats" else f"variance {value:.2g}"
        return f"unit {unit} · {shown}".replace("-", "−")


def posteriors(model: ImageModel, split: Split) -> tuple[list[Tensor], list[Tensor | None]]:
    """Means (N, d) and standard deviations (N, d), or None, by level, on the CPU."""
    found = [output.levels for _, output in outputs(model, split)]
    means = [torch.cat([level.sample.cpu() for level in parts]) for parts in zip(*found, strict=True)]
    widths = [
        None if parts[0].posterior is None else torch.cat([level.posterior.std.cpu() for level in parts])
        for parts in zip(*found, strict=True)
    ]
    return means, widths


def measure(model: ImageModel, split: Split, starts: list[Tensor], seed: int, hierarchy: bool) -> list[ExploredLevel]:
    """Each level as the split shows it; ranges hold the codes (n, d) of the ``starts`` too."""
    means, widths = posteriors(model, split)
    importance, quantity = [codes.var(0) for codes in means], "variance"
    if widths[0] is not None:
        found = [rates(output) for _, output in outputs(model, split, sample=True, seed=seed)]
        importance = [torch.cat([rate.cpu() for rate in parts]).mean(0) for parts in zip(*found, strict=True)]
        quantity = "nats"
    levels = []
    for number, (codes, values) in enumerate(zip(means, importance, strict=True), start=1):
        standard = quantity == "nats" and not (hierarchy and number < len(means))
        active = active_units(codes) if quantity == "nats" else values > DEAD_SHARE * values.max()
        by_importance = values.argsort(descending=True, stable=True)
        order = by_importance[active[by_importance].logical_not().argsort(stable=True)].tolist()
        variance = codes.var(0) + (0 if widths[number - 1] is None else (widths[number - 1] ** 2).mean(0))
        reach = SIGMAS * (torch.ones_like(values) if standard else variance.sqrt().clamp(min=NARROWEST))
        centre = torch.zeros_like(values) if standard else codes.mean(0)
        seen = torch.cat([codes, starts[number - 1]])
        low, high = seen.amin(0).minimum(centre - reach), seen.amax(0).maximum(centre + reach)
        name = f"{'level' if hierarchy or len(means) == 1 else 'degree'} {number}"
        levels.append(ExploredLevel(name, values, quantity, order, int(active.sum()), low, high))
    return levels
