"""Scores based on the mutual information of single units and factors: MIG and modularity."""

import numpy as np

from vaecourse.metrics.factors import as_classes, checked, varying, which_factors
from vaecourse.metrics.scores import Score


def mig(codes, factors, bins: int = 20) -> Score:
    """Mutual information gap: how much more the best unit tells about a factor than the second best, from 0 to 1.

    It is the mean of (I_1 − I_2) / H(v) over the factors v (Chen et al., 2018, section 4.1). The divisor is the entropy
    H(v) of the factor and not I_1, so that a unit with almost no information does not score high if all others have
    none. Mutual information is estimated from histograms with equal-width bins per unit, as in disentanglement_lib.

    The bias of each I is about (bins − 1)(classes − 1)/(2N) nats, and that of many gaps half as much: use thousands of
    images.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
        Codes, usually posterior means. Samples give a different score.
    factors : integer array or Tensor of shape (N, K)
        Class of each image in each factor. A constant factor is not scored.
    bins : int
        Number of bins of the histogram of each unit.

    Returns
    -------
    Score
        Score whose ``matrix`` (d, K) holds the mutual information in nats. For a single unit I_2 is 0.

    Raises
    ------
    ValueError
        If codes are not finite, factors are not whole numbers or are all constant, the numbers of images differ, or
        there are fewer than 2 bins.
    """
    codes, factors = checked(codes, factors)
    information, scored = mutual_information(codes, factors, bins), varying(factors)
    entropies = np.array([_entropy(np.unique(values, return_counts=True)[1]) for values in factors[:, scored].T])
    best = np.sort(np.vstack([np.zeros_like(information[0]), information]), axis=0)[-2:, scored]
    return Score("MIG", float(np.mean((best[1] - best[0]) / entropies)), information, _protocol(codes, bins, scored))


def modularity(codes, factors, bins: int = 20) -> Score:
    """Modularity: whether each unit informs about one factor only, from 0 to 1 (Ridgeway and Mozer, 2018, section 3).

    It is the mean of 1 − Σ I² / (I_1² (K − 1)) over the units. I_1 is the mutual information of a unit with its best
    factor, and the sum runs over the K − 1 others. Units without information score 0. The values are those of
    disentanglement_lib. The score means little by itself: units of pure noise score 0.67 on the five factors of
    dSprites, because the bias of I is largest for the factor with the most classes.

    Parameters, returned matrix and errors are those of :func:`mig`. With a single factor, each unit that informs about
    it scores 1.
    """
    codes, factors = checked(codes, factors)
    information, scored = mutual_information(codes, factors, bins), varying(factors)
    squares = information[:, scored] ** 2
    best = squares.max(1)
    others = (squares.sum(1) - best) / np.where(best > 0, best, 1) / max(1, squares.shape[1] - 1)
    score = float(np.mean(np.where(best > 0, 1 - others, 0)))
    return Score("modularity", score, information, _protocol(codes, bins, scored))


def mutual_information(codes: np.ndarray, factors: np.ndarray, bins: int) -> np.ndarray:
    """Return the mutual information (d, K) of each binned unit and each factor, in nats, from joint histograms."""
    if bins < 2:
        raise ValueError(f"a histogram needs at least 2 bins, got {bins}")
    count, units = codes.shape
    # The bin of each code, numbered consecutively over all units, so that one count gives all joint histograms.
    places = np.stack([_bin(values, bins) for values in codes.T]) + bins * np.arange(units)[:, None]
    columns = []
    for classes in as_classes(factors).T:
        size = int(classes.max()) + 1
        joint = np.bincount((places * size + classes).ravel(), minlength=units * bins * size) / count
        joint = joint.reshape(units, bins, size)
        independent = joint.sum(2)[:, :, None] * joint.sum(1)[:, None]
        terms = joint * np.log(np.divide(joint, independent, out=np.ones_like(joint), where=joint > 0))
        columns.append(terms.sum((1, 2)))
    information = np.stack(columns, axis=1)
    # Values of the size of rounding errors, such as those of a constant unit or factor, are set to 0.
    return np.where(information > np.finfo(float).eps, information, 0)


def _bin(values: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin, from 0, of each value in ``np.histogram`` of all values."""
    try:
        edges = np.histogram_bin_edges(values, bins)
    except ValueError:
        # The values differ in their last digits only; their differences are exact, and can be binned.
        values = values - values.min()
        edges = np.histogram_bin_edges(values, bins)
    return np.searchsorted(edges[1:-1], values, side="right")


def _entropy(counts: np.ndarray) -> float:
    shares = counts / counts.sum()
    return -float(shares @ np.log(shares))


def _protocol(codes: np.ndarray, bins: int, scored: np.ndarray) -> dict:
    return {"images": len(codes), "bins": bins} | which_factors(scored)
