"""Toy faces: drawn faces in colour with eleven independent factors.

A picture is a stack of layers, back to front. A layer has a coverage between 0 and 1 for each pixel, and a colour. The
coverage depends on few factors, so it is drawn once for each of their combinations, at four times the resolution,
averaged for smooth edges, and kept. The coordinates of the drawing go from −1 to 1, x to the right and y down. The
light comes from the upper left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from vaecourse.data.images import Split
from vaecourse.data.rendered import face_shapes as shapes
from vaecourse.data.rendered import hair_and_glasses as hair
from vaecourse.data.rendered.factor_grid import FactorGrid

FACTORS = FactorGrid(
    (
        "skin_tone",
        "hair_colour",
        "hair_length",
        "face_width",
        "eye_size",
        "gaze",
        "mouth_curve",
        "mouth_opening",
        "glasses",
        "background_hue",
        "head_turn",
    ),
    (6, 6, 4, 4, 4, 5, 5, 4, 3, 8, 5),
)
COUNTS = {"train": 20_000, "test": 2_000}
DESCRIPTION = "toy faces drawn by vaecourse, a combination of factors an image"
SEED = 0
FINER = 4
IMAGES_AT_ONCE = 256

SKIN = np.array(
    [(255, 222, 196), (243, 201, 164), (224, 172, 126), (192, 136, 92), (152, 102, 70), (114, 74, 54)], np.float32
)
HAIR = np.array(
    [(44, 36, 40), (86, 56, 42), (142, 84, 48), (200, 104, 50), (232, 194, 120), (178, 178, 188)], np.float32
)
BACKGROUND = np.array(
    [
        (232, 150, 150),
        (236, 184, 132),
        (226, 210, 130),
        (160, 206, 148),
        (134, 204, 196),
        (140, 184, 230),
        (164, 158, 226),
        (218, 154, 210),
    ],
    np.float32,
)
WHITE, DARK, SHADOW = (np.array([colour], np.float32) for colour in ((250, 250, 248), (38, 30, 34), (24, 18, 40)))
SHIRT, IRIS, LIPS, MOUTH = (
    np.array([colour], np.float32) for colour in ((66, 82, 112), (70, 112, 120), (186, 70, 76), (92, 26, 36))
)


@dataclass(frozen=True)
class _Layer:
    """One layer of the picture.

    Parameters
    ----------
    shape : function (x, y, *classes) -> coverage
        Function of :mod:`vaecourse.data.rendered.face_shapes`.
    factors : tuple of str
        Factors that determine the coverage, in the order of its arguments.
    palette : array (classes, 3)
        Colours from 0 to 255, by the class of the factor ``coloured_by``; one colour if that is None.
    coloured_by : str, optional
    """

    shape: Callable
    factors: tuple[str, ...]
    palette: np.ndarray
    coloured_by: str | None = None

    def colours(self, classes: np.ndarray) -> np.ndarray:
        """The colours (N, 3) of this layer in images of these classes (N, 11)."""
        if self.coloured_by is None:
            return self.palette.repeat(len(classes), axis=0)
        return self.palette[classes[:, FACTORS.names.index(self.coloured_by)]]


def _mixed(palette: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * palette + share * other


LAYERS = (
    _Layer(shapes.everywhere, (), BACKGROUND, "background_hue"),
    _Layer(shapes.light_behind, (), WHITE),
    _Layer(
        hair.hair_behind,
        ("hair_length", "face_width", "head_turn"),
        _mixed(HAIR, SHADOW, 0.3),
        "hair_colour",
    ),
    _Layer(shapes.shirt, (), SHIRT),
    _Layer(shapes.neck, (), SKIN, "skin_tone"),
    _Layer(shapes.shadow_of_chin, ("face_width",), _mixed(SKIN * 0.7, LIPS, 0.1), "skin_tone"),
    _Layer(shapes.ears, ("face_width", "head_turn"), _mixed(SKIN * 0.88, LIPS, 0.08), "skin_tone"),
    _Layer(shapes.head, ("face_width",), SKIN, "skin_tone"),
    _Layer(shapes.shade_of_head, ("face_width",), _mixed(SKIN * 0.6, LIPS, 0.15), "skin_tone"),
    _Layer(shapes.cheeks, ("face_width", "head_turn"), _mixed(SKIN, LIPS, 0.4), "skin_tone"),
    _Layer(shapes.nose_shade, ("head_turn",), _mixed(SKIN * 0.66, LIPS, 0.12), "skin_tone"),
    _Layer(shapes.nose_light, ("head_turn",), _mixed(SKIN, WHITE, 0.5), "skin_tone"),
    _Layer(shapes.lips, ("mouth_curve", "mouth_opening", "head_turn"), _mixed(SKIN * 0.7, LIPS, 0.6), "skin_tone"),
    _Layer(shapes.inner_mouth, ("mouth_curve", "mouth_opening", "head_turn"), MOUTH),
    _Layer(shapes.teeth, ("mouth_curve", "mouth_opening", "head_turn"), WHITE),
    _Layer(shapes.eye_rims, ("eye_size", "head_turn"), _mixed(SKIN * 0.35, DARK, 0.5), "skin_tone"),
    _Layer(shapes.eye_whites, ("eye_size", "head_turn"), WHITE),
    _Layer(shapes.irises, ("eye_size", "gaze", "head_turn"), IRIS),
    _Layer(shapes.pupils, ("eye_size", "gaze", "head_turn"), DARK),
    _Layer(shapes.glints, ("eye_size", "gaze", "head_turn"), WHITE),
    _Layer(hair.hair_in_front, ("hair_length", "face_width", "head_turn"), HAIR, "hair_colour"),
    _Layer(
        hair.hair_sheen,
        ("hair_length", "face_width", "head_turn"),
        _mixed(HAIR, WHITE, 0.45),
        "hair_colour",
    ),
    _Layer(shapes.brows, ("eye_size", "head_turn"), HAIR * 0.75, "hair_colour"),
    _Layer(hair.lenses, ("glasses", "head_turn"), WHITE),
    _Layer(hair.frames, ("glasses", "head_turn"), DARK),
)


def render(factors, size: int = 64) -> np.ndarray:
    """The faces with these factors; always the same.

    Parameters
    ----------
    factors : integers of shape (N, 11)
        Classes of the factors of ``FACTORS``, in its order, counted from 0.
    size : int
        Height and width in pixels, from 16 to 256.

    Returns
    -------
    uint8 array of shape (N, 3, size, size)

    Raises
    ------
    TypeError
        If the factors or the size are not integers.
    ValueError
        If the factors are not of shape (N, 11), a factor has no such class, or the size is out of range.
    """
    classes = FACTORS.check(factors)
    if not isinstance(size, int):
        raise TypeError(f"size is a number of pixels, got {size!r}: give an integer")
    if not 16 <= size <= 256:
        raise ValueError(f"size must be from 16 to 256 pixels, got {size}")
    images = np.empty((len(classes), 3, size, size), np.uint8)
    for start in range(0, len(classes), IMAGES_AT_ONCE):
        images[start : start + IMAGES_AT_ONCE] = _painted(classes[start : start + IMAGES_AT_ONCE], size)
    return images


def _painted(classes: np.ndarray, size: int) -> np.ndarray:
    """Images (n, 3, size, size), floats from 0 to 255, rounded."""
    images = torch.zeros(len(classes), 3, size, size)
    for number, layer in enumerate(LAYERS):
        relevant = classes[:, [FACTORS.names.index(name) for name in layer.factors]]
        combinations, which = np.unique(relevant, axis=0, return_inverse=True)
        coverages = np.stack([_coverage(number, size, *combination) for combination in combinations.tolist()])
        touched = coverages.any(0)
        if not touched.any():
            continue
        # Most layers are small, so only the rectangle that they touch is painted.
        vertical, horizontal = (np.flatnonzero(touched.any(axis)) for axis in (1, 0))
        rows, columns = (slice(found[0], found[-1] + 1) for found in (vertical, horizontal))
        weights = coverages[:, rows, columns][which.ravel()]
        colours = torch.from_numpy(layer.colours(classes))
        images[:, :, rows, columns].lerp_(colours[:, :, None, None], torch.from_numpy(weights)[:, None])
    return images.round_().numpy()


@lru_cache(maxsize=4096)
def _coverage(layer: int, size: int, *classes: int) -> np.ndarray:
    """The coverage (size, size) of a layer for the classes of the factors that it depends on."""
    centres = ((np.arange(FINER * size, dtype=np.float32) + 0.5) / (FINER * size)) * 2 - 1
    fine = LAYERS[layer].shape(centres[None, :], centres[:, None], *classes)
    fine = np.broadcast_to(fine, (FINER * size, FINER * size)).astype(np.float32)
    return fine.reshape(size, FINER, size, FINER).mean((1, 3))


def splits() -> dict[str, Split]:
    """The splits ``train`` and ``test``: 20,000 and 2,000 faces of factors drawn uniformly, no two alike."""
    drawn = np.random.default_rng(SEED).choice(len(FACTORS), sum(COUNTS.values()), replace=False)
    classes = FACTORS.classes_of(drawn)
    whole = Split(torch.from_numpy(render(classes)), factors=torch.from_numpy(classes))
    return {"train": whole[: COUNTS["train"]], "test": whole[COUNTS["train"] :]}
