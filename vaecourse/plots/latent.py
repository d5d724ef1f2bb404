"""Figures of the latent space: the codes of images, and the rates of units."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse
from torch import Tensor, nn

from vaecourse.checks import as_list, check_level
from vaecourse.data import Split
from vaecourse.evaluation import measure_units
from vaecourse.evaluation.units import posteriors_of
from vaecourse.metrics.factors import as_array, varying
from vaecourse.plots.style import INK, LINE_COLOURS, category_colours, panels, styled

FURTHEST = 1e15  # the squares of larger codes leave the range of floats
UMAP_AT_MOST = 5000
MOST_LABELS = 1000  # larger labels are identities rather than classes counted from 0
SIDES = np.array([-1, 1])
SQUARE = 5.5  # inches: the sides of a figure of a plane


@styled
def latent_scatter(
    codes: Tensor, labels: Tensor | None = None, label_names: Sequence[str] = (), ax: Axes | None = None
) -> Figure:
    """Codes of two dimensions as points, coloured by label; the name of each label stands at its median.

    Parameters
    ----------
    codes : Tensor of shape (N, 2)
    labels : Tensor of shape (N,), optional
        Whole numbers of any type, or booleans.
    label_names : texts, optional
        Names of the labels, in order. Default: the numbers.
    ax : matplotlib Axes, optional
        Axes to draw in, whose figure is returned. Default: a new figure.

    Raises
    ------
    ValueError
        If the codes do not have two dimensions or are not finite, or there is not one label per code.
    """
    codes = _finite(codes)
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise ValueError(f"a scatter shows codes of shape (N, 2), got {codes.shape}: see umap for more dimensions")
    ax = _square_axes() if ax is None else ax
    scatter(ax, codes, labels, label_names)
    ax.set(xlabel="unit 0", ylabel="unit 1")
    return ax.figure


@styled
def umap(
    codes: Tensor, labels: Tensor | None = None, label_names: Sequence[str] = (), seed: int = 0, ax: Axes | None = None
) -> Figure:
    """Codes of any dimension in the plane, by UMAP (McInnes et al., 2018): neighbours stay neighbours.

    Distances between clusters, their sizes and the two axes have no meaning. The same seed gives the same figure. If
    there are more than 5,000 codes, a random subset of 5,000 is shown.

    Parameters
    ----------
    codes : Tensor of shape (N, d)
    labels, label_names, ax
        The arguments of :func:`latent_scatter`.
    seed : int

    Raises
    ------
    ValueError
        If there are fewer than 20 codes, all are the same or one is not finite, or there is not one label per code.
    OSError
        If numba finds no folder to write to.
    """
    codes = _finite(codes)
    if codes.ndim != 2 or len(codes) < 20:
        raise ValueError(f"UMAP needs at least 20 codes of shape (N, d), got {codes.shape}")
    if not varying(codes).any():
        raise ValueError("the codes of all images are the same: the model has collapsed, and no map shows anything")
    labels = _checked_labels(labels, len(codes))
    if len(codes) > UMAP_AT_MOST:
        chosen = np.sort(np.random.default_rng(seed).choice(len(codes), UMAP_AT_MOST, replace=False))
        codes, labels = codes[chosen], None if labels is None else labels[chosen]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        try:
            from numba.extending import is_jitted
            from umap import umap_  # imported here, because the import takes seconds

            for function in vars(umap_).values():
                if is_jitted(function):  # else three of them are compiled again by every process, for ten seconds
                    function.enable_caching()
        except RuntimeError as error:
            raise OSError(
                f"numba, which UMAP needs, cannot keep what it compiles ({error}): set the environment variable "
                "NUMBA_CACHE_DIR to a folder that can be written to, and start Python again"
            ) from error

    threads = torch.get_num_threads()
    plane = umap_.UMAP(random_state=seed, n_jobs=1).fit_transform(codes)
    torch.set_num_threads(threads)  # numba starts its own threads, and sets their number for torch too
    ax = _square_axes() if ax is None else ax
    scatter(ax, plane, labels, label_names)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax.figure


@styled
def posteriors(
    model: nn.Module, split: Split, label_names: Sequence[str] = (), count: int = 200, ax: Axes | None = None
) -> Figure:
    """Posteriors of the first ``count`` images in a plane of two units, as ellipses of one standard deviation.

    The dashed circles are one and two standard deviations of the prior.

    Raises
    ------
    ValueError
        If the model does not have 2 latent units, or has no posterior.
    """
    if model.latent_dims != (2,):
        shown = ", ".join(map(str, model.latent_dims))
        raise ValueError(f"posteriors are drawn for latent_dim 2, this model has {shown}")
    (means,), (stds,) = posteriors_of(model, split[:count])
    if stds is None:
        raise ValueError(f"{type(model).__name__} has no posterior: its codes are points, see latent_scatter")
    means, stds = _finite(means), _finite(stds)
    ax = _square_axes() if ax is None else ax
    labels = split.labels[:count] if split.labels is not None else None
    groups = scatter(ax, means, labels, label_names, size=2)
    for members, colour in groups:
        for mean, std in zip(means[members], stds[members], strict=True):
            ax.add_patch(Ellipse(mean, *(2 * std), facecolor=colour, edgecolor=colour, alpha=0.35))
    for radius in (1, 2):
        ax.add_patch(Circle((0, 0), radius, fill=False, edgecolor=INK, linestyle="--", linewidth=1.5))
    reach = max(2.1, np.abs(means).max() + stds.max())
    look_at(ax, reach * np.array([[-1, -1], [1, 1]]))
    ax.set(xlabel="unit 0", ylabel="unit 1")
    return ax.figure


@styled
def unit_rates(model: nn.Module, split: Split, level: int = 1) -> Figure:
    """The rate of each unit of a level as bars, in nats per image, largest first; active units in colour.

    A unit is active if its posterior mean varies over the split by more than 0.01 (Burda et al., 2016).

    Raises
    ------
    ValueError
        If the model has no posterior, such as a plain autoencoder.
    """
    check_level(level, len(model.latent_dims))
    units = measure_units(model, split)[level - 1]
    if units.quantity != "nats":
        raise ValueError(f"{type(model).__name__} has no posterior and so no rate of its units")
    order = units.importance.argsort(descending=True, stable=True).tolist()
    heights = units.importance[order].numpy()
    active = units.active[order].numpy()
    figure, ax = panels(height=2.8)
    ax.bar(range(len(order)), heights, color=np.where(active, LINE_COLOURS[0], INK))
    crowded = len(order) > 30
    ax.set_xticks(range(len(order)), order, rotation=90 if crowded else 0, fontsize=6 if crowded else 8)
    ax.margins(x=0.01)
    ax.set(xlabel="unit", ylabel="rate (nats per image)")
    ax.set_title(f"{active.sum()} of {len(order)} units active: variance of the posterior mean > 0.01")
    return figure


def scatter(ax: Axes, points: np.ndarray, labels, label_names: Sequence[str], size: float | None = None) -> list:
    """Draw points (N, 2) by label, with names at the medians; returns (mask of the points, colour) for each label."""
    labels, label_names = _checked_labels(labels, len(points)), as_list(label_names)
    size = 6 + 4000 / (len(points) + 200) if size is None else size
    look_at(ax, points)
    if labels is None:
        ax.scatter(*points.T, s=size, color=LINE_COLOURS[0], alpha=0.8, linewidths=0)
        return [(np.ones(len(points), bool), LINE_COLOURS[0])]
    present = np.unique(labels)
    if len(label_names) and not (present.min() >= 0 and present.max() < len(label_names)):
        needed = f"labels {present.min()} to {present.max()} do not number {len(label_names)} names"
        raise ValueError(f"{needed}: give a name for each label from 0")
    # Labels that count from 0 keep their colours if some of them are missing.
    counting = present.min() >= 0 and present.max() < MOST_LABELS
    places = present if counting else np.arange(len(present))
    palette = category_colours(max(len(label_names), places.max() + 1))
    groups = [(labels == label, palette[place]) for label, place in zip(present, places, strict=True)]
    for (members, colour), label in zip(groups, present, strict=True):
        # Alternating shapes distinguish similar colours; a triangle is larger, because it fills less of its square.
        marker, area = (("o", size), ("^", 1.5 * size))[label % 2]
        ax.scatter(*points[members].T, s=area, color=colour, marker=marker, alpha=0.8, linewidths=0)
        name = label_names[label] if len(label_names) else str(label)
        outline = [patheffects.withStroke(linewidth=2.5, foreground="#202020")]
        middle = np.median(points[members], axis=0)
        ax.annotate(
            name, middle, color="white", ha="center", va="center", weight="bold", path_effects=outline, zorder=5
        )
    return groups


def look_at(ax: Axes, points: np.ndarray) -> None:
    """Make the axes a square that shows all the points (N, 2), with one scale for both directions."""
    low, high = points.min(0), points.max(0)
    reach = 0.53 * max((high - low).max(), 1e-6)
    middle = (low + high) / 2
    ax.set(xlim=middle[0] + reach * SIDES, ylim=middle[1] + reach * SIDES, aspect="equal")


def _square_axes() -> Axes:
    return panels(height=SQUARE, width=SQUARE)[1]


def _finite(codes) -> np.ndarray:
    codes = as_array(codes)
    if not (np.abs(codes) < FURTHEST).all():  # NaN fails too
        raise ValueError(f"codes hold NaN, infinity or values beyond {FURTHEST:g}: the model has diverged")
    return codes


def _checked_labels(labels, count: int) -> np.ndarray | None:
    if labels is None:
        return None
    labels = as_array(labels)
    if labels.shape != (count,):
        raise ValueError(f"{count} codes need {count} labels, got shape {labels.shape}")
    whole = labels.dtype.kind in "biu" or (labels.dtype.kind == "f" and (labels == np.floor(labels)).all())
    if not whole or (labels.dtype.kind == "f" and not np.isfinite(labels).all()):
        raise ValueError("labels are whole numbers, one for each class: number the classes, or put amounts into bins")
    return labels.astype(np.int64)
