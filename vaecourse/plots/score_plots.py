"""Figures of scores: a table in colours, and methods side by side with every seed shown."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from vaecourse.checks import as_list
from vaecourse.metrics import DCI, Score
from vaecourse.metrics.factors import as_array
from vaecourse.plots.style import INK, LINE_COLOURS, panels, styled

CHARACTER = 0.068  # inches: the width of a character of a label
LINE = 0.26  # inches: the height of a row of the table
MOST_COLUMNS = 3


@styled
def score_matrix(score: Score | DCI, factors: Sequence[str] | None = None) -> Figure:
    """The matrix behind a score as a heat map, factors down and units across.

    Parameters
    ----------
    score : Score or DCI
        Result of a function of :mod:`vaecourse.metrics`; for DCI the importances are shown.
    factors : sequence of str, optional
        Names of the factors.

    Raises
    ------
    ValueError
        If the number of names is not the number of factors.
    """
    if isinstance(score, DCI):
        matrix = score.importance
        title = f"DCI: disentanglement {score.disentanglement:.3f}, completeness {score.completeness:.3f}"
    else:
        matrix, title = score.matrix, f"{score.name}: {score.score:.3f}"
    units, count = matrix.shape
    factors = None if factors is None else as_list(factors)
    if factors is not None and len(factors) != count:
        raise ValueError(f"{len(factors)} names for {count} factors")
    figure, axes = panels(height=1.2 + 0.3 * count)
    image = axes.imshow(matrix.T, aspect="auto", cmap="viridis", vmin=0)
    axes.set(title=title, xlabel="unit", ylabel=None if factors else "factor", yticks=range(count))
    axes.set_xticks(range(0, units, 1 + (units - 1) // 20))
    if factors:
        axes.set_yticklabels(factors)
    figure.colorbar(image)
    return figure


@styled
def score_table(scores: Mapping[str, Mapping[str, float]]) -> Figure:
    """Scores from 0 to 1 as a table, each number on a cell of its colour.

    Parameters
    ----------
    scores : dict from row to dict from column to number
        All rows have the same columns. Numbers below 0 and above 1 get the colours of 0 and 1.

    Raises
    ------
    ValueError
        If there are no scores, rows have different columns, or a score is not finite.
    """
    columns = _names(scores, "score_table needs at least one row and one column", "row")
    values = as_array([[row[column] for column in columns] for row in scores.values()]).astype(float)
    if not np.isfinite(values).all():
        raise ValueError("score_table shows finite numbers: leave out what is NaN or infinite")
    turned = max(map(len, columns)) > 6
    head = CHARACTER * max(map(len, columns)) if turned else 0.2
    figure, axes = panels(height=head + LINE * len(values) + 0.1)
    axes.imshow(values, aspect="auto", cmap="viridis", vmin=0, vmax=1)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set_xticks(range(len(columns)), columns, rotation=40 if turned else 0, ha="left" if turned else "center")
    axes.set_yticks(range(len(values)), scores)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        # Viridis is dark up to the middle of its range.
        colour = "black" if value > 0.5 else "white"
        number = f"{value:z.2f}".replace("-", "−")
        axes.text(column, row, number, ha="center", va="center", color=colour, fontsize=8)
    return figure


@styled
def score_bars(scores: Mapping[str, Mapping[str, float | Sequence[float]]], columns: int = MOST_COLUMNS) -> Figure:
    """One panel per score, with one bar per method at the median over its seeds, and a dot for every seed.

    Parameters
    ----------
    scores : dict from score to dict from method to a number, or to one number for each seed
        All scores have the same methods.
    columns : int
        Largest number of panels side by side.

    Raises
    ------
    ValueError
        If there are no scores, they have different methods, or a method has no number or one that is not finite.
    """
    methods = _names(scores, "score_bars needs at least one score and one method", "score")
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = min(columns, len(scores))
    rows = -(-len(scores) // columns)
    figure, axes = panels(rows, columns, height=0.9 + 0.22 * len(methods), sharey=True, squeeze=False)
    for panel in axes.flat[len(scores) :]:
        panel.remove()
    colours = list(itertools.islice(itertools.cycle(LINE_COLOURS), len(methods)))
    for panel, (name, by_method) in zip(axes.flat, scores.items(), strict=False):
        for place, (method, colour) in enumerate(zip(methods, colours, strict=True)):
            seeds = np.atleast_1d(as_array(by_method[method])).astype(float)
            if not seeds.size or not np.isfinite(seeds).all():
                raise ValueError(f"{name} of {method} must be one or more finite numbers, got {seeds.tolist()}")
            panel.barh(place, np.median(seeds), height=0.7, color=colour, alpha=0.45)
            panel.plot(seeds, np.full(len(seeds), place), "o", color=colour, markeredgecolor=INK, markersize=5)
        panel.set_yticks(range(len(methods)), methods)
        panel.set(title=name, ylim=(len(methods) - 0.4, -0.6))
        panel.grid(axis="x")
    return figure


def _names(scores: Mapping[str, Mapping], none: str, what: str) -> list[str]:
    """The keys that all the inner dicts share."""
    if not scores or not all(scores.values()):
        raise ValueError(none)
    first, *others = scores
    for other in others:
        if set(scores[other]) != set(scores[first]):
            raise ValueError(f"every {what} needs the same entries: {first!r} and {other!r} differ")
    return list(scores[first])
