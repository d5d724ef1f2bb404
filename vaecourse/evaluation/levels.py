"""The rate and reconstruction of each level of a hierarchy, and a warning about levels with a rate near 0."""

from dataclasses import dataclass

from torch import Tensor, nn

from vaecourse import notices
from vaecourse.data import Split
from vaecourse.evaluation.passes import mean_scores
from vaecourse.evaluation.units import measure_units
from vaecourse.metrics import psnr
from vaecourse.models.base import unwrapped

COLLAPSED = 0.1  # nats per image


class CollapseWarning(notices.CourseWarning):
    """The posterior of an upper level hardly differs from its prior: its codes tell almost nothing about the image."""


def warn_of_collapse(model: nn.Module, rates_of_levels: list[float]) -> None:
    """Warn of every level of a hierarchy but the first whose rate, in nats per image, is near 0."""
    # The degrees of a PH-VAE are parallel; a posterior that is not learned cannot fall back to its prior.
    if not model.is_hierarchy or not model.learns_posterior:
        return
    for level, rate in enumerate(rates_of_levels[1:], start=2):
        if abs(rate) < COLLAPSED:
            notices.warn(
                f"level {level} has collapsed: its rate is {rate:.3f} nats per image. Lower its β, warm β up from 0 "
                f"(HELBO(schedule=Linear(…))), train longer, or leave the level out",
                CollapseWarning,
            )


@dataclass(frozen=True)
class LevelReport:
    """Measurements of each level of a model: lists with one entry per level, level 1 first.

    Parameters
    ----------
    units, active_units : list of int
        Number of units, and of active units: those whose posterior mean has a variance above 0.01 over the images.
    rate : list of float
        Rate in nats per image, from one posterior sample per image. Bottom-up, it may be negative below the top.
    unit_rates : list of Tensor (d,)
        Rate of each unit, in nats per image.
    psnr : list of float
        PSNR of reconstructions from this level and those above it only, in dB; None if levels are not a hierarchy.
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
    """Measure units, active units, rate and reconstruction of each level of a model on a split.

    Warns
    -----
    CollapseWarning
        If an upper level of a hierarchy has a rate near 0.

    Raises
    ------
    ValueError
        If the model has no posterior, or there are fewer than 2 images.
    """
    model = unwrapped(model)
    units = measure_units(model, split, seed)
    if units[0].quantity != "nats":
        raise ValueError("this model has no posterior and so no rate: its level carries no number of nats")
    levels = range(1, len(units) + 1)
    decibels = [None] * len(units)
    if model.is_hierarchy or len(units) == 1:
        decibels = [mean_scores(model, split, {"psnr": psnr}, level)["psnr"] for level in levels]
    rate = [level.importance.sum().item() for level in units]
    warn_of_collapse(model, rate)
    return LevelReport(
        [len(level.importance) for level in units],
        [level.active_count for level in units],
        rate,
        [level.importance for level in units],
        decibels,
    )
