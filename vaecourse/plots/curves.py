"""Figures of numbers: the terms of a loss by epoch, and models in the plane of rate and distortion."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vaecourse.checks import as_list
from vaecourse.metrics.factors import as_array
from vaecourse.plots.style import INK, LINE_COLOURS, panels, styled
from vaecourse.training import History

NATS = "nats per image"
TITLES = {
    "negative_elbo": ("negative ELBO", NATS),
    "dimension_wise_kl": ("dimension-wise KL", NATS),
    "mse": ("MSE", ""),
    "psnr": ("PSNR", "dB"),
    "ssim": ("SSIM", ""),
    "discriminator_accuracy": ("discriminator accuracy", ""),
    "seconds": ("time", "seconds"),
}
PANELS_IN_A_ROW = 3
MOST_MARKERS = 12  # lines of more epochs have no markers
SPLITS = {"train": "-", "test": (0, (3, 1.5))}


@styled
def history(
    histories: History | Mapping[str, History], names: Sequence[str] = ("loss",), first_epoch: int = 1
) -> Figure:
    """Terms by epoch, one panel for each name: the training set solid, the test set dashed.

    Parameters
    ----------
    histories : History, or dict from label to History
    names : texts
        Columns of the histories; the column ``test_`` + name is drawn too if it exists.
    first_epoch : int
        First epoch to draw. Epoch 0, the untrained model, is left out by default: its loss would flatten the curves.

    Raises
    ------
    KeyError, ValueError
        If a history has no such name, or there is nothing to draw.
    """
    if isinstance(histories, History):
        histories = {"": histories}
    names = as_list(names)
    if not histories or not names:
        raise ValueError("history needs at least one history and one name")
    columns = min(len(names), PANELS_IN_A_ROW)
    rows = -(-len(names) // columns)
    figure, axes = panels(rows, columns, height=3.0 if columns == 1 else 2.5, squeeze=False)
    for panel in axes.flat[len(names) :]:
        panel.remove()
    colours = dict(zip(histories, itertools.cycle(LINE_COLOURS), strict=False))
    drawn = set()
    for panel, name in zip(axes.flat, names, strict=False):
        for label, one in histories.items():
            drawn |= _draw_term(panel, one, name, colours[label], first_epoch)
        title, unit = TITLES.get(name.removeprefix("test_"), (name.replace("_", " "), NATS))
        panel.set(xlabel="epoch", ylabel=unit, title=title)
        panel.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        panel.grid(axis="y")
    several = len(histories) > 1
    marked = {label: _marked(label, one) for label, one in histories.items()}
    handles = [Line2D([], [], color=c, label=marked[label]) for label, c in colours.items() if several or marked[label]]
    if "test" in drawn:
        colour = INK if several else LINE_COLOURS[0]
        handles += [Line2D([], [], color=colour, linestyle=s, label=n) for n, s in SPLITS.items() if n in drawn]
    if handles:
        figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 5))
    return figure


def _marked(label: str, history: History) -> str:
    """Return the label of a history, which says if it was interrupted: its last value is that of fewer epochs."""
    return f"{label} (interrupted after epoch {len(history) - 1})".strip() if history.interrupted else label


def _draw_term(panel: Axes, history: History, name: str, colour: str, first_epoch: int) -> set[str]:
    """Draw a term of the training and of the test set, and return which of the two exist."""
    columns = {"train": name, "test": f"test_{name}"}
    found = {split: column for split, column in columns.items() if column in history.names}
    if not found and history.ended_in_first_epoch:
        return set()
    if not found:
        raise KeyError(f"history has no {name!r}: it has {', '.join(history.names)}")
    epochs = np.array(history["epoch"])
    chosen = epochs >= first_epoch
    marker = "o" if chosen.sum() <= MOST_MARKERS else None
    for split, column in found.items():
        values = as_array(history[column]).astype(float)
        panel.plot(epochs[chosen], values[chosen], color=colour, linestyle=SPLITS[split], marker=marker)
    return set(found)


@styled
def rate_distortion(points: Mapping[str, tuple]) -> Figure:
    """Models by rate and distortion, in nats per image; points have labels, or curves have a legend.

    Along the dashed line, rate + distortion (the negative ELBO) equals that of the best point (Alemi et al., 2018).

    Parameters
    ----------
    points : dict from label to (rate, distortion)
        Two numbers, or two sequences of them, which are joined by a line.

    Raises
    ------
    ValueError
        If there are no points, or the numbers of rates and distortions differ.
    """
    if not points:
        raise ValueError("there are no points to show")
    for label, (rate, distortion) in points.items():
        if as_array(rate).size != as_array(distortion).size:
            raise ValueError(f"give as many distortions as rates for {label!r}")
    pairs = {label: np.array([np.ravel(as_array(each)) for each in pair], float) for label, pair in points.items()}
    figure, ax = panels(height=4.2)
    curves = any(rate.size > 1 for rate, _ in pairs.values())
    for position, (label, (rate, distortion)) in enumerate(pairs.items()):
        colour = LINE_COLOURS[position % len(LINE_COLOURS)]
        ax.plot(rate, distortion, "o-", color=colour, markersize=7, label=label)
        if not curves:
            ax.annotate(label, (rate[0], distortion[0]), xytext=(7, 5), textcoords="offset points", color=INK)
    if curves:
        ax.legend()
    rates, distortions = np.concatenate(list(pairs.values()), axis=1)
    best = (rates + distortions).min()
    ax.margins(0.15)
    limits = ax.get_xlim(), ax.get_ylim()
    ax.axline((0, best), slope=-1, color=INK, linestyle="--", linewidth=1.5, zorder=1)
    ax.set(xlim=limits[0], ylim=limits[1])
    ax.set(xlabel="rate (nats per image)", ylabel="distortion (nats per image)")
    ax.set_title(f"dashed: negative ELBO = {best:.1f} nats, that of the best point")
    return figure
