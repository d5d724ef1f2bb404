"""Ground truth of the rendered sets: their factors, and functions that render any combination of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from vaecourse.data.images import Split
from vaecourse.data.rendered import dsprites, toy_faces
from vaecourse.data.rendered.factor_grid import FactorGrid


@dataclass(frozen=True)
class GroundTruth:
    """Factors of a rendered set, a function that renders them, and the factors that are not quantities."""

    grid: FactorGrid
    render: Callable[[np.ndarray], np.ndarray]
    cyclic: dict[int, float] = field(default_factory=dict)
    categorical: tuple[int, ...] = ()

    def images(self, factors: np.ndarray) -> Split:
        pixels = torch.from_numpy(self.render(factors))
        return Split(pixels[:, None] * 255 if pixels.ndim == 3 else pixels)


def _column(grid: FactorGrid, name: str) -> int:
    return grid.names.index(name)


GROUND_TRUTH = {
    # Orientations 39 and 0 give the same picture.
    "dsprites": GroundTruth(dsprites.FACTORS, dsprites.render, {3: 39}, (1,)),
    "toy_faces": GroundTruth(
        toy_faces.FACTORS,
        toy_faces.render,
        {_column(toy_faces.FACTORS, "background_hue"): 8},
        tuple(_column(toy_faces.FACTORS, name) for name in ("hair_colour", "glasses")),
    ),
}
