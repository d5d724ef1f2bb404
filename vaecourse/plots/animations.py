"""Animations of what a model learns, epoch by epoch, from the snapshots that training kept."""

import base64
import html
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from vaecourse.files import atomic_path
from vaecourse.metrics import mse, psnr, ssim
from vaecourse.plots.grid import Row, as_pictures, draw
from vaecourse.plots.latent import look_at, scatter
from vaecourse.plots.style import panels, style
from vaecourse.training import Snapshots

__all__ = ["Animation", "latent_space", "reconstructions"]

DOTS_PER_INCH = 100
MOST_FRAMES = 30
FRAME_MILLISECONDS = 400
LAST_FRAME_MILLISECONDS = 2500
SHADES = 16  # of a colour: enough for the figures of the course, and a third of the size of 256


class Animation:
    """An animation that a notebook shows as the value of a cell: its last frame, and the whole on demand.

    Attributes
    ----------
    data : bytes
        The animation, an animated WebP on a transparent ground. ``save(path)`` writes it.
    still : bytes
        The last frame, as WebP.
    description : str
        The alternative text, for readers who do not see it.
    """

    def __init__(self, frames: Sequence[Image.Image], description: str):
        self.description = description
        durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [LAST_FRAME_MILLISECONDS]
        first, *others = frames
        self.data = _webp(first, save_all=True, append_images=others, duration=durations, loop=0)
        self.still = _webp(frames[-1])

    def save(self, path: str | Path) -> None:
        """Write the animation, to a file that should be named ``*.webp``."""
        with atomic_path(path) as unfinished:
            unfinished.write_bytes(self.data)

    def _repr_html_(self) -> str:
        # Nothing moves until a reader opens it, and closing it stops it: no script is needed for that.
        still, moving = (
            f'<img src="data:image/webp;base64,{base64.b64encode(data).decode()}" alt="{html.escape(text)}" '
            'loading="lazy" style="max-width: 100%">'
            for data, text in ((self.still, f"Last frame. {self.description}"), (self.data, self.description))
        )
        return f"{still}<details><summary>Play the animation (close to stop)</summary>{moving}</details>"


def _webp(frame: Image.Image, **settings) -> bytes:
    buffer = BytesIO()
    frame.save(buffer, "WEBP", lossless=True, **settings)
    return buffer.getvalue()


def latent_space(snapshots: Snapshots, labels: Tensor, label_names: Sequence[str] = ()) -> Animation:
    """The codes of a split as points that move while the model learns, on fixed axes.

    Codes of more than two dimensions are shown in the plane of the two principal components of the last snapshot.

    Parameters
    ----------
    snapshots : Snapshots
        Callback that was given to :func:`vaecourse.fit`. At most 30 epochs are shown, evenly spaced.
    labels : integer Tensor of shape (N,)
        Labels of the split that the snapshots encode.
    label_names : texts, optional

    Raises
    ------
    ValueError
        If there are no snapshots, codes have one dimension, or there is not one label per code.
    """
    shown = _chosen(snapshots)
    codes = [snapshots.codes[k].numpy() for k in shown]
    dimensions = codes[-1].shape[1]
    if dimensions < 2:
        raise ValueError("an animation of the latent space needs codes of at least 2 dimensions")
    names, note = ("unit 0", "unit 1"), ""
    if dimensions > 2:
        from sklearn.decomposition import PCA  # here, because the import takes a second

        plane = PCA(2, random_state=0).fit(codes[-1])
        codes = [plane.transform(snapshot) for snapshot in codes]
        names = ("principal component 1", "principal component 2")
        note = f", principal components of the {dimensions}-D codes of epoch {snapshots.epochs[-1]}"
    frames = []
    for position, points in zip(shown, codes, strict=True):
        with style():
            figure, axes = panels(height=4.5, width=4.5)
            scatter(axes, points, labels, label_names)
            look_at(axes, np.concatenate(codes))
            axes.set(xlabel=names[0], ylabel=names[1], title=f"epoch {snapshots.epochs[position]}{note}")
        frames.append(_frame(figure))
    first, last = snapshots.epochs[shown[0]], snapshots.epochs[shown[-1]]
    return Animation(frames, f"Animation: the codes of {len(points)} images from epoch {first} to {last}{note}")


def reconstructions(snapshots: Snapshots, count: int = 8) -> Animation:
    """The first images of a split above their reconstructions while the model learns, each with its scores.

    The scores are MSE, PSNR in decibels and SSIM of the image (see :mod:`vaecourse.metrics`).

    Raises
    ------
    ValueError
        If there are no snapshots, or ``count`` is less than 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    shown = _chosen(snapshots)
    originals = as_pictures(snapshots.split[:count].as_floats())
    frames = []
    for position in shown:
        decoded = as_pictures(snapshots.reconstructions[position][:count])
        scores = zip(*(score(originals, decoded).tolist() for score in (mse, psnr, ssim)), strict=True)
        titles = [
            f"MSE {error:.3f}\nPSNR {decibels:.1f}\nSSIM {similarity:.2f}" for error, decibels, similarity in scores
        ]
        with style():
            rows = [
                Row(originals, "original"),
                Row(decoded, f"reconstruction\nepoch {snapshots.epochs[position]}", titles),
            ]
            figure = draw(rows, len(originals))
        frames.append(_frame(figure))
    first, last = snapshots.epochs[shown[0]], snapshots.epochs[shown[-1]]
    what = f"{len(originals)} images and their reconstructions from epoch {first} to {last}"
    return Animation(frames, f"Animation: {what}, with MSE, PSNR and SSIM of each")


def _chosen(snapshots: Snapshots) -> list[int]:
    """Indices of the snapshots to show: all, or evenly spaced ones that include the first and the last."""
    if not snapshots.epochs:
        raise ValueError("there are no snapshots: give them to fit as callbacks=[snapshots], and train")
    last = len(snapshots.epochs) - 1
    return sorted({round(k) for k in np.linspace(0, last, min(last + 1, MOST_FRAMES))})


def _frame(figure: Figure) -> Image.Image:
    """A figure as a picture on a transparent ground, for light and dark pages."""
    figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    step = 255 / (SHADES - 1)
    # The same rounding in all frames, so that still parts do not flicker.
    return Image.fromarray((np.round(np.asarray(canvas.buffer_rgba()) / step) * step).astype(np.uint8))
