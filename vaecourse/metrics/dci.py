"""DCI: disentanglement, completeness and informativeness from the importance of units for factors."""

import numpy as np

from vaecourse.metrics.factors import as_array, as_classes, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.learners import LEARNERS, beside_the_reference
from vaecourse.metrics.scores import DCI


def dci(codes, factors, learner: str = "boosted_trees", test=None, seed: int = 0) -> DCI:
    """Disentanglement, completeness and informativeness (Eastwood and Williams, 2018, section 2).

    A learner predicts each factor from all units, and gives the importance of each unit for it. The score depends
    strongly on the learner: compare scores of the same learner only.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        Class of each image in each factor. A constant factor is not scored, and its column of importances is 0.
    learner : str
        Name of the learner. ``"gradient_boosting"`` is the protocol of disentanglement_lib, scikit-learn's
        GradientBoostingClassifier with its defaults, and takes minutes. ``"boosted_trees"`` grows the same trees on
        histograms of the codes, and takes seconds: its scores differ a little, and the protocol says by how much.
        ``"random_forest"`` gives units of noise a large share. ``"lasso"`` treats class numbers as amounts, and
        reports R² (at least 0) as accuracy.
    test : pair (codes, factors), optional
        Test images, on which the informativeness is measured. By default they are a random fifth of the images, and
        the importances come from a fit to the others.
    seed : int
        Seed of the split and of the learner.

    Returns
    -------
    DCI

    Raises
    ------
    ValueError
        If codes are not finite, factors are not whole numbers, the shapes of the arrays do not match, or the learner is
        unknown.
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
        # Importances are divided by their sum, so that every factor has the same weight.
        importance[:, j] = weights / (weights.sum() or 1)
        accuracies.append(accuracy)
    training, tested = np.mean(accuracies, axis=0)
    protocol = (
        {"learner": learner} | beside_the_reference(learner) | how_tested(kept, test, seed) | which_factors(scored)
    )
    return DCI(
        disentanglement(importance[:, scored]),
        completeness(importance[:, scored]),
        float(tested),
        float(training),
        importance,
        protocol,
    )


def disentanglement(importance) -> float:
    """Return how far each unit is important for one factor only, from 0 to 1, for an importance matrix.

    It is the mean of 1 − H over *units*, weighted by their shares of all importance. H is the entropy of a unit's row,
    to the base of the number of factors.

    Parameters
    ----------
    importance : array or Tensor of shape (d, K)
        Importance of each unit (row) for each factor (column), not negative. If all of it is 0 the score is 0. With a
        single factor the score is 1, because there is no other factor to mix it with.

    Raises
    ------
    ValueError
        If ``importance`` is not a matrix of finite numbers ≥ 0.
    """
    rows = _checked(importance)
    return float(_concentration(rows) @ rows.sum(1) / (rows.sum() or 1))


def completeness(importance) -> float:
    """Return how far each factor is encoded by one unit only, from 0 to 1, for an importance matrix.

    It is the mean of 1 − H over *factors*, weighted by their shares of all importance. H is the entropy of a factor's
    column, to the base of the number of units. Parameters and errors are those of :func:`disentanglement`.
    """
    return disentanglement(_checked(importance).T)


def _checked(importance) -> np.ndarray:
    values = as_array(importance).astype(np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"importance must have shape (units, factors), got {values.shape}")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("importance must be finite and not negative")
    return values / (values.max() or 1)


def _concentration(rows: np.ndarray) -> np.ndarray:
    """Return 1 − H / log(columns) of each row: 1 if one column holds all of it, 0 if it is even or the row is 0."""
    total, columns = rows.sum(1, keepdims=True), rows.shape[1]
    shares = np.divide(rows, total, out=np.full_like(rows, 1 / columns), where=total > 0)
    entropy = -np.sum(shares * np.log(np.where(shares > 0, shares, 1)), axis=1)
    return np.where(total[:, 0] > 0, 1 - entropy / (np.log(columns) or 1), 0)
