"""Explorers of latent spaces: a widget for a running kernel, and a page that needs no kernel."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vaecourse.checks import check_level
from vaecourse.data import Split
from vaecourse.explorers.explorable import check_model
from vaecourse.explorers.exploration import Exploration
from vaecourse.explorers.own_pictures import as_pictures, prepared, reference_with
from vaecourse.models import ImageModel
from vaecourse.models.base import unwrapped

__all__ = ["Exploration", "explore", "prepared", "save_page", "show_page"]

PAGE_VARIABLE = "VAECOURSE_PAGE_EXPLORERS"


def explore(
    model: ImageModel | Mapping[str, ImageModel], images, starts=16, seed: int = 0, *, level: int = 1, task: str = ""
):
    """Sliders for the units of a model's codes, beside the picture that the decoder draws.

    If the environment variable ``VAECOURSE_PAGE_EXPLORERS`` is set, as in the build of the book, the result is the
    explorer that needs no kernel: the model runs in the reader's browser. :func:`vaecourse.explorers.show_page` shows
    it in a notebook.

    Parameters
    ----------
    model : Autoencoder, VAE, PHVAE, HDVAE or SpatialHDVAE, or dict of name -> model
        If there are several models of the same images, the reader chooses one; the start image stays.
    images : Split, or pictures
        Images to start from, and to measure the units on. Or your own pictures: a path, a PIL image, an array of any
        size, or a list of these. They are prepared as the model's images were, and a line says how
        (:func:`vaecourse.explorers.prepared`); the units are then measured on images that the model draws.
    starts : int, sequence of int, or pictures
        Number of images to start from, drawn from the split with ``seed``, the one that the models reconstruct best
        before the others; their indices in the split; or your own pictures, while the units are measured on the split.
    seed : int
        Seed of the choice of images.
    level : int
        Level at which the explorer opens, 1 nearest to the image. Of several models, those with fewer levels open at
        their highest.
    task : str
        What to try, above the controls: plain text, one sentence or two.

    Returns
    -------
    an ipywidgets box, or IPython's HTML
        A notebook shows it if it is the last expression of a cell.

    Raises
    ------
    TypeError, ValueError, IndexError
        The errors of :class:`vaecourse.explorers.Exploration`, and of :func:`vaecourse.explorers.prepared`.
    """
    explorations = _explorations(model, images, starts, seed, level)
    if os.environ.get(PAGE_VARIABLE):
        from IPython.display import HTML

        from vaecourse.explorers.page.export import html

        return HTML(html(explorations, task, level))
    from vaecourse.explorers.widgets import Explorer

    return Explorer(explorations, task, level)


def save_page(
    path: str | Path,
    model: ImageModel | Mapping[str, ImageModel],
    images,
    starts=16,
    seed: int = 0,
    *,
    level: int = 1,
    task: str = "",
) -> None:
    """Write an explorer as one HTML file that needs no kernel, no network and no other file.

    Models of digits have a pad to draw on.

    Parameters
    ----------
    path : path
        Path of the file, for instance ``"explorer.html"``.
    model, images, starts, seed, level, task
        As for :func:`vaecourse.explore`.

    Raises
    ------
    TypeError, ValueError, IndexError
        The errors of :func:`vaecourse.explore`; TypeError also if the page does not support a layer of the model.
    """
    from vaecourse.explorers.page import standalone

    standalone.write(Path(path), _explorations(model, images, starts, seed, level), task, level)


def show_page(
    model: ImageModel | Mapping[str, ImageModel],
    images,
    starts=16,
    seed: int = 0,
    height: int = 900,
    *,
    level: int = 1,
    task: str = "",
):
    """Show the explorer of :func:`save_page` in a notebook: drawing needs no kernel, and no host is asked.

    The page is in a frame, so that it works in Jupyter and on Colab alike.

    Parameters
    ----------
    model, images, starts, seed, level, task
        As for :func:`vaecourse.explore`.
    height : int
        Height of the frame, in screen pixels.

    Returns
    -------
    IPython's HTML

    Raises
    ------
    TypeError, ValueError, IndexError
        The errors of :func:`save_page`.
    """
    from vaecourse.explorers.page import standalone

    return standalone.frame(_explorations(model, images, starts, seed, level), height, task, level)


def _explorations(model, images, starts, seed: int, level: int) -> dict[str, Exploration]:
    models = model if isinstance(model, Mapping) else {type(unwrapped(model)).__name__: model}
    if not models:
        raise ValueError("there is no model to explore: the dict is empty")
    pictures = as_pictures(images if not isinstance(images, Split) else starts)
    explorations, told = {}, {}
    for name, one in models.items():
        split, chosen, names = images, starts, None
        try:
            if pictures is not None:
                one = unwrapped(one)
                check_model(one)
                reference = images if isinstance(images, Split) else None
                split, chosen, lines = reference_with(one, reference, pictures, seed)
                names = [f"picture {number}" for number in range(1, len(pictures) + 1)]
                told |= dict.fromkeys(lines)
            explorations[str(name)] = Exploration(one, split, chosen, seed, names)
        except (TypeError, ValueError) as error:
            if len(models) == 1:
                raise
            raise type(error)(f"{name}: {error}") from error
    found = explorations.values()
    check_level(level, max(len(one.levels) for one in found))
    if isinstance(starts, int) and pictures is None:
        best = sum(map(_errors, found)).argmin().item()
        for one in found:
            one.begin_with(best)
    print("\n".join(told), end="\n" if told else "")
    return explorations


def _errors(exploration: Exploration) -> Tensor:
    """Squared errors (N,) of the reconstructions of the images to start from, as shares of their sums of squares."""
    codes = zip(*(exploration.start(index)[0] for index in range(len(exploration.images))), strict=True)
    pictures = exploration.decode([torch.stack(level) for level in codes])
    squares = exploration.images.square().flatten(1).sum(1)
    return (pictures - exploration.images).square().flatten(1).sum(1) / squares.clamp(min=1e-6)
