"""The rate of each latent unit of a model on a split, and the range of its codes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation.passes import on_cpu, outputs
from vaecourse.losses import rates
from vaecourse.metrics.active_units import ACTIVE
from vaecourse.models.base import unwrapped

SIGMAS = 3
DEAD_SHARE = 0.01  # of the largest variance of an autoencoder's units
NARROWEST = 1e-3  # so that a constant unit still has a range


@dataclass(frozen=True)
class Units:
    """The units of one latent level, as measured over a split.

    Parameters
    ----------
    level : str
        Name of the level: "level 2", or "degree 2" of a PH-VAE.
    importance : Tensor of shape (d,)
        Rate of each unit, in nats per image; for an autoencoder, which has no rate, the variance of its codes.
    quantity : "nats" or "variance"
        Unit of measurement of ``importance``.
    active : bool Tensor of shape (d,)
        Whether the posterior mean of a unit varies by more than 0.01 (:func:`vaecourse.metrics.active_units`); for an
        autoencoder, whether its code varies by more than a hundredth of the variance of the unit that varies most.
    centre, spread : Tensor of shape (d,)
        Mean and standard deviation of the codes: 0 and 1 if the prior is N(0, I). Otherwise (in an autoencoder, and
        below the top of a hierarchy) those of the codes over the split, posterior variances included.
    low, high : Tensor of shape (d,)
        Range to explore: centre ± 3 spreads, extended if the code of an image lies outside.
    """

    level: str
    importance: Tensor
    quantity: str
    active: Tensor
    centre: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor

    @property
    def active_count(self) -> int:
        """The number of active units, which come first in ``order``."""
        return int(self.active.sum())

    @property
    def order(self) -> list[int]:
        """All units, active ones first, each group from the most important to the least."""
        by_importance = self.importance.argsort(descending=True, stable=True)
        return by_importance[self.active[by_importance].logical_not().argsort(stable=True)].tolist()

    def value(self, unit: int) -> str:
        """Return the importance of one unit as text: "2.10 nats"."""
        value = self.importance[unit].item()
        return (f"{value:.2f} nats" if self.quantity == "nats" else f"variance {value:.3g}").replace("-", "−")

    def label(self, unit: int) -> str:
        """Return the label of a unit: "unit 3 · 2.10 nats"."""
        return f"unit {unit} · {self.value(unit)}"

    def reaching(self, codes: Tensor) -> "Units":
        """Return the same units with a range that also includes the given codes (N, d)."""
        return replace(self, low=self.low.minimum(codes.amin(0)), high=self.high.maximum(codes.amax(0)))


def posteriors_of(model: nn.Module, split: Split) -> tuple[list[Tensor], list[Tensor | None]]:
    """Return posterior means (N, d) and standard deviations (N, d), or None, of every level, on the CPU."""
    batches = list(_posteriors(model, split))
    means, widths = (
        [torch.cat(parts) if torch.is_tensor(parts[0]) else None for parts in zip(*found, strict=True)]
        for found in zip(*batches, strict=True)
    )
    return means, widths


def _posteriors(model: nn.Module, split: Split) -> Iterator[tuple[list[Tensor], list[Tensor | None]]]:
    """Posterior means (n, d) and standard deviations of every level, batch by batch, on the CPU."""
    for _, output in outputs(model, split):
        means = [on_cpu(level.codes) for level in output.levels]
        widths = [None if level.posterior is None else on_cpu(level.posterior.std) for level in output.levels]
        yield means, widths


class _Moments:
    """Mean, variance and range of codes, and the mean of their posterior variances, added up batch by batch.

    The memory does not grow with the number of images (Chan et al., 1983, equation 1.5b).
    """

    def __init__(self, codes: Tensor):
        self.count, self.mean, self.squares, self.widths = 0, *torch.zeros(3, codes.shape[1], dtype=torch.float64)
        self.low, self.high = codes[0], codes[0]

    def add(self, codes: Tensor, width: Tensor | None) -> None:
        self.low, self.high = self.low.minimum(codes.amin(0)), self.high.maximum(codes.amax(0))
        codes, added = codes.double(), len(codes)
        total, distance = self.count + added, codes.mean(0) - self.mean
        self.squares = self.squares + codes.var(0, correction=0) * added + distance**2 * self.count * added / total
        self.mean = self.mean + distance * added / total
        self.widths = self.widths + (0 if width is None else width.double().pow(2).sum(0))
        self.count = total

    @property
    def variance(self) -> Tensor:
        return (self.squares / (self.count - 1)).float()


def rates_of(model: nn.Module, split: Split, seed: int = 0) -> list[Tensor]:
    """Return the rate of each unit (d,) of every level, in nats per image, from one posterior sample per image."""
    sums: list[Tensor] = []
    for _, output in outputs(model, split, sample=True, seed=seed):
        batch = [on_cpu(rate.sum(0)) for rate in rates(output)]
        sums = [total + more for total, more in zip(sums, batch, strict=True)] if sums else batch
    return [total / len(split) for total in sums]


def measure_units(model: nn.Module, split: Split, seed: int = 0) -> list[Units]:
    """Measure the units of every level over a split, level 1 first.

    Parameters
    ----------
    model : nn.Module
        Model of the package, for instance a plain autoencoder.
    split : Split
        Images, at least 2.
    seed : int
        Seed of the posterior samples from which the rates are computed.

    Raises
    ------
    ValueError
        If there are fewer than 2 images, or the codes are not finite.
    """
    if len(split) < 2:
        raise ValueError(f"units are measured on at least 2 images, the split has {len(split)}: give more")
    model, moments = unwrapped(model), []
    for means, widths in _posteriors(model, split):
        moments = moments or [_Moments(codes) for codes in means]
        for found, codes, width in zip(moments, means, widths, strict=True):
            found.add(codes, width)
    if not all(found.mean.isfinite().all() for found in moments):
        raise ValueError("codes contain NaN or infinity: the model has diverged, train it again")
    has_rate = widths[0] is not None
    importance = rates_of(model, split, seed) if has_rate else [found.variance for found in moments]
    name = "level" if model.is_hierarchy or len(moments) == 1 else "degree"
    measured = []
    for number, (found, values) in enumerate(zip(moments, importance, strict=True), start=1):
        active = found.variance > (ACTIVE if has_rate else DEAD_SHARE * values.max())
        if has_rate and not (model.is_hierarchy and number < len(moments)):
            centre, spread = torch.zeros_like(values), torch.ones_like(values)
        else:
            variance = found.variance + (found.widths / found.count).float()
            centre, spread = found.mean.float(), variance.sqrt().clamp(min=NARROWEST)
        quantity = "nats" if has_rate else "variance"
        ends = centre - SIGMAS * spread, centre + SIGMAS * spread
        units = Units(f"{name} {number}", values, quantity, active, centre, spread, *ends)
        measured.append(units.reaching(torch.stack([found.low, found.high])))
    return measured
