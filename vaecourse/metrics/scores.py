"""What a score of disentanglement returns: the number, the matrix behind it and how it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Score:
    """One number, and what it was computed from.

    Parameters
    ----------
    name : str
    score : float
        Never NaN.
    matrix : array of shape (d, K)
        What each of d units tells about each of K factors, in the measure that the function names.
    protocol : dict
        The settings that the number depends on: quote them with it.
    """

    name: str
    score: float
    matrix: np.ndarray = field(repr=False)
    protocol: dict

    def plot(self, factors: Sequence[str] | None = None):
        """The matrix as a heat map, factors down and units across: a matplotlib ``Figure``.

        Parameters
        ----------
        factors : sequence of str, optional
            Their names.
        """
        return heat_map(self.matrix, f"{self.name}: {self.score:.3f}", factors)


@dataclass(frozen=True)
class DCI:
    """Disentanglement, completeness and informativeness (Eastwood and Williams, 2018), each from 0 to 1.

    Parameters
    ----------
    disentanglement, completeness : float
        See the functions of these names.
    informativeness : float
        How well the factors are predicted of images that were kept from training, in the mean over the factors.
    training_informativeness : float
        The same of the images that were learned from: much higher means that the learner has learned them by heart.
    importance : array of shape (d, K)
        What each unit contributes to the prediction of each factor.
    protocol : dict
        The learner first of all: the numbers depend on it.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    training_informativeness: float
    importance: np.ndarray = field(repr=False)
    protocol: dict

    def plot(self, factors: Sequence[str] | None = None):
        """The importances as a heat map, factors down and units across: a matplotlib ``Figure``."""
        title = f"DCI: disentanglement {self.disentanglement:.3f}, completeness {self.completeness:.3f}"
        return heat_map(self.importance, title, factors)


def heat_map(matrix: np.ndarray, title: str, factors: Sequence[str] | None = None):
    """A matrix (d, K) of units and factors as a picture, in a matplotlib ``Figure``."""
    from vaecourse.plots.style import panels, style

    units, count = matrix.shape
    if factors is not None and len(factors) != count:
        raise ValueError(f"{len(factors)} names for {count} factors")
    with style():
        figure, axes = panels(height=1.2 + 0.3 * count)
        image = axes.imshow(matrix.T, aspect="auto", cmap="viridis", vmin=0)
        axes.set(title=title, xlabel="unit", ylabel=None if factors else "factor", yticks=range(count))
        axes.set_xticks(range(0, units, 1 + (units - 1) // 20))
        if factors:
            axes.set_yticklabels(factors)
        figure.colorbar(image)
    return figure
