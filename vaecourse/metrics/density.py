"""Distances between two samples of real values: how well a density was learned."""

import numpy as np

from vaecourse.metrics.factors import as_array


def wasserstein(first, second, directions: int = 200, seed: int = 0) -> float:
    """Return the Wasserstein-1 distance of two samples, in the units of their values.

    In one dimension it is ``∫ |F(x) − G(x)| dx`` with the two distribution functions F and G. In more dimensions it is
    the sliced distance: the mean distance of the projections onto random directions (Bonneel et al., 2015). That is
    smaller than the distance itself: for a shift in two dimensions it is 2/π of the length of the shift.

    Parameters
    ----------
    first, second : arrays or Tensors of shape (N, d) and (M, d), or (N,) and (M,)
    directions : int
        Number of directions that are averaged if d > 1.
    seed : int
        Seed of the directions.

    Raises
    ------
    ValueError
        If the samples are empty, not finite or of different dimension, or ``directions`` is below 1.
    """
    from scipy.stats import wasserstein_distance

    first, second = _samples(first, second)
    if first.shape[1] == 1:
        return float(wasserstein_distance(first[:, 0], second[:, 0]))
    if directions < 1:
        raise ValueError(f"directions must be at least 1, got {directions}")
    towards = np.random.default_rng(seed).standard_normal((directions, first.shape[1]))
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    pairs = zip(towards @ first.T, towards @ second.T, strict=True)
    return float(np.mean([wasserstein_distance(*projections) for projections in pairs]))


def kolmogorov_smirnov(first, second) -> float:
    """Return the Kolmogorov–Smirnov distance: the largest difference of two distribution functions, from 0 to 1.

    In more than one dimension it is the largest distance over the axes. It compares the marginals only, not the
    dependence of the axes.

    Parameters
    ----------
    first, second : arrays or Tensors of shape (N, d) and (M, d), or (N,) and (M,)

    Raises
    ------
    ValueError
        If the samples are empty, not finite or of different dimension.
    """
    from scipy.stats import ks_2samp

    first, second = _samples(first, second)
    # Only the statistic is needed; the exact method would spend its time on a p-value.
    return max(float(ks_2samp(*axes, method="asymp").statistic) for axes in zip(first.T, second.T, strict=True))


def frechet(first, second) -> float:
    """Return the Fréchet distance of the Gaussians fitted to two samples: ``|μ − ν|² + tr(A + B − 2 (AB)^½)``.

    μ and ν are the means and A and B the covariances (Dowson and Landau, 1982, equation 16). It is 0 if the means and
    covariances agree, and in squared units of the values. The published scores of images take features of a network
    that was trained on ImageNet as values (Heusel et al., 2017); with other features the numbers do not compare. Two
    samples of one distribution have a distance above 0, which falls with their size: compare at equal sizes.

    Parameters
    ----------
    first, second : arrays or Tensors of shape (N, d) and (M, d), or (N,) and (M,)

    Raises
    ------
    ValueError
        If the samples are not finite, of different dimension or of fewer than two values.
    """
    first, second = _samples(first, second)
    if min(len(first), len(second)) < 2:
        raise ValueError("a covariance needs at least two values in each sample")
    shift = first.mean(0) - second.mean(0)
    one, other = (np.atleast_2d(np.cov(sample, rowvar=False)) for sample in (first, second))
    # The eigenvalues of AB are those of a symmetric product, so they are real and ≥ 0 but for rounding.
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(min=0)).sum()
    return float(shift @ shift + np.trace(one) + np.trace(other) - 2 * shared)


def _samples(first, second) -> tuple[np.ndarray, np.ndarray]:
    """Return both samples as float64 arrays (N, d) and (M, d)."""
    arrays = []
    for values in (first, second):
        values = as_array(values).astype(np.float64)
        if values.ndim == 1:
            values = values[:, None]
        if values.ndim != 2 or values.size == 0:
            raise ValueError(f"a sample has shape (N, d) or (N,) with N ≥ 1, got {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("a sample holds values that are not finite: take them out, and say how many they were")
        arrays.append(values)
    if arrays[0].shape[1] != arrays[1].shape[1]:
        raise ValueError(f"samples of {arrays[0].shape[1]} and {arrays[1].shape[1]} dimensions cannot be compared")
    return arrays[0], arrays[1]
