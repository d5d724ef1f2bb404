"""R² of factors predicted from codes: the published version, and a version on held-out images."""

from collections.abc import Collection, Mapping

import numpy as np

from vaecourse.metrics.factors import checked, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.scores import Score

# Candidates for the strength of the ridge penalty, for codes of variance 1.
PENALTIES = np.logspace(-3, 4, 8)


def max_r2(codes, factors) -> Score:
    """R² as in published comparisons: of a linear fit of each factor to its best single unit, on the images fitted.

    It is the squared correlation of each factor and its best unit, in the mean over the factors. It measures
    completeness rather than information: rotated codes hold the same information and score less. It also treats class
    numbers as amounts, which is meaningless for a factor such as shape, and cuts the circle of an angle at an arbitrary
    place. It is provided for comparison only; use :func:`r2` otherwise.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        Class of each image in each factor. A constant factor is not scored.

    Returns
    -------
    Score
        Score whose ``matrix`` (d, K) holds the squared correlations.

    Raises
    ------
    ValueError
        If codes are not finite, factors are not whole numbers, or the shapes of the arrays do not match.
    """
    codes, factors = checked(codes, factors)
    scored = varying(factors)
    squares = (_standard(codes).T @ _standard(factors) / len(codes)) ** 2
    protocol = {"images": len(codes), "fit": "each unit, in-sample"} | which_factors(scored)
    return Score("max R²", float(squares[:, scored].max(0).mean()), squares, protocol)


def r2(
    codes, factors, cyclic: Mapping[int, float] | None = None, categorical: Collection[int] = (), test=None, seed=0
) -> Score:
    """R² of a linear fit of the factors to all units together, on held-out images: at most 1.

    It is 1 − Σ (v − v̂)² / Σ (v − v̄)², in the mean over the factors, where v̄ is the mean of the training images. It is
    negative if the fit is worse than that mean. The fit is a ridge regression whose penalty is chosen within the
    training images, so that there may be more units than images. It measures linear information, not disentanglement:
    rotated codes score the same.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        Class of each image in each factor. A constant factor is not scored.
    cyclic : mapping, optional
        Period, in classes, of each periodic factor, by column: each becomes a pair (sin, cos). For instance,
        orientation in dSprites is the fourth of six columns, and its class 39 is the same as class 0: ``{3: 39}``.
    categorical : collection of int
        Columns of factors without an order, such as shape: each becomes one column of 0 and 1 for each class.
    test : pair (codes, factors), optional
        Test images, on which R² is measured. By default they are a random fifth of the images.
    seed : int
        Seed of the split.

    Returns
    -------
    Score
        Score whose ``matrix`` (d, K) holds the share of each unit: the R² that is lost if the unit is replaced by its
        mean. (The shares do not add up to R² if units are correlated.)

    Raises
    ------
    ValueError
        For the errors of :func:`max_r2`, or if a column does not exist, or is both cyclic and categorical.
    """
    from sklearn.linear_model import RidgeCV

    cyclic = dict(cyclic or {})
    codes, factors, kept = training_and_test(codes, factors, test, seed)
    _check_kinds(cyclic, categorical, factors.shape[1])
    targets = [_as_amounts(values, cyclic.get(j), j in categorical) for j, values in enumerate(factors.T)]
    scored = np.array([varying(target[~kept]).any() and varying(target[kept]).any() for target in targets])
    if not scored.any():
        raise ValueError("no factor varies over both the training and the test images: give more of them")
    mean, spread = codes[~kept].mean(0, dtype=np.float64), codes[~kept].std(0, dtype=np.float64)
    standard = (codes - mean) / np.where(varying(codes[~kept]), spread, np.inf)
    matrix, found = np.zeros((codes.shape[1], len(targets))), np.zeros(len(targets))
    for j in np.flatnonzero(scored):
        known = targets[j][~kept]
        fit = RidgeCV(PENALTIES).fit(standard[~kept], known)
        errors = targets[j][kept] - fit.predict(standard[kept]).reshape(-1, known.shape[1])
        variance = ((targets[j][kept] - known.mean(0)) ** 2).sum()
        found[j] = 1 - (errors**2).sum() / variance
        # Without a unit the squared errors increase by Σ (e + x w)² − Σ e².
        contributed = standard[kept].T @ errors * np.atleast_2d(fit.coef_).T * 2
        squares = (standard[kept] ** 2).sum(0)[:, None] * np.atleast_2d(fit.coef_).T ** 2
        matrix[:, j] = (contributed + squares).sum(1) / variance
    fit = "ridge regression on all units" + (f", cyclic {cyclic}" if cyclic else "")
    fit += f", categorical {sorted(categorical)}" if categorical else ""
    protocol = {"fit": fit} | how_tested(kept, test, seed) | which_factors(scored)
    return Score("R²", float(found[scored].mean()), matrix, protocol)


def _check_kinds(cyclic: Mapping[int, float], categorical: Collection[int], count: int) -> None:
    for column in [*cyclic, *categorical]:
        if column not in range(count):
            raise ValueError(f"there is no factor {column}: the columns are 0 to {count - 1}")
    if set(cyclic) & set(categorical):
        raise ValueError(f"a factor is cyclic or categorical, not both: {sorted(set(cyclic) & set(categorical))}")
    if any(period <= 0 for period in cyclic.values()):
        raise ValueError(f"cyclic gives after how many classes a factor comes round, got {cyclic}")


def _as_amounts(values: np.ndarray, period: float | None, categorical: bool) -> np.ndarray:
    """Return the factor (N,) as columns for a linear fit."""
    if categorical:
        return (values[:, None] == np.unique(values)).astype(np.float64)
    if period is not None:
        angle = 2 * np.pi * values / period
        return np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return values[:, None].astype(np.float64)


def _standard(columns: np.ndarray) -> np.ndarray:
    """Scale columns to mean 0 and variance 1; constant columns become 0."""
    centred = columns - columns.mean(0, dtype=np.float64)
    return centred / np.where(varying(columns), centred.std(0), np.inf)
