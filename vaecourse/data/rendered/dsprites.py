"""dSprites (Matthey et al., 2017), rendered: 737,280 black and white images of six known factors.

The images of the published set are drawings of a square, an ellipse and a heart. Their geometry was measured from
published frames, so they are drawn here, and nothing is downloaded. Order, names, classes and values of the factors
are those of the published file; the last factor varies fastest.

An outline has vertices (u, v), u to the right, v down, in pixels, about a centre (32·posX + 16, 32·posY + 16). It is
scaled, turned counter-clockwise as seen on the screen, moved to its centre, rounded to 1/256 pixel and filled: a pixel
(i, j) is 1 if its centre (i + ½, j + ½) lies inside. A centre that lies on the outline itself counts as inside on a
left or upper side and as outside on a right or lower side, which is the rule of graphics hardware. Rounding makes
that happen in about one image of 250.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from vaecourse.data.images import Split
from vaecourse.data.packed import PackedImages
from vaecourse.data.rendered.factor_grid import FactorGrid

SIDE = 64
FACTORS = FactorGrid(("color", "shape", "scale", "orientation", "posX", "posY"), (1, 3, 6, 40, 32, 32))
FACTOR_VALUES = (
    np.array([1.0]),
    np.array([1.0, 2.0, 3.0]),
    np.linspace(0.5, 1, 6),
    np.linspace(0, 2 * np.pi, 40),
    np.linspace(0, 1, 32),
    np.linspace(0, 1, 32),
)
SHAPES = ("square", "ellipse", "heart")

TEST_COUNT = 10_000
TEST_SEED = 0
SPLITS = f"train is the whole set, test {TEST_COUNT:,} images out of it"

SUBPIXELS = 256
HALF = SUBPIXELS // 2
IMAGES_AT_ONCE = 4096
# PIXELS_FROM[i] is a row of 64 pixels, the first in the highest bit, with the pixels i, i + 1, … set.
PIXELS_FROM = np.array([(1 << SIDE - column) - 1 for column in range(SIDE + 1)], np.uint64)


def render(classes) -> np.ndarray:
    """The images with these factors.

    Parameters
    ----------
    classes : integers of shape (N, 6)
        Classes of color, shape, scale, orientation, posX and posY, counted from 0.

    Returns
    -------
    uint8 array of shape (N, 64, 64), of 0 and 1
        Rows from top to bottom.

    Raises
    ------
    TypeError
        If the classes are not integers.
    ValueError
        If they are not of shape (N, 6), or a factor has no such class.
    """
    return np.unpackbits(render_packed(classes), axis=2)


def render_packed(classes) -> np.ndarray:
    """The same images (N, 64, 8) with eight pixels per byte, packed as by ``numpy.packbits``: 512 bytes per image."""
    classes = FACTORS.check(classes)
    packed = np.empty((len(classes), SIDE, SIDE // 8), np.uint8)
    for start in range(0, len(classes), IMAGES_AT_ONCE):
        some = classes[start : start + IMAGES_AT_ONCE]
        for shape in range(len(SHAPES)):
            chosen = np.flatnonzero(some[:, 1] == shape)
            packed[start + chosen] = _filled(shape, *some[chosen, 2:].T)
    return packed


def splits(packed: np.ndarray | None = None) -> dict[str, Split]:
    """The splits ``train`` and ``test``, with classes as factors and shapes as labels.

    As in the literature on disentanglement, which uses no test set, ``train`` is the whole set: the image at index
    ``FACTORS.index_of(classes)`` has these classes. ``test`` contains 10,000 images of it, always the same, in random
    order; a model trained on ``train`` has seen them.

    Parameters
    ----------
    packed : uint8 array of shape (737280, 64, 8), optional
        All images of the set; they are rendered if not given, which takes seconds.
    """
    classes = FACTORS.classes_of(np.arange(len(FACTORS)))
    packed = render_packed(classes) if packed is None else packed
    factors = torch.from_numpy(classes)
    train = Split(PackedImages(torch.from_numpy(packed[:, None])), labels=factors[:, 1], factors=factors)
    drawn = np.random.default_rng(TEST_SEED).choice(len(train), TEST_COUNT, replace=False)
    return {"train": train, "test": train[torch.from_numpy(drawn)]}


def _outline(shape: int) -> tuple[np.ndarray, np.ndarray]:
    """The vertices (u, v) of a shape at scale 1, in pixels; the last repeats the first."""
    if SHAPES[shape] == "square":
        return 9.6 * np.array([-1, 1, 1, -1, -1]), 9.6 * np.array([-1, -1, 1, 1, -1])
    if SHAPES[shape] == "ellipse":
        t = 2 * np.pi * np.append(np.arange(64), 0) / 64
        return 12.78 * np.cos(t), 7.22 * np.sin(t)
    t = np.linspace(0, 2 * np.pi, 151)
    bend = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return 9.6 * np.sin(t) ** 3, -1.44 - 19.2 / 29 * bend


@cache
def _placed(shape: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the vertices for each (scale, orientation, position, vertex), in 1/256 pixel."""
    u, v = _outline(shape)
    scale, angle, position = FACTOR_VALUES[2][:, None, None, None], FACTOR_VALUES[3][:, None, None], FACTOR_VALUES[4]
    centre = 16 + 32 * position[:, None]
    x = centre + scale * (u * np.cos(angle) + v * np.sin(angle))
    y = centre + scale * (-u * np.sin(angle) + v * np.cos(angle))
    return tuple(np.rint(SUBPIXELS * values).astype(np.int32) for values in (x, y))


@dataclass(frozen=True)
class _Crossings:
    """Crossings of the outline's sides with the centre lines of rows, for one shape.

    The rows that a side crosses do not depend on posX, so they are computed once. ``first`` and ``count`` select the
    crossings of each (scale, orientation, posY) in the other arrays. These hold for each crossing its ``side``, its
    ``row``, the ``height`` of the side, and the distance ``below`` the side's first vertex (above, if the side goes
    up), the last two in 1/256 pixel.
    """

    first: np.ndarray
    count: np.ndarray
    side: np.ndarray
    row: np.ndarray
    height: np.ndarray
    below: np.ndarray


@cache
def _crossings(shape: int) -> _Crossings:
    y = _placed(shape)[1]
    # The centre line of row j is at 256 j + 128. `following` is the first row whose line is not above the vertex.
    following = (y + HALF - 1) // SUBPIXELS
    crossed = np.abs(np.diff(following))
    count = crossed.sum(-1)
    which = np.repeat(np.arange(crossed.size), crossed.ravel())
    nth = np.arange(len(which)) - np.repeat(np.cumsum(crossed) - crossed.ravel(), crossed.ravel())
    row = np.minimum(following[..., :-1], following[..., 1:]).ravel()[which] + nth
    dy = np.diff(y).ravel()[which]
    below = (SUBPIXELS * row + HALF - y[..., :-1].ravel()[which]) * np.sign(dy)
    first = np.cumsum(count).reshape(count.shape) - count
    columns = (which % crossed.shape[-1], row, np.abs(dy), below)
    return _Crossings(first, count, *(column.astype(np.int32) for column in columns))


def _filled(shape: int, scale, orientation, column, row) -> np.ndarray:
    """Images of one shape, filled by the even-odd rule, packed (n, 64, 8). The arithmetic is exact.

    A crossing inverts all pixels of its row whose centres are not left of it.
    """
    x, table = _placed(shape)[0], _crossings(shape)
    entry, count = (scale, orientation, row), table.count[scale, orientation, row]
    end = np.cumsum(count)
    which = np.arange(end[-1] if len(end) else 0) + np.repeat(table.first[entry] - end + count, count)
    height = table.height[which]
    outline = np.ravel_multi_index((scale, orientation, column), x.shape[:3]) * x.shape[3]
    vertex = np.repeat(outline, count) + table.side[which]
    start, following = x.ravel()[vertex], x.ravel()[vertex + 1]
    # The crossing, in pixels from the first centre, is a fraction of integers below 2³¹, so its quotient in double
    # precision is exact enough to be rounded up without error.
    crossing = ((start - HALF) * height + table.below[which] * (following - start)) / (SUBPIXELS * height)
    rows = np.zeros(len(count) * SIDE, np.uint64)
    place = np.repeat(SIDE * np.arange(len(count)), count) + table.row[which]
    np.bitwise_xor.at(rows, place, PIXELS_FROM[np.ceil(crossing).astype(np.intp)])
    return rows.astype(">u8").view(np.uint8).reshape(len(count), SIDE, SIDE // 8)
