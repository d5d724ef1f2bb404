"""How much the units of a code depend on each other."""

import math

import numpy as np

from vaecourse.metrics.factors import checked_codes, varying


def gaussian_total_correlation(codes) -> float:
    """Gaussian total correlation of codes: −½ log det R with their correlations R, in nats.

    What it would be if the codes were Gaussian: it sees linear dependence only.
    Units that never vary are left out. It is infinite if a unit is a linear function of the others, as a copy is. Of d
    independent units chance adds about d(d − 1)/(4N); the loss :func:`vaecourse.losses.gaussian_total_correlation`,
    which is made for small batches, shrinks R against that, and this does not, as in disentanglement_lib.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
        Posterior means of N images, more than there are units that vary.

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
    # Smaller ones cannot be told from 0.
    if eigenvalues.min() < units * np.finfo(np.float64).eps:
        return math.inf
    # Rounding must not take it below.
    return max(0.0, -0.5 * float(np.log(eigenvalues).sum()))
