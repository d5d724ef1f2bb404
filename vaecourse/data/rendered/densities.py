"""Named densities in one and two dimensions, for density reconstruction: their draws are images of one row.

A density is truncated to a box by rejection, and the box is scaled to [0, 1].
"""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split

CELLS = 40_000  # of the grid on which a density is integrated: 200 along each of two axes
MOON_NODES = 100


@dataclass(frozen=True)
class Density:
    """A density truncated to a box.

    Parameters
    ----------
    draw : function (Generator, count) -> array of shape (count, d)
        Independent draws of the density before it is truncated.
    low, high : float
        Ends of the box, the same for each axis.
    untruncated : function: array of shape (N, d) -> array of shape (N,)
        The density itself before it is truncated.
    """

    draw: Callable[[Generator, int], np.ndarray]
    low: float
    high: float
    untruncated: Callable[[np.ndarray], np.ndarray]

    @cached_property
    def _on_grid(self) -> tuple[np.ndarray, float]:
        """The density before it is truncated, at the centres of small cells that fill the box, and a cell's volume."""
        dimension = self.draw(np.random.default_rng(0), 1).shape[1]
        cells = round(CELLS ** (1 / dimension))
        axis = self.low + (self.high - self.low) * (np.arange(cells) + 0.5) / cells
        centres = np.stack(np.meshgrid(*[axis] * dimension), axis=-1).reshape(-1, dimension)
        return self.untruncated(centres), ((self.high - self.low) / cells) ** dimension

    @cached_property
    def inside(self) -> float:
        """The probability that a draw lies in the box before the density is truncated."""
        values, volume = self._on_grid
        return float(values.sum() * volume)

    @cached_property
    def entropy(self) -> float:
        """−∫ p log p over the box, in nats and in the density's own units; by the midpoint rule on a fine grid."""
        values, volume = self._on_grid
        return float(torch.special.entr(torch.from_numpy(values / self.inside)).sum() * volume)

    def log_prob(self, values) -> Tensor:
        """The logarithm of the truncated density at values (N, d): float64 (N,), −∞ outside the box."""
        values = np.asarray(values, dtype=float)
        inside = ((values >= self.low) & (values <= self.high)).all(1)
        with np.errstate(divide="ignore"):
            return torch.from_numpy(np.log(np.where(inside, self.untruncated(values), 0) / self.inside))


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


def _draw_gaussians(generator: Generator, count: int, weights, means, deviations) -> np.ndarray:
    """Draws of a mixture of Gaussians with means (K, d) and standard deviations (K,), equal along all axes."""
    means = np.asarray(means, dtype=float)
    chosen = generator.choice(len(means), size=count, p=weights)
    return means[chosen] + np.asarray(deviations)[chosen, None] * generator.standard_normal((count, means.shape[1]))


def _gaussians(values: np.ndarray, weights, means, deviations) -> np.ndarray:
    """The density of that mixture at values (N, d)."""
    means, variances = np.asarray(means, dtype=float), np.square(deviations)
    total = np.zeros(len(values))
    for weight, mean, variance in zip(weights, means, variances, strict=True):
        squared = ((values - mean) ** 2).sum(1)
        total += weight * np.exp(-squared / (2 * variance)) / (2 * np.pi * variance) ** (len(mean) / 2)
    return total


THREE = ((0.3, 0.4, 0.3), ((-3,), (0,), (2.5,)), (0.3, 0.8, 0.5))
EIGHTHS = 2 * np.pi * np.arange(8) / 8
RING = (np.full(8, 1 / 8), 2 * np.c_[np.cos(EIGHTHS), np.sin(EIGHTHS)], np.full(8, 0.2))


def _draw_mixture(generator: Generator, count: int) -> np.ndarray:
    """Three Gaussians: 0.3 N(−3, 0.3²) + 0.4 N(0, 0.8²) + 0.3 N(2.5, 0.5²)."""
    return _draw_gaussians(generator, count, *THREE)


def _mixture(values: np.ndarray) -> np.ndarray:
    return _gaussians(values, *THREE)


def _draw_log_normal(generator: Generator, count: int) -> np.ndarray:
    """The exponential of N(0, 0.5²)."""
    return generator.lognormal(0, 0.5, (count, 1))


def _log_normal(values: np.ndarray) -> np.ndarray:
    positive = np.maximum(values[:, 0], np.finfo(float).tiny)
    return np.exp(-2 * np.log(positive) ** 2) / (positive * 0.5 * math.sqrt(2 * np.pi))


def _draw_ring_mixture(generator: Generator, count: int) -> np.ndarray:
    """Eight Gaussians of standard deviation 0.2 and equal weight, on a circle of radius 2."""
    return _draw_gaussians(generator, count, *RING)


def _ring_mixture(values: np.ndarray) -> np.ndarray:
    return _gaussians(values, *RING)


def _upper_moon(angles: np.ndarray) -> np.ndarray:
    return np.c_[np.cos(angles) - 0.5, np.sin(angles) - 0.25]


def _draw_moons(generator: Generator, count: int) -> np.ndarray:
    """Two interleaving half circles of radius 1, with Gaussian noise of standard deviation 0.1.

    The shape is that of :func:`sklearn.datasets.make_moons`, centred at (0, 0), but the draws are independent.
    """
    upper = _upper_moon(generator.uniform(0, np.pi, count))
    half = generator.choice((-1, 1), (count, 1))  # the lower moon is the upper one turned by half a circle
    return half * upper + generator.normal(0, 0.1, (count, 2))


def _moons(values: np.ndarray) -> np.ndarray:
    """The integral over the angle by Gauss–Legendre quadrature: exact to ten digits with so many nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(MOON_NODES)
    upper = _upper_moon(np.pi * (nodes + 1) / 2)
    return _gaussians(values, np.tile(weights / 4, 2), np.concatenate([upper, -upper]), np.full(2 * MOON_NODES, 0.1))


DENSITIES = {
    "mixture": Density(_draw_mixture, -5, 5, _mixture),
    "log_normal": Density(_draw_log_normal, 0, 5, _log_normal),
    "ring_mixture": Density(_draw_ring_mixture, -3, 3, _ring_mixture),
    "moons": Density(_draw_moons, -2, 2, _moons),
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
