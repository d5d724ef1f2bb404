"""SAP: how much better the best single unit predicts a factor than the second best."""

import numpy as np

from vaecourse.metrics.factors import as_classes, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.scores import Score
from vaecourse.metrics.solvers.linear_svm import COST, OneUnitSVMs

# Largest number of codes, times the number of factors, of the units that are fitted together.
CODES_AT_ONCE = 1_000_000


def sap(codes, factors, test=None, seed: int = 0, continuous: bool = False) -> Score:
    """Separated attribute predictability (Kumar et al., 2018, section 3.1), from 0 to 1.

    Each factor is predicted from each unit alone, by default by a linear support vector machine. The score is the
    difference of the two best accuracies on test images, in the mean over the factors. The machine is that of
    disentanglement_lib, scikit-learn's ``LinearSVC(C=0.01, class_weight="balanced")``, one class against the rest. With
    a single unit it has only two weights. They are computed exactly here, from cumulative sums over sorted codes, for
    all classes at once; LinearSVC takes minutes to find an approximation. Codes are not scaled, so accuracies are low
    if codes are much smaller than 1.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        Class of each image in each factor. A constant factor is not scored.
    test : pair (codes, factors), optional
        Test images, on which the accuracy is measured. By default they are a random fifth of the images.
    seed : int
        Seed of the split. Nothing else is random.
    continuous : bool
        Whether factors are ordered quantities, as positions are. Then a unit predicts a factor as well as their squared
        correlation on the training images says, as in disentanglement_lib; the test images are not used.

    Returns
    -------
    Score
        Score whose ``matrix`` (d, K) holds the accuracies, or 0 for a factor that is not scored. A single unit is
        compared with a constant one.

    Raises
    ------
    ValueError
        If codes are not finite, factors are not whole numbers, or the shapes of the arrays do not match.
    """
    codes, factors, kept = training_and_test(codes, factors, test, seed)
    scored = varying(factors[~kept])
    if not scored.any():
        raise ValueError("no factor varies over the training images: give more of them")
    units = codes if codes.shape[1] > 1 else np.hstack([codes, np.zeros_like(codes)])
    if continuous:
        predicted = _squared_correlations(units[~kept], factors[~kept][:, scored])
        learner = "squared correlation of each unit and factor on the training images"
    else:
        predicted = _accuracies(units, as_classes(factors[:, scored]), kept)
        learner = f'LinearSVC(C={COST}, class_weight="balanced") of each unit, solved exactly'
    matrix = np.zeros((codes.shape[1], factors.shape[1]))
    matrix[:, scored] = predicted[: codes.shape[1]]
    second, best = np.sort(predicted, axis=0)[-2:]
    protocol = {"learner": learner} | how_tested(kept, test, seed) | which_factors(scored)
    return Score("SAP", float(np.mean(best - second)), matrix, protocol)


def _accuracies(units: np.ndarray, classes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the accuracy (d, K) on the images kept of a linear classifier of each factor from each unit alone."""
    known, asked = units[~kept].astype(np.float64), units[kept].astype(np.float64)
    machines = OneUnitSVMs(classes[~kept])
    parts = min(units.shape[1], 1 + known.size * classes.shape[1] // CODES_AT_ONCE)
    return np.concatenate([
        machines.accuracies(machines.fit(known[:, some]), asked[:, some], classes[kept])
        for some in np.array_split(np.arange(units.shape[1]), parts)
    ])  # fmt: skip


def _squared_correlations(units: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return the squared correlation (d, K) of each unit and factor, 0 for a unit that is constant."""
    centred = [values - values.mean(0) for values in (units.astype(np.float64), factors.astype(np.float64))]
    lengths = [np.linalg.norm(values, axis=0) for values in centred]
    products = centred[0].T @ centred[1] / np.where(lengths[0] > 0, lengths[0], np.inf)[:, None] / lengths[1]
    return np.where(varying(units)[:, None], products**2, 0.0)
