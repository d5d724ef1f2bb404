"""Scores from the mutual information of single units and factors: MIG and modularity."""

import numpy as np

from vaecourse.metrics.factors import as_classes, checked, varying, which_factors
from vaecourse.metrics.scores import Score


def mig(codes, factors, bins: int = 20) -> Score:
    """Mutual information gap: how much more the best unit tells about a factor than the second best, from 0 to 1.

    (I_1 − I_2) / H(v) of each factor v, in the mean over the factors (Chen et al., 2018, section 4.1). Divided by the
    entropy H(v) of the factor and not by I_1: a unit that knows next to nothing, beside others that know nothing, must
    not score. The mutual information is that of the histograms, in equal bins over the range of each unit, and so of
    the values that disentanglement_lib gives.

    Chance adds about (bins − 1)(classes − 1)/(2N) nats to every I, and half as much to many of the gaps: use thousands
    of images.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
        Posterior means, unless the score of samples is wanted: it is another one.
    factors : integer array or Tensor of shape (N, K)
        The class of each image in each factor. A factor of one value is not scored.
    bins : int
        Of the histogram of each unit.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the mutual information in nats. A unit that stands alone has a gap to 0.

    Raises
    ------
    ValueError
        For codes that are not finite, factors that are not whole numbers or never vary, another number of factors than
        of codes, or fewer than 2 bins.
    """
    codes, factors = checked(codes, factors)
    information, scored = mutual_information(codes, factors, bins), varying(factors)
    entropies = np.array([_entropy(np.unique(values, return_counts=True)[1]) for values in factors[:, scored].T])
    best = np.sort(np.vstack([np.zeros_like(information[0]), information]), axis=0)[-2:, scored]
    return Score("MIG", float(np.mean((best[1] - best[0]) / entropies)), information, _protocol(codes, bins, scored))


def modularity(codes, factors, bins: int = 20) -> Score:
    """Modularity: whether each unit tells about one factor only, from 0 to 1 (Ridgeway and Mozer, 2018, section 3).

    1 − Σ I² / (I_1² (K − 1)) of each unit, with the sum over the K − 1 factors other than its best, whose mutual
    information with it is I_1; in the mean over the units. Units that tell nothing score 0. The values are those of
    disentanglement_lib. It says nothing by itself: units of pure noise score 0.67 on the five factors of dSprites, as
    chance tells them most about the factor of the most classes.

    Parameters, returned matrix and errors are those of :func:`mig`. Of a single factor nothing can be mixed with it,
    and each unit that tells about it scores 1.
    """
    codes, factors = checked(codes, factors)
    information, scored = mutual_information(codes, factors, bins), varying(factors)
    squares = information[:, scored] ** 2
    best = squares.max(1)
    others = (squares.sum(1) - best) / np.where(best > 0, best, 1) / max(1, squares.shape[1] - 1)
    score = float(np.mean(np.where(best > 0, 1 - others, 0)))
    return Score("modularity", score, information, _protocol(codes, bins, scored))


def mutual_information(codes: np.ndarray, factors: np.ndarray, bins: int) -> np.ndarray:
    """I (d, K) in nats of each unit, in bins, and each factor, from their joint histograms."""
    if bins < 2:
        raise ValueError(f"a histogram needs at least 2 bins, got {bins}")
    count, units = codes.shape
    # Which of the units' bins each code is in, numbered through all units: all joint histograms are then one count.
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
    # Rounding alone, of a constant unit or factor, is no information.
    return np.where(information > np.finfo(float).eps, information, 0)


def _bin(values: np.ndarray, bins: int) -> np.ndarray:
    """The bin, from 0, of each value in ``np.histogram`` of all."""
    try:
        edges = np.histogram_bin_edges(values, bins)
    except ValueError:
        # The values differ in their last digits only: their differences, which are exact, can be told apart.
        values = values - values.min()
        edges = np.histogram_bin_edges(values, bins)
    return np.searchsorted(edges[1:-1], values, side="right")


def _entropy(counts: np.ndarray) -> float:
    shares = counts / counts.sum()
    return -float(shares @ np.log(shares))


def _protocol(codes: np.ndarray, bins: int, scored: np.ndarray) -> dict:
    return {"images": len(codes), "bins": bins} | which_factors(scored)
