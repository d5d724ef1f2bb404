"""The dependence of the units of a code on each other."""

import math

import numpy as np

from vaecourse.metrics.factors import checked_codes, varying


def gaussian_total_correlation(codes) -> float:
    """Return the Gaussian total correlation of codes: −½ log det R with their correlations R, in nats.

    It is the total correlation if the codes are Gaussian, and measures linear dependence only. Constant units are left
    out. It is infinite if a unit is a linear function of the others, such as a copy. For d independent units its bias
    is about d(d − 1)/(4N). R is not shrunk, as in disentanglement_lib; the version for small batches,
    :func:`vaecourse.losses.gaussian_total_correlation`, shrinks R to reduce this bias.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
        Posterior means of N images, where N exceeds the number of units that vary.

    Raises
    ------
    ValueError
        If the codes are not finite, or there are too few images.
    """
    codes = checked_codes(codes)
    codes = codes[:, varying(codes)].astype(np.float64)
    count, units = codes.shape
    if count <= units:
        raise ValueError(f"correlations of {units} units need more images than that, got {count}")
    standard = (codes - codes.mean(0)) / codes.std(0)
    eigenvalues = np.linalg.eigvalsh(standard.T @ standard / count) if units else np.ones(1)
    # Smaller eigenvalues cannot be distinguished from 0.
    if eigenvalues.min() < units * np.finfo(np.float64).eps:
        return math.inf
    # Rounding errors must not make it negative.
    return max(0.0, -0.5 * float(np.log(eigenvalues).sum()))
