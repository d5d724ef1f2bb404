"""Rows of pictures, with labels at the left and titles above, from which most figures of the course are made."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from torch import Tensor

from vaecourse.data import Split
from vaecourse.plots.style import DOTS_PER_INCH, WIDTH, NotebookFigure

GAP = 0.06  # between pictures, in picture widths
LARGEST = 1.1  # inches: the width of a picture where there is room
CHARACTER = 0.068  # inches: the width of a character of a label
SPACE = 0.1  # inches: between a label and its row
LINE = 0.16  # inches: the height of a line of a title
FONT_SIZE = 8


@dataclass
class Row:
    """Pictures (n, C, H, W) side by side, the text at their left, and a title above each; NaN leaves a place empty."""

    pictures: Tensor
    label: str = ""
    titles: Sequence[str] = ()


def draw(rows: Sequence[Row], columns: int) -> NotebookFigure:
    """A figure with one axes, in which every picture is an ``AxesImage``, row by row."""
    height, width = rows[0].pictures.shape[2:]
    ratio = height / width
    longest = max(len(line) for row in rows for line in row.label.split("\n"))
    margin = CHARACTER * longest + SPACE if longest else 0
    cell = min((WIDTH - margin) / columns, LARGEST)
    title_lines = [max((title.count("\n") + 1 for title in row.titles if title), default=0) for row in rows]
    heights = [cell * (ratio * (1 - GAP) + GAP) + LINE * lines for lines in title_lines]
    size = (margin + cell * columns, sum(heights))
    figure = NotebookFigure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0))
    axes.axis("off")
    top = 0.0
    side = cell * (1 - GAP)
    # Pixels enlarged twofold or more are not interpolated, because figures about blur must not add blur.
    interpolation = "nearest" if side * DOTS_PER_INCH >= 2 * width else "antialiased"
    for row, lines, row_height in zip(rows, title_lines, heights, strict=True):
        top += LINE * lines
        for column, picture in enumerate(row.pictures):
            left = margin + column * cell
            if picture.isnan().all():
                continue
            show_picture(axes, picture, (left, left + side, top + side * ratio, top), interpolation)
            if column < len(row.titles):
                axes.text(left + side / 2, top - 0.03, row.titles[column], ha="center", va="bottom", fontsize=FONT_SIZE)
        axes.text(margin - SPACE, top + side * ratio / 2, row.label, ha="right", va="center", fontsize=FONT_SIZE)
        top += row_height - LINE * lines
    return figure


def show_picture(
    axes: Axes, picture: Tensor, extent: tuple[float, float, float, float], interpolation: str = "antialiased"
) -> AxesImage:
    """Draw a picture (C, H, W) at extent (left, right, bottom, top), grey from black to white or in colour."""
    settings = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": interpolation}
    return axes.imshow(pixels(picture), extent=extent, aspect="auto", **settings)


def pixels(picture: Tensor) -> np.ndarray:
    """A picture (C, H, W) as an array for matplotlib: (H, W) if grey, (H, W, 3) if in colour."""
    return picture[0].numpy() if len(picture) == 1 else picture.permute(1, 2, 0).numpy()


def as_pictures(images) -> Tensor:
    """Images (N, C, H, W), uint8 or floats, as floats in [0, 1] on the CPU; floats are clipped to that range.

    Raises
    ------
    ValueError
        If the shape is not (N, C, H, W) with at least one image of 1 or 3 channels.
    """
    images = torch.as_tensor(images).detach().cpu()
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ValueError(f"images to show must have shape (N, 1 or 3, H, W) with N ≥ 1, got {tuple(images.shape)}")
    return images.float() / 255 if images.dtype == torch.uint8 else images.float().clamp(0, 1)


def index_within(split: Split, index: int) -> int:
    """Return the index, or raise IndexError if the split has no such image."""
    if not -len(split) <= index < len(split):
        raise IndexError(f"image {index} is outside the split of {len(split)} images")
    return index
