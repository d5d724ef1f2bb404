"""SAP: how much better the best single unit predicts a factor than the second best."""

import numpy as np

from vaecourse.metrics.factors import as_classes, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.scores import Score
from vaecourse.metrics.solvers.linear_svm import COST, OneUnitSVMs

# Units are fitted together, as many as hold this many codes, each counted once for every factor.
CODES_AT_ONCE = 1_000_000


def sap(codes, factors, test=None, seed: int = 0) -> Score:
    """Separated attribute predictability (Kumar et al., 2018, section 3.1), from 0 to 1.

    Each factor is predicted from each unit alone by a linear support vector machine, and the score is the difference
    of the two best accuracies on images kept for testing, in the mean over the factors. As in disentanglement_lib:
    scikit-learn's ``LinearSVC(C=0.01, class_weight="balanced")``, one class against the rest. A machine of a single
    unit has two weights only, which are found exactly here, from cumulative sums over sorted codes, for all classes at
    once; LinearSVC finds them roughly and in minutes. Codes are not scaled: of codes much smaller than 1 all accuracies
    are low.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        A factor of one value is not scored.
    test : pair (codes, factors), optional
        Other images, to measure the accuracy on. By default a random fifth of the images is kept for that.
    seed : int
        Of that choice. There is no other chance in the score.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the accuracies; of a factor that is not scored 0. A unit that stands alone is
        compared with one that never changes.

    Raises
    ------
    ValueError
        For codes that are not finite, factors that are not whole numbers, or arrays that do not belong together.
    """
    codes, factors, kept = training_and_test(codes, factors, test, seed)
    scored = varying(factors[~kept])
    if not scored.any():
        raise ValueError("no factor varies over the training images: give more of them")
    classes = as_classes(factors[:, scored])
    units = codes if codes.shape[1] > 1 else np.hstack([codes, np.zeros_like(codes)])
    known, asked = units[~kept].astype(np.float64), units[kept].astype(np.float64)
    machines = OneUnitSVMs(classes[~kept])
    parts = min(units.shape[1], 1 + known.size * classes.shape[1] // CODES_AT_ONCE)
    accuracies = np.concatenate([
        machines.accuracies(machines.fit(known[:, some]), asked[:, some], classes[kept])
        for some in np.array_split(np.arange(units.shape[1]), parts)
    ])  # fmt: skip
    matrix = np.zeros((codes.shape[1], factors.shape[1]))
    matrix[:, scored] = accuracies[: codes.shape[1]]
    second, best = np.sort(accuracies, axis=0)[-2:]
    learner = f'LinearSVC(C={COST}, class_weight="balanced") of each unit, solved exactly'
    protocol = {"learner": learner} | how_tested(kept, test, seed) | which_factors(scored)
    return Score("SAP", float(np.mean(best - second)), matrix, protocol)
