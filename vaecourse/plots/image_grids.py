"""Figures of images: reconstructions, samples, and pictures along paths through the latent space."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaecourse.checks import as_list, at_least, check_level
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
        Images as uint8, or as floats clipped to [0, 1]; grey (1 channel) or in colour (3).
    titles : texts, optional
        Titles above each image, or above each column.
    columns : int, optional
        Number of columns. Default: the number of images, at most 10.
    row_labels : texts, optional
        Labels at the left of each row.

    Raises
    ------
    ValueError
        If images have another shape, or the number of titles or labels does not fit.
    """
    pictures = as_pictures(images)
    columns = min(len(pictures), COLUMNS) if columns is None else columns
    at_least(1, columns=columns)
    parts = pictures.split(columns)
    labels = [""] * len(parts) if row_labels is None else as_list(row_labels)
    if len(labels) != len(parts):
        raise ValueError(f"{len(labels)} row labels for {len(parts)} rows: give one for each")
    titles = [] if titles is None else [str(title) for title in as_list(titles)]
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

    If the split is binarised dynamically, the originals are the black and white draws that the model encoded.
    """
    at_least(1, count=count)
    originals, decoded = _seen_and_decoded(model, split[:count])
    rows = []
    for before, after in zip(originals.split(COLUMNS), decoded.split(COLUMNS), strict=True):
        rows += [Row(before, "original"), Row(after, "reconstruction")]
    return draw(rows, min(COLUMNS, len(originals)))


@styled
def samples(model: nn.Module, count: int = 40, seed: int = 0, temperature: float = 1.0) -> NotebookFigure:
    """The decoder's means for ``count`` codes drawn from the prior.

    ``temperature`` multiplies the priors' standard deviations (:meth:`vaecourse.VAE.generate`).

    Raises
    ------
    TypeError
        If the model has no prior, such as a plain autoencoder.
    """
    at_least(1, count=count)
    _needs_prior(model, "samples need")
    pictures = as_pictures(model.generate(count, seed, temperature=temperature))
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
        Number of decoded codes, including those of the two images.
    kind : "linear", "spherical" or "both"
        See :func:`vaecourse.plots.linear_path` and :func:`vaecourse.plots.spherical_path`.
    level : int
        Lowest interpolated level of a hierarchy: this level and those above go from one image to the other, and those
        below are the means of their priors.

    Raises
    ------
    ValueError, IndexError
        If the kind is another, there are fewer than 2 steps, or an index is outside the split.
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

    If the prior of the level is N(0, I), σ is 1 and the centre is 0. Otherwise (in an autoencoder and below the top of
    a hierarchy) they are the standard deviation and the mean of the unit's codes over the split
    (:class:`vaecourse.evaluation.Units`). In a hierarchy the levels above are fixed too, and those below follow with
    their noise kept (:func:`vaecourse.evaluation.traverse`), as in the explorers.

    Parameters
    ----------
    model : nn.Module
    split : Split
        Split that determines the order of the rows: largest rate first, or largest code variance for an autoencoder.
    index : int, optional
        Index of the image whose posterior mean fixes the other units. Default: they stay at the centre.
    units : indices, optional
        Units to show, in this order. Default: the 10 units of largest rate.
    steps : int
    level : int
        Number of the level; 1 is nearest to the image.

    Raises
    ------
    ValueError, IndexError
        If there are fewer than 2 steps, or an index, a unit or a level does not exist.
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
    """Images of a model of two latent units over the whole plane, in a grid of ``steps`` × ``steps``.

    The codes are quantiles of the prior, at the probabilities ½/steps … 1 − ½/steps, so each image represents an
    equal share of it (Kingma and Welling, 2014, appendix A). Unit 0 grows to the right, unit 1 upwards.

    Raises
    ------
    ValueError, TypeError
        If the model does not have 2 latent units, or has no prior.
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
    intervals = 5 + steps % 2  # same parity as the steps, so that ticks are symmetric
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
    """The images that the model encoded and their reconstructions, both (N, C, H, W) on the CPU."""
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
