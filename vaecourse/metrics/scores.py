"""What a score of disentanglement returns: the number, the matrix behind it and how it was measured."""

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
