"""DCI: disentanglement, completeness and informativeness from the importance of units for factors."""

import numpy as np

from vaecourse.metrics.factors import as_classes, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.learners import LEARNERS
from vaecourse.metrics.scores import DCI


def dci(codes, factors, learner: str = "boosted_trees", test=None, seed: int = 0) -> DCI:
    """Disentanglement, completeness and informativeness (Eastwood and Williams, 2018, section 2).

    A learner predicts each factor from all units, and says how important each unit was for it. The learner is part of
    the score: the same codes give very different numbers with another one.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        A factor of one value is not scored, and its column of importances is 0.
    learner : str
        ``"gradient_boosting"`` is the protocol of disentanglement_lib, scikit-learn's GradientBoostingClassifier with
        its defaults, and takes minutes. ``"boosted_trees"`` grows the same trees on histograms of the codes, and takes
        seconds. ``"random_forest"`` gives units of noise a large share.
        ``"lasso"`` takes the numbers of the classes for amounts, and R² (at least 0) for accuracy.
    test : pair (codes, factors), optional
        Other images, to measure the informativeness on. By default a random fifth of the images is kept for that, and
        importances are those of a fit to the others.
    seed : int
        Of that choice and of the learner.

    Returns
    -------
    DCI

    Raises
    ------
    ValueError
        For codes that are not finite, factors that are not whole numbers, arrays that do not belong together, or a
        learner of another name.
    """
    if learner not in LEARNERS:
        raise ValueError(f"learner must be one of {', '.join(LEARNERS)}, got {learner!r}")
    codes, factors, kept = training_and_test(codes, factors, test, seed)
    scored = varying(factors[~kept])
    if not scored.any():
        raise ValueError("no factor varies over the training images: give more of them")
    classes = as_classes(factors)
    importance, accuracies = np.zeros((codes.shape[1], factors.shape[1])), []
    for j in np.flatnonzero(scored):
        known, truth = classes[~kept, j], classes[kept, j]
        weights, *accuracy = LEARNERS[learner](codes[~kept], known, codes[kept], truth, seed)
        # Shares, so that every factor counts alike.
        importance[:, j] = weights / (weights.sum() or 1)
        accuracies.append(accuracy)
    training, tested = np.mean(accuracies, axis=0)
    protocol = {"learner": learner} | how_tested(kept, test, seed) | which_factors(scored)
    return DCI(
        disentanglement(importance[:, scored]),
        completeness(importance[:, scored]),
        float(tested),
        float(training),
        importance,
        protocol,
    )


def disentanglement(importance) -> float:
    """How far each unit serves one factor only, from 0 to 1, of an importance matrix.

    1 − H of each *unit's* row, the entropy to the base of the number of factors, weighted by the unit's share of all
    importance.

    Parameters
    ----------
    importance : array or Tensor of shape (d, K)
        Of each unit (row) for each factor (column), not negative. Where there is no importance at all the score is 0;
        with a single factor it is 1, as there is no other to be mixed with it.

    Raises
    ------
    ValueError
        If it is not such a matrix.
    """
    rows = _checked(importance)
    return float(_concentration(rows) @ rows.sum(1) / (rows.sum() or 1))


def completeness(importance) -> float:
    """How far each factor is held by one unit only, from 0 to 1, of an importance matrix.

    1 − H of each *factor's* column, the entropy to the base of the number of units, weighted by the factor's share of
    all importance. Parameters and errors are those of :func:`disentanglement`.
    """
    return disentanglement(_checked(importance).T)


def _checked(importance) -> np.ndarray:
    values = importance.detach().cpu() if hasattr(importance, "detach") else importance
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"importance must have shape (units, factors), got {values.shape}")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("importance must be finite and not negative")
    return values / (values.max() or 1)


def _concentration(rows: np.ndarray) -> np.ndarray:
    """1 − H / log(columns) of each row: 1 if all of it is in one column, 0 if it is even, or if there is nothing."""
    total, columns = rows.sum(1, keepdims=True), rows.shape[1]
    shares = np.divide(rows, total, out=np.full_like(rows, 1 / columns), where=total > 0)
    entropy = -np.sum(shares * np.log(np.where(shares > 0, shares, 1)), axis=1)
    return np.where(total[:, 0] > 0, 1 - entropy / (np.log(columns) or 1), 0)
