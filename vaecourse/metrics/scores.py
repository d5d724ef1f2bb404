"""The results of scores of disentanglement: the number, the matrix that it comes from and the protocol."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Score:
    """A score, with its matrix and protocol.

    Parameters
    ----------
    name : str
        Name of the score.
    score : float
        Value of the score, never NaN.
    matrix : array of shape (d, K)
        Relation of each of d units to each of K factors, in the measure that the function documents.
    protocol : dict
        Settings that the score depends on: quote them with it.
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
        Scores of the functions of these names.
    informativeness : float
        Accuracy of the predicted factors on test images, in the mean over the factors.
    training_informativeness : float
        Accuracy on the training images. If it is much higher, the learner has overfitted.
    importance : array of shape (d, K)
        Contribution of each unit to the prediction of each factor.
    protocol : dict
        Settings that the scores depend on, the learner first.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    training_informativeness: float
    importance: np.ndarray = field(repr=False)
    protocol: dict
