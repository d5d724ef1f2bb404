"""The style of all figures, legible on white and on dark pages and for colour-blind readers.

Figures of the package are made without pyplot, so nothing is left open; they leave the caller's settings alone.
"""

import functools
from collections.abc import Callable
from io import BytesIO

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from torch import nn

from vaecourse.models.base import unwrapped

WIDTH = 7.0  # inches: the width of a text column
DOTS_PER_INCH = 140

# This grey has nearly the same contrast with white (4.3) and with a page of #121212 (4.4).
INK = "#7a7a7a"
# Okabe and Ito (2008), without the yellow and the black, which are lost on a white or a dark page.
LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
# Ten colours that colour-blind readers can distinguish too: Petroff (2021), arXiv 2107.02270.
TEN_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip

SETTINGS = {
    "figure.dpi": DOTS_PER_INCH,
    "figure.facecolor": "none",
    "savefig.facecolor": "auto",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=LINE_COLOURS),
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "font.size": 9,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
}


def style():
    """The style as a context: ``with vc.plots.style(): …`` draws your own figures in it."""
    return matplotlib.rc_context(SETTINGS)


def use_style() -> None:
    """Draw all further figures of this session in the style of the course, also those of seaborn and pyplot."""
    matplotlib.rcParams.update(SETTINGS)


def styled(function: Callable) -> Callable:
    """Run a plotting function in the style, with the models themselves in the place of compiled or wrapped ones."""

    def plain(value):
        return unwrapped(value) if isinstance(value, nn.Module) else value

    @functools.wraps(function)
    def in_style(*arguments, **keywords):
        with style():
            return function(*map(plain, arguments), **{name: plain(value) for name, value in keywords.items()})

    return in_style


class NotebookFigure(Figure):
    """A figure that any notebook shows once, as the value of a cell, whether or not pyplot was ever imported.

    Where IPython already has a way to show figures (``%matplotlib inline``), it uses that instead.
    """

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", bbox_inches="tight")
        return buffer.getvalue()


@styled
def panels(rows: int = 1, columns: int = 1, height: float = 3.0, width: float = WIDTH, **keywords):
    """An empty figure of the column's width in the style: ``figure, axes = vc.plots.panels(1, 2)``.

    Parameters
    ----------
    rows, columns : int
    height : float
        Height of each row, in inches.
    width : float
        Width of the figure, in inches.
    keywords
        Arguments of :meth:`matplotlib.figure.Figure.subplots`, for instance ``sharey=True``.

    Returns
    -------
    Figure, and its Axes: one, or an array of them as from ``plt.subplots``
    """
    figure = NotebookFigure(figsize=(width, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, **keywords)


def category_colours(count: int) -> list:
    """``count`` colours for categories: up to ten are easy to distinguish; more are taken from a colour scale."""
    if count <= len(TEN_COLOURS):
        return list(TEN_COLOURS[:count])
    return list(matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, count)))
