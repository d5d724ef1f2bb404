"""Explorers of latent spaces: a widget for a running kernel, and a page that needs no kernel."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from vaecourse.data import Split
from vaecourse.explorers.exploration import Exploration
from vaecourse.models import ImageModel

__all__ = ["Exploration", "explore", "save_page"]

PAGE_VARIABLE = "VAECOURSE_PAGE_EXPLORERS"


def explore(
    model: ImageModel | Mapping[str, ImageModel], split: Split, starts: int | Sequence[int] = 16, seed: int = 0
):
    """Sliders for the units of a model's codes, beside the picture that the decoder draws.

    If the environment variable ``VAECOURSE_PAGE_EXPLORERS`` is set, as in the build of the book, the result is the
    explorer that needs no kernel: the decoder runs in the reader's browser.

    Parameters
    ----------
    model : Autoencoder, VAE, PHVAE, HDVAE or SpatialHDVAE, or dict of name -> model
        If there are several models of the same images, the reader chooses one; the start image stays.
    split : Split
        Images to start from, and to measure the units on.
    starts : int or sequence of int
        Number of images to start from, drawn from the split with ``seed``; or their indices in the split.
    seed : int
        Seed of the choice of images.

    Returns
    -------
    an ipywidgets box, or IPython's HTML
        A notebook shows it if it is the last expression of a cell.

    Raises
    ------
    TypeError, ValueError, IndexError
        The errors of :class:`vaecourse.explorers.Exploration`.
    """
    explorations = _explorations(model, split, starts, seed)
    if os.environ.get(PAGE_VARIABLE):
        from IPython.display import HTML

        from vaecourse.explorers.page.export import html

        return HTML(html(explorations))
    from vaecourse.explorers.widgets import Explorer

    return Explorer(explorations)


def save_page(
    path: str | Path,
    model: ImageModel | Mapping[str, ImageModel],
    split: Split,
    starts: int | Sequence[int] = 16,
    seed: int = 0,
) -> None:
    """Write an explorer as one HTML file that needs no kernel, no network and no other file.

    Parameters
    ----------
    path : path
        Path of the file, for instance ``"explorer.html"``.
    model, split, starts, seed
        As for :func:`vaecourse.explore`.

    Raises
    ------
    TypeError, ValueError, IndexError
        The errors of :class:`vaecourse.explorers.Exploration`; TypeError also if the page does not support a layer of
        the decoder.
    """
    from vaecourse.explorers.page import standalone

    standalone.write(Path(path), _explorations(model, split, starts, seed))


def _explorations(
    model: ImageModel | Mapping[str, ImageModel], split: Split, starts: int | Sequence[int], seed: int
) -> dict[str, Exploration]:
    models = model if isinstance(model, Mapping) else {type(model).__name__: model}
    if not models:
        raise ValueError("there is no model to explore: the dict is empty")
    explorations = {}
    for name, one in models.items():
        try:
            explorations[str(name)] = Exploration(one, split, starts, seed)
        except (TypeError, ValueError) as error:
            if len(models) == 1:
                raise
            raise type(error)(f"{name}: {error}") from error
    return explorations
