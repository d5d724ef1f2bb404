"""Explorers of latent spaces: the same one as a widget, where there is a kernel, and as a page, where there is none."""

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
    """Explore what the units of a model's codes draw: sliders, with the picture at once.

    Where the environment variable ``VAECOURSE_PAGE_EXPLORERS`` is set, as it is when the book is built, it is the
    explorer that needs no kernel: the decoder runs in the reader's browser.

    Parameters
    ----------
    model : Autoencoder, VAE, PHVAE or HDVAE, or dict of name -> model
        Of several models of the same images, the reader chooses one; the start image stays.
    split : Split
        Images to start from, and to measure the units on.
    starts : int or sequence of int
        How many images of the split one can start from, drawn with ``seed``; or which, by index.
    seed : int

    Returns
    -------
    an ipywidgets box, or IPython's HTML: the last expression of a cell

    Raises
    ------
    TypeError, ValueError, IndexError
        As :class:`vaecourse.explorers.Exploration`.
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
        Where the file goes, for instance ``"explorer.html"``.
    model, split, starts, seed
        As for :func:`explore`.

    Raises
    ------
    TypeError, ValueError, IndexError
        As :class:`vaecourse.explorers.Exploration`; TypeError also for a decoder with layers that the page does not
        know.
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
