"""Figures of hierarchies: images decoded from their upper levels only."""

import torch
from torch import nn

from vaecourse.checks import at_least
from vaecourse.data import Split
from vaecourse.evaluation import codes_of, decode, reconstruct
from vaecourse.plots.grid import Row, as_pictures, draw, index_within
from vaecourse.plots.style import NotebookFigure, styled


@styled
def level_reconstructions(model: nn.Module, split: Split, count: int = 10) -> NotebookFigure:
    """The first ``count`` images, and their reconstructions from all levels, from level 2 and above, and so on.

    Codes are posterior means; below the kept levels they are the means of the priors.

    Raises
    ------
    TypeError
        If the model is not a hierarchy.
    """
    at_least(1, count=count)
    levels = _hierarchy(model)
    chosen = split[:count]
    rows = [Row(as_pictures(chosen.as_floats().cpu()), "original")]
    for level in range(1, levels + 1):
        rows.append(Row(as_pictures(reconstruct(model, chosen, level=level)), f"from {_and_above(level, levels)}"))
    return draw(rows, len(chosen))


@styled
def held_levels(model: nn.Module, split: Split, index: int, count: int = 9, seed: int = 0) -> NotebookFigure:
    """One image, and draws that keep the codes of its upper levels and sample the levels below.

    The first row keeps level 2 and above, the next level 3 and above; in the last row all levels are sampled.

    Raises
    ------
    TypeError, IndexError
        If the model is not a hierarchy, or the index is outside the split.
    """
    at_least(1, count=count)
    levels = _hierarchy(model)
    chosen = split[[index_within(split, index)]]
    codes = [code.repeat(count, 1) for code in codes_of(model, chosen)]
    original = as_pictures(chosen.as_floats().cpu())
    titles = ["original", *[""] * count]
    rows = []
    for level in range(2, levels + 1):
        drawn = decode(model, codes, kept=level, sample=True, seed=seed)
        rows.append(Row(torch.cat([original, drawn]), f"{_and_above(level, levels)} held", () if rows else titles))
    free = as_pictures(model.generate(count, seed))
    rows.append(Row(torch.cat([original, free]), "none held", () if rows else titles))
    return draw(rows, count + 1)


def _hierarchy(model: nn.Module) -> int:
    if not model.is_hierarchy:
        raise TypeError(f"{type(model).__name__} has no levels below others: show a hierarchy such as vc.HDVAE")
    return len(model.latent_dims)


def _and_above(level: int, levels: int) -> str:
    return f"level {level}" if level == levels else f"levels {level}–{levels}"
