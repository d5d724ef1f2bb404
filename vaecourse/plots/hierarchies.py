"""Figures of hierarchies: what each level draws, alone, held, moved, or mixed with another image's."""

from collections.abc import Sequence

import torch
from torch import nn

from vaecourse.checks import at_least, check_level
from vaecourse.data import Split
from vaecourse.evaluation import codes_of, decode, measure_units, reconstruct
from vaecourse.evaluation.reach import change_of
from vaecourse.plots.grid import Row, as_pictures, draw, index_within
from vaecourse.plots.style import NotebookFigure, styled

NO_CHANGE = 1e-6  # of a pixel's value, which ranges from 0 to 1


@styled
def level_reconstructions(
    model: nn.Module, split: Split, count: int = 10, levels: Sequence[int] | None = None
) -> NotebookFigure:
    """The first ``count`` images, and their reconstructions from all levels, from level 2 and above, and so on.

    Codes are posterior means; below the kept levels they are the means of the priors.

    Parameters
    ----------
    model : nn.Module
    split : Split
    count : int
    levels : sequence of int, optional
        The lowest level kept in each row, in this order. Default: each level, level 1 first.

    Raises
    ------
    TypeError, ValueError
        If the model is not a hierarchy, or has no such level.
    """
    at_least(1, count=count)
    total = _hierarchy(model)
    levels = _chosen(levels, range(1, total + 1), total)
    chosen = split[:count]
    rows = [Row(as_pictures(chosen.as_floats().cpu()), "original")]
    for level in levels:
        rows.append(Row(as_pictures(reconstruct(model, chosen, level=level)), f"from {_and_above(level, total)}"))
    return draw(rows, len(chosen))


@styled
def held_levels(
    model: nn.Module,
    split: Split,
    index: int,
    count: int = 9,
    seed: int = 0,
    levels: Sequence[int] | None = None,
    temperature: float = 1.0,
) -> NotebookFigure:
    """One image, and beside it draws with the codes of its upper levels held and the levels below drawn anew.

    By default the first row holds level 2 and above, the next level 3 and above. The last row holds nothing: there all
    levels are drawn.

    Parameters
    ----------
    model : nn.Module
    split : Split
    index : int
        Index of the image in the split.
    count : int
        Number of draws in each row.
    seed : int
        Seed of the draws.
    levels : sequence of int, optional
        The lowest level held in each row but the last. Default: each level from level 2 upwards.
    temperature : float
        Factor of the priors' standard deviations in the draws.

    Raises
    ------
    TypeError, ValueError, IndexError
        If the model is not a hierarchy or has no such level, or the index is outside the split.
    """
    at_least(1, count=count)
    total = _hierarchy(model)
    levels = _chosen(levels, range(2, total + 1), total)
    chosen = split[[index_within(split, index)]]
    codes = [code.repeat(count, 1) for code in codes_of(model, chosen)]
    original = as_pictures(chosen.as_floats().cpu())
    titles = ["original", *[""] * count]
    rows = []
    for level in levels:
        drawn = decode(model, codes, kept=level, sample=True, seed=seed, temperature=temperature)
        rows.append(Row(torch.cat([original, drawn]), f"{_and_above(level, total)} held", () if rows else titles))
    free = as_pictures(model.generate(count, seed, temperature=temperature))
    rows.append(Row(torch.cat([original, free]), "none held", () if rows else titles))
    return draw(rows, count + 1)


@styled
def mixing(
    model: nn.Module, split: Split, upper: Sequence[int], lower: Sequence[int], level: int | None = None
) -> NotebookFigure:
    """Each row has the upper levels of one image, each column the levels below of another.

    The first column and the first row show the reconstructions of the images themselves.

    Parameters
    ----------
    model : nn.Module
    split : Split
    upper, lower : sequence of int
        Indices of the images that give the upper levels, and of those that give the levels below.
    level : int, optional
        The lowest of the upper levels, at least 2. Default: the top alone.

    Raises
    ------
    TypeError, ValueError, IndexError
        If the model is not a hierarchy, has no such level, no image is named, or an index is outside the split.
    """
    at_least(1, upper=len(upper), lower=len(lower))
    total = _hierarchy(model)
    level = total if level is None else level
    at_least(2, level=level)
    check_level(level, total)
    above, below = (
        codes_of(model, split[[index_within(split, index) for index in chosen]]) for chosen in (upper, lower)
    )
    rows, columns = len(upper), len(lower)
    mixed = [codes.repeat(rows, 1) for codes in below[: level - 1]]
    mixed += [codes.repeat_interleave(columns, 0) for codes in above[level - 1 :]]
    own, givers = decode(model, above), decode(model, below)
    blank = torch.full_like(own[:1], torch.nan)
    pictures = decode(model, mixed).split(columns)
    found = [Row(torch.cat([blank, givers]), f"{_and_below(level - 1)} of")]
    for picture, row in zip(own, pictures, strict=True):
        found.append(Row(torch.cat([picture[None], row]), f"{_and_above(level, total)} of"))
    return draw(found, columns + 1)


@styled
def unit_reach(
    model: nn.Module, split: Split, index: int, levels: Sequence[int] | None = None, count: int = 3
) -> NotebookFigure:
    """Where in the image the busiest units of each level act: the image's reconstruction, and beside it the changes.

    A change is the picture of a unit at +3σ less that at −3σ, as an absolute value: the mean over the colours, the
    largest in each picture drawn white. The levels below follow (:func:`vaecourse.evaluation.traverse`).

    Parameters
    ----------
    model : nn.Module
    split : Split
        At least 2 images: the rates of the units are measured on them.
    index : int
        Index of the image around which the units move.
    levels : sequence of int, optional
        The level of each row. Default: each level, level 1 first.
    count : int
        Number of units in each row: those of the largest rate.

    Raises
    ------
    ValueError, IndexError
        If the model has no such level, or the index is outside the split.
    """
    at_least(1, count=count)
    total = len(model.latent_dims)
    levels = _chosen(levels, range(1, total + 1), total)
    measured = measure_units(model, split)
    here = codes_of(model, split[[index_within(split, index)]])
    own = decode(model, here)
    rows = []
    for level in levels:
        units = measured[level - 1].order[:count]
        changes = torch.stack([change_of(model, here, level, unit, measured[level - 1]) for unit in units])
        shown = changes / changes.amax((1, 2), keepdim=True).clamp(min=NO_CHANGE)
        shown = shown[:, None].expand(-1, own.shape[1], -1, -1)
        titles = ["", *(f"unit {unit}" for unit in units)]
        rows.append(Row(torch.cat([own, shown]), f"level {level}", titles))
    return draw(rows, count + 1)


def _hierarchy(model: nn.Module) -> int:
    if not model.is_hierarchy:
        raise TypeError(f"{type(model).__name__} has no levels below others: show a hierarchy such as vc.HDVAE")
    return len(model.latent_dims)


def _and_above(level: int, levels: int) -> str:
    return f"level {level}" if level == levels else f"levels {level}–{levels}"


def _and_below(level: int) -> str:
    return "level 1" if level == 1 else f"levels 1–{level}"


def _chosen(levels: Sequence[int] | None, default: Sequence[int], total: int) -> list[int]:
    levels = list(default if levels is None else levels)
    for level in levels:
        check_level(level, total)
    return levels
