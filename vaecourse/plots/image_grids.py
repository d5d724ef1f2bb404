"""Figures made of images: what a model reconstructs, generates, and draws along paths through its codes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaecourse.checks import at_least, check_level
from vaecourse.data import Split
from vaecourse.evaluation import central_codes, codes_of, decode, linear_path, measure_units, spherical_path, traverse
from vaecourse.evaluation.passes import outputs
from vaecourse.plots.grid import Row, as_pictures, draw, index_within, show_picture
from vaecourse.plots.style import NotebookFigure, panels, styled

COLUMNS = 10
PATHS = {"linear": linear_path, "spherical": spherical_path}


@styled
def images(
    images, titles: Sequence[str] | None = None, columns: int | None = None, row_labels: Sequence[str] | None = None
) -> NotebookFigure:
    """A grid of images, row by row.

    Parameters
    ----------
    images : Tensor or array of shape (N, C, H, W)
        uint8, or floats in [0, 1] (beyond that they are clipped), grey (1 channel) or in colour (3).
    titles : texts, optional
        One above each image, or one above each column.
    columns : int, optional
        Default: as many as there are images, at most 10.
    row_labels : texts, optional
        One at the left of each row.

    Raises
    ------
    ValueError
        For another shape, or a number of titles or labels that does not fit.
    """
    pictures = as_pictures(images)
    columns = min(len(pictures), COLUMNS) if columns is None else columns
    at_least(1, columns=columns)
    parts = pictures.split(columns)
    labels = [""] * len(parts) if row_labels is None else list(row_labels)
    if len(labels) != len(parts):
        raise ValueError(f"{len(labels)} row labels for {len(parts)} rows: give one for each")
    titles = [] if titles is None else [str(title) for title in titles]
    if len(titles) not in (0, columns, len(pictures)):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} images in {columns} columns: give one for each")
    return draw(
        [
            Row(part, label, titles[k * columns : (k + 1) * columns])
            for k, (part, label) in enumerate(zip(parts, labels, strict=True))
        ],
        columns,
    )


@styled
def reconstructions(model: nn.Module, split: Split, count: int = 10) -> NotebookFigure:
    """The first ``count`` images of a split above their reconstructions from the posterior mean, ten to a line.

    Of a split that is binarised dynamically, the originals are the black and white draws that the model saw.
    """
    at_least(1, count=count)
    originals, decoded = _seen_and_decoded(model, split[:count])
    rows = []
    for before, after in zip(originals.split(COLUMNS), decoded.split(COLUMNS), strict=True):
        rows += [Row(before, "original"), Row(after, "reconstruction")]
    return draw(rows, min(COLUMNS, len(originals)))


@styled
def samples(model: nn.Module, count: int = 40, seed: int = 0) -> NotebookFigure:
    """The decoder's means for ``count`` codes drawn from the prior.

    Raises
    ------
    TypeError
        If the model has no prior, as a plain autoencoder.
    """
    at_least(1, count=count)
    _needs_prior(model, "samples need")
    pictures = as_pictures(model.generate(count, seed))
    return draw([Row(part) for part in pictures.split(COLUMNS)], min(COLUMNS, count))


@styled
def interpolation(
    model: nn.Module,
    split: Split,
    first: int,
    second: int,
    steps: int = 10,
    kind: str = "linear",
    level: int = 1,
) -> NotebookFigure:
    """From one image of a split to another: original, its code decoded, codes between, the other's, its original.

    Parameters
    ----------
    model : nn.Module
    split : Split
    first, second : int
        Indices of the two images.
    steps : int
        Codes decoded, those of the two images included.
    kind : "linear", "spherical" or "both"
        See :func:`vaecourse.plots.linear_path` and :func:`vaecourse.plots.spherical_path`.
    level : int
        In a hierarchy: the codes of this level and of those above go from one image to the other, and the levels below
        follow as the means of their priors.

    Raises
    ------
    ValueError, IndexError
        For another kind, fewer than 2 steps, or an index outside the split.
    """
    at_least(2, steps=steps)
    if kind not in (*PATHS, "both"):
        raise ValueError(f"interpolation {kind!r} is unknown: choose linear, spherical or both")
    pair = split[[index_within(split, first), index_within(split, second)]]
    originals, _ = _seen_and_decoded(model, pair)
    codes = codes_of(model, pair)
    check_level(level, len(codes))
    titles = ["original", *(short(t) for t in torch.linspace(0, 1, steps).tolist()), "original"]
    rows = []
    for name in PATHS if kind == "both" else [kind]:
        decoded = decode(model, [PATHS[name](*ends, steps) for ends in codes], kept=level)
        pictures = torch.cat([originals[:1], decoded, originals[1:]])
        rows.append(Row(pictures, name, () if rows else titles))
    return draw(rows, steps + 2)


@styled
def traversal(
    model: nn.Module,
    split: Split,
    index: int | None = None,
    units: Sequence[int] | None = None,
    steps: int = 9,
    level: int = 1,
) -> NotebookFigure:
    """One row per latent unit: the unit goes from −3σ to +3σ while the others stay where they are.

    Where the prior of the level is N(0, I), σ = 1 and the centre 0 are the prior's. Where there is no such prior, in
    an autoencoder and below the top of a hierarchy, they are the standard deviation and the mean of the unit's codes
    over the split (:class:`vaecourse.evaluation.Units`). In a hierarchy the levels above stay too, and those below
    follow: each keeps its noise (:func:`vaecourse.evaluation.traverse`), as in the explorers.

    Parameters
    ----------
    model : nn.Module
    split : Split
        Decides the order of the rows: largest rate first, or largest variance of the code for an autoencoder.
    index : int, optional
        The other units stay at the posterior mean of this image of the split; by default at the centre.
    units : indices, optional
        Which units to show, in this order. Default: the 10 of the largest rate.
    steps : int
    level : int
        1 is the level nearest to the image.

    Raises
    ------
    ValueError, IndexError
        For fewer than 2 steps, or an index, a unit or a level that does not exist.
    """
    at_least(2, steps=steps)
    check_level(level, len(model.latent_dims))
    measured = measure_units(model, split)[level - 1]
    units = measured.order[:10] if units is None else list(units)
    count = len(measured.importance)
    missing = [unit for unit in units if not 0 <= unit < count]
    if not units:
        raise ValueError("units is empty: name at least one")
    if missing:
        raise ValueError(f"units {missing} do not exist: the level has units 0 to {count - 1}")
    sigmas = torch.linspace(-3, 3, steps)
    if index is not None:
        here = codes_of(model, split[[index_within(split, index)]])
    else:
        here = central_codes(model) if model.has_prior else [measured.centre[None]]
    rows = []
    for unit in units:
        moved = traverse(model, here, level, unit, measured.centre[unit] + sigmas * measured.spread[unit])
        titles = () if rows else [f"{short(value, '+')}σ" if value else "0" for value in sigmas.tolist()]
        rows.append(Row(decode(model, moved), f"unit {unit}\n{measured.value(unit)}", titles))
    return draw(rows, steps)


@styled
def manifold(model: nn.Module, steps: int = 20) -> NotebookFigure:
    """What a model of two latent units draws over the whole plane, in ``steps`` × ``steps`` images.

    The codes are quantiles of the prior, at the probabilities ½/steps … 1 − ½/steps, so each image stands for an
    equal share of it (Kingma and Welling, 2014, appendix A). Unit 0 grows to the right, unit 1 upwards.

    Raises
    ------
    ValueError, TypeError
        If the model has not 2 latent units, or no prior.
    """
    at_least(1, steps=steps)
    if model.latent_dims != (2,):
        shown = ", ".join(map(str, model.latent_dims))
        raise ValueError(f"a manifold is drawn for latent_dim 2, this model has {shown}: see traversal")
    _needs_prior(model, "a manifold needs")
    values = torch.special.ndtri((torch.arange(steps) + 0.5) / steps)
    upwards, rightwards = torch.meshgrid(values.flip(0), values, indexing="ij")
    pictures = decode(model, [torch.stack([rightwards.flatten(), upwards.flatten()], dim=1)])
    channels, height, width = pictures.shape[1:]
    grid = pictures.unflatten(0, (steps, steps)).permute(2, 0, 3, 1, 4)
    ratio = height / width
    figure, axes = panels(height=6.2 * ratio + 0.4)
    show_picture(axes, grid.reshape(channels, steps * height, steps * width), (0, steps, 0, steps))
    intervals = 5 + steps % 2  # even like the steps, or odd like them, so that ticks are symmetric
    shown = sorted({round(k * (steps - 1) / intervals) for k in range(intervals + 1)})
    names = [short(values[k].item()) for k in shown]
    middles = [k + 0.5 for k in shown]
    axes.set(xlabel="unit 0", ylabel="unit 1", aspect=ratio)
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def short(value: float, sign: str = "") -> str:
    """A number with at most two decimals: 0.75, −3; with ``sign="+"`` always with its sign."""
    return f"{value:{sign}.2f}".rstrip("0").rstrip(".").replace("-", "−")


def _seen_and_decoded(model: nn.Module, split: Split) -> tuple[Tensor, Tensor]:
    """The images as the model saw them and their reconstructions, both (N, C, H, W) on the CPU."""
    if not len(split):
        raise ValueError("the split has no images to show")
    pairs = [(images, output.reconstruction.mean) for images, output in outputs(model, split)]
    return tuple(as_pictures(torch.cat(pictures)) for pictures in zip(*pairs, strict=True))


def _needs_prior(model: nn.Module, what: str) -> None:
    if not model.has_prior:
        raise TypeError(
            f"{what} a prior to take codes from, and {type(model).__name__} has none: nothing says which codes "
            "its decoder knows. Use a VAE, or decode codes of your own choice"
        )
