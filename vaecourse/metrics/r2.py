"""R² of factors from codes: as it was published, and as it can be trusted."""

from collections.abc import Collection, Mapping

import numpy as np

from vaecourse.metrics.factors import checked, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.scores import Score

# Strengths of the ridge penalty to choose from, for codes of variance 1.
PENALTIES = np.logspace(-3, 4, 8)


def max_r2(codes, factors) -> Score:
    """R² as published comparisons print it: of a factor on the best single unit, linear, on the images fitted.

    The squared correlation of unit and factor, at the best unit of each factor, in the mean over the factors. It is a
    measure of completeness rather than of information: codes that are rotated tell as much and score less. And it takes
    the numbers of the classes for amounts, which means nothing for a factor such as shape, and for an angle breaks the
    circle at an arbitrary place. It is here to be compared with; :func:`r2` is the sound one.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        A factor of one value is not scored.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the squared correlations.

    Raises
    ------
    ValueError
        For codes that are not finite, factors that are not whole numbers, or arrays that do not belong together.
    """
    codes, factors = checked(codes, factors)
    scored = varying(factors)
    squares = (_standard(codes).T @ _standard(factors) / len(codes)) ** 2
    protocol = {"images": len(codes), "fit": "each unit, in-sample"} | which_factors(scored)
    return Score("max R²", float(squares[:, scored].max(0).mean()), squares, protocol)


def r2(
    codes, factors, cyclic: Mapping[int, float] | None = None, categorical: Collection[int] = (), test=None, seed=0
) -> Score:
    """R² of the factors on all units together, linear, on images that were kept from the fit: at most 1.

    1 − Σ (v − v̂)² / Σ (v − v̄)², in the mean over the factors; v̄ is the mean of the training images. It is below 0
    where the fit is worse than that mean. The fit is a ridge regression whose penalty is chosen within the training
    images, so that more units than images do no harm. It asks how much the codes tell linearly, and not whether
    they are disentangled: rotated codes score the same.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        A factor of one value is not scored.
    cyclic : mapping, optional
        Factors (by column) that come round, and after how many classes: each becomes a pair (sin, cos).
        Orientation in dSprites is the fourth of six columns, and its class 39 the same as class 0: ``{3: 39}``.
    categorical : collection of int
        Factors without an order, such as shape: each becomes one column of 0 and 1 for each class.
    test : pair (codes, factors), optional
        Other images, to measure on. By default a random fifth of the images is kept for that.
    seed : int
        Of that choice.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the share of each unit: the R² that is lost if the unit is replaced by its mean.
        (The shares do not add up to R² where units are correlated.)

    Raises
    ------
    ValueError
        As :func:`max_r2`, and for columns that are not there, or both cyclic and categorical.
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
        # Without a unit the errors are larger by what it had contributed: Σ (e + x w)² − Σ e².
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
    """The factor (N,) as columns that a line can be fitted to."""
    if categorical:
        return (values[:, None] == np.unique(values)).astype(np.float64)
    if period is not None:
        angle = 2 * np.pi * values / period
        return np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return values[:, None].astype(np.float64)


def _standard(columns: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1; those that never change become 0."""
    centred = columns - columns.mean(0, dtype=np.float64)
    return centred / np.where(varying(columns), centred.std(0), np.inf)
