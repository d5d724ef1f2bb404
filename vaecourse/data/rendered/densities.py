"""Named densities in one and two dimensions, for density reconstruction: their draws are images of one row.

A density is truncated to a box by rejection, and the box is scaled to [0, 1].
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split


@dataclass(frozen=True)
class Density:
    """A density truncated to a box.

    Parameters
    ----------
    draw : function (Generator, count) -> array of shape (count, d)
        Independent draws of the density before it is truncated.
    low, high : float
        Ends of the box, the same for each axis.
    """

    draw: Callable[[Generator, int], np.ndarray]
    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """Independent draws of a density.

    Parameters
    ----------
    split : Split of float32 images of shape (N, 1, 1, d), in [0, 1]
        Draws, with the box of the density scaled to [0, 1].
    density : Density
    """

    split: Split
    density: Density

    @property
    def values(self) -> Tensor:
        """The draws in the density's own units, of shape (N, d)."""
        return self.to_values(self.split.images)

    def to_values(self, images: Tensor) -> Tensor:
        """Images (N, 1, 1, d) in [0, 1], of this split or of a model, as values (N, d) in the density's own units."""
        low, high = self.density.low, self.density.high
        return low + (high - low) * images.flatten(1)


def _gaussians(generator: Generator, count: int, weights, means, deviations) -> np.ndarray:
    """Draws of a mixture of Gaussians with means (K, d) and standard deviations (K,), equal along all axes."""
    means = np.asarray(means, dtype=float)
    chosen = generator.choice(len(means), size=count, p=weights)
    return means[chosen] + np.asarray(deviations)[chosen, None] * generator.standard_normal((count, means.shape[1]))


def _mixture(generator: Generator, count: int) -> np.ndarray:
    """Three Gaussians: 0.3 N(−3, 0.3²) + 0.4 N(0, 0.8²) + 0.3 N(2.5, 0.5²)."""
    return _gaussians(generator, count, (0.3, 0.4, 0.3), ((-3,), (0,), (2.5,)), (0.3, 0.8, 0.5))


def _log_normal(generator: Generator, count: int) -> np.ndarray:
    """The exponential of N(0, 0.5²)."""
    return generator.lognormal(0, 0.5, (count, 1))


def _ring_mixture(generator: Generator, count: int) -> np.ndarray:
    """Eight Gaussians of standard deviation 0.2 and equal weight, on a circle of radius 2."""
    angles = 2 * np.pi * np.arange(8) / 8
    return _gaussians(generator, count, np.full(8, 1 / 8), 2 * np.c_[np.cos(angles), np.sin(angles)], np.full(8, 0.2))


def _moons(generator: Generator, count: int) -> np.ndarray:
    """Two interleaving half circles of radius 1, with Gaussian noise of standard deviation 0.1.

    The shape is that of :func:`sklearn.datasets.make_moons`, centred at (0, 0), but the draws are independent.
    """
    angles = generator.uniform(0, np.pi, count)
    upper = np.c_[np.cos(angles) - 0.5, np.sin(angles) - 0.25]
    half = generator.choice((-1, 1), (count, 1))  # the lower moon is the upper one turned by half a circle
    return half * upper + generator.normal(0, 0.1, (count, 2))


DENSITIES = {
    "mixture": Density(_mixture, -5, 5),
    "log_normal": Density(_log_normal, 0, 5),
    "ring_mixture": Density(_ring_mixture, -3, 3),
    "moons": Density(_moons, -2, 2),
}


def sample(name: str, count: int, seed: int = 0) -> Sample:
    """Independent draws of a density; the same for the same seed.

    Parameters
    ----------
    name : "mixture", "log_normal" (both of one dimension), "ring_mixture" or "moons" (both of two)
        A mixture of three Gaussians of different width on [−5, 5]; exp(N(0, 0.5²)) on [0, 5]; eight Gaussians on a
        ring in [−3, 3]²; two half circles in [−2, 2]².
    count : int
    seed : int

    Raises
    ------
    DataError
        If there is no density of this name.
    ValueError
        If ``count`` is below 1.
    """
    if name not in DENSITIES:
        similar = difflib.get_close_matches(str(name), DENSITIES, n=1)
        advice = f"did you mean {similar[0]!r}?" if similar else f"choose one of {', '.join(DENSITIES)}"
        raise DataError(f"there is no density {name!r}: {advice}")
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    density, generator = DENSITIES[name], np.random.default_rng(seed)
    inside = []
    while sum(map(len, inside)) < count:
        drawn = density.draw(generator, count)
        inside.append(drawn[((drawn >= density.low) & (drawn <= density.high)).all(1)])
    values = np.concatenate(inside)[:count]
    scaled = torch.from_numpy((values - density.low) / (density.high - density.low)).float()
    return Sample(Split(scaled[:, None, None]), density)
