"""How the levels of a hierarchy share the work, and what to do about a level that does none."""

import warnings
from dataclasses import dataclass

from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation.passes import reconstruct
from vaecourse.evaluation.units import measure_units
from vaecourse.metrics import psnr

COLLAPSED = 0.1  # nats per image


class CollapseWarning(UserWarning):
    """An upper level has fallen back to its prior, and tells nothing about the image."""


def warn_of_collapse(model: nn.Module, rates_of_levels: list[float]) -> None:
    """Warn of every level of a hierarchy but the first whose rate, in nats per image, is near 0."""
    if not model.is_hierarchy:  # the degrees of a PH-VAE stand side by side
        return
    for level, rate in enumerate(rates_of_levels[1:], start=2):
        if abs(rate) < COLLAPSED:
            warnings.warn(
                f"level {level} has collapsed: its rate is {rate:.3f} nats per image. Lower its β, warm β up from 0 "
                f"(HELBO(schedule=Linear(…))), train longer, or leave the level out",
                CollapseWarning,
                stacklevel=3,
            )


@dataclass(frozen=True)
class LevelReport:
    """What each level of a model does; lists with one entry a level, level 1 first.

    Parameters
    ----------
    units, active_units : list of int
        Of an active unit the posterior mean varies over the images by more than 0.01.
    rate : list of float
        In nats per image, from one posterior sample an image. Bottom-up, a level below the top may be negative.
    unit_rates : list of Tensor (d,)
        The same, unit by unit.
    psnr : list of float
        Of reconstructions from this level and those above it alone, in dB; None where levels are no hierarchy.
    """

    units: list[int]
    active_units: list[int]
    rate: list[float]
    unit_rates: list[Tensor]
    psnr: list[float | None]

    def _repr_markdown_(self) -> str:
        lines = ["| level | units | active | rate, nats per image | PSNR from here, dB |", "|---|---|---|---|---|"]
        rows = zip(self.units, self.active_units, self.rate, self.psnr, strict=True)
        for level, (units, active, rate, decibels) in enumerate(rows, start=1):
            shown = "" if decibels is None else f"{decibels:.2f}"
            lines.append(f"| {level} | {units} | {active} | {rate:.2f} | {shown} |")
        return "\n".join(lines)


def level_report(model: nn.Module, split: Split, seed: int = 0) -> LevelReport:
    """Units, active units, rate and reconstruction of each level of a model, over a split.

    Warns
    -----
    CollapseWarning
        When an upper level of a hierarchy has a rate near 0.

    Raises
    ------
    ValueError
        If the model has no posterior, or there are fewer than 2 images.
    """
    units = measure_units(model, split, seed)
    if units[0].quantity != "nats":
        raise ValueError("this model has no posterior and so no rate: its level carries no number of nats")
    levels = range(1, len(units) + 1)
    pictures, decibels = split.as_floats().cpu(), [None] * len(units)
    if model.is_hierarchy or len(units) == 1:
        decibels = [psnr(pictures, reconstruct(model, split, level=level)).mean().item() for level in levels]
    rate = [level.importance.sum().item() for level in units]
    warn_of_collapse(model, rate)
    return LevelReport(
        [len(level.importance) for level in units],
        [level.active_count for level in units],
        rate,
        [level.importance for level in units],
        decibels,
    )
