"""Similarity of two sets of codes of the same images, of any numbers of units: levels, models, codes and pixels."""

import numpy as np

from vaecourse.metrics.factors import as_array


def linear_cka(first, second) -> float:
    """Linear centred kernel alignment, from 0 to 1 (Kornblith et al., 2019, section 3).

    It is ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) with the centred codes X and Y and Frobenius norms. Rotating or shifting either set, or
    scaling all its units together, does not change it; scaling single units does. Unrelated codes of N images score
    about √(d e)/N, if their units are independent and of equal variance: use many more images than units.

    Parameters
    ----------
    first, second : arrays or Tensors of shape (N, d) and (N, e)
        Codes of the same N images, in the same order.

    Raises
    ------
    ValueError
        If the codes are not of the same N ≥ 2 images, not finite, or the same for all images.
    """
    first, second = (codes - codes.mean(0) for codes in _pairs(first, second))
    norms = np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second)
    if norms == 0:
        raise ValueError("the codes are the same for all images: there is nothing to compare")
    return float(np.linalg.norm(second.T @ first) ** 2 / norms)


def neighbour_agreement(first, second, k: int = 10) -> float:
    """Return the share of an image's k nearest neighbours in one set of codes that it also has in the other.

    It is the mean over the images, with Euclidean distances, from 0 to 1. 1 means the same neighbours; unrelated codes
    score k/(N − 1) by chance. It depends on the number of images: quote N and k with it.

    Parameters
    ----------
    first, second : arrays or Tensors of shape (N, d) and (N, e)
        Codes of the same N images, in the same order.
    k : int
        Number of neighbours.

    Raises
    ------
    ValueError
        If the codes are not of the same N ≥ 2 images or not finite, or k is not from 1 to N − 1.
    """
    from sklearn.neighbors import NearestNeighbors  # here, because the import takes a second

    first, second = _pairs(first, second)
    if not 1 <= k < len(first):
        raise ValueError(f"k must be from 1 to {len(first) - 1}, one less than the images, got {k}")
    # Without an argument, kneighbors does not count an image as its own neighbour.
    found = [NearestNeighbors(n_neighbors=k).fit(codes).kneighbors(return_distance=False) for codes in (first, second)]
    return float(np.mean([len(np.intersect1d(*neighbours)) for neighbours in zip(*found, strict=True)]) / k)


def _pairs(first, second) -> tuple[np.ndarray, np.ndarray]:
    """Return both sets of codes as float64 arrays (N, d) and (N, e)."""
    arrays = []
    for codes in (first, second):
        codes = as_array(codes).astype(np.float64)
        if codes.ndim != 2 or len(codes) < 2 or not codes.shape[1]:
            raise ValueError(f"codes must have shape (N, d) with at least 2 images, got {codes.shape}")
        if not np.isfinite(codes).all():
            raise ValueError("codes hold NaN or infinity: the model has diverged")
        arrays.append(codes)
    if len(arrays[0]) != len(arrays[1]):
        raise ValueError(f"codes of {len(arrays[0])} and {len(arrays[1])} images: give both of the same images")
    return arrays[0], arrays[1]
