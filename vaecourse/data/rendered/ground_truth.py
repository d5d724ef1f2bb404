"""What is known of the rendered sets: their factors, and how to draw images of any combination of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from vaecourse.data.images import Split
from vaecourse.data.rendered import dsprites, toy_faces
from vaecourse.data.rendered.factor_grid import FactorGrid


@dataclass(frozen=True)
class GroundTruth:
    """Of a rendered set: its factors, how to draw images of them, and which factors are no amounts."""

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
    # Orientation 39 is the same picture as orientation 0.
    "dsprites": GroundTruth(dsprites.FACTORS, dsprites.render, {3: 39}, (1,)),
    "toy_faces": GroundTruth(
        toy_faces.FACTORS,
        toy_faces.render,
        {_column(toy_faces.FACTORS, "background_hue"): 8},
        tuple(_column(toy_faces.FACTORS, name) for name in ("hair_colour", "glasses")),
    ),
}
