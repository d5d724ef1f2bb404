"""Checks and splits of codes and factors, shared by the scores of disentanglement."""

import numpy as np

# Share of the images that is kept for testing if no test set is given.
TEST_SHARE = 0.2
# Larger codes come from a model that has diverged, and their squares could overflow.
LARGEST_CODE = 1e30


def checked(codes, factors) -> tuple[np.ndarray, np.ndarray]:
    """Return codes (N, d) in their own floating-point type, and factors (N, K) as int64.

    Raises
    ------
    ValueError
        If the arrays do not have these shapes with the same N ≥ 2, codes are not finite, factors are not whole numbers,
        or no factor varies.
    """
    codes, factors = checked_codes(codes), as_array(factors)
    if factors.ndim != 2 or not factors.shape[1]:
        raise ValueError(f"factors must have shape (N, K), one column each, got {factors.shape}")
    if len(codes) != len(factors):
        raise ValueError(f"{len(codes)} codes and {len(factors)} rows of factors: give both of the same images")
    if factors.dtype.kind not in "biuf":
        raise ValueError(f"factors must be integers, got {factors.dtype}: number the classes")
    # NaN differs from itself rounded, but infinity does not.
    if factors.dtype.kind == "f" and not (np.isfinite(factors) & (factors == np.round(factors))).all():
        raise ValueError("factors must be whole numbers, the class of each image: put a continuous one into bins")
    factors = factors.astype(np.int64)
    if not varying(factors).any():
        raise ValueError("no factor varies over the images: there is nothing to find in the codes")
    return codes, factors


def checked_codes(codes) -> np.ndarray:
    """Return codes (N, d) of N ≥ 2 images as an array of float32 or float64."""
    codes = as_array(codes)
    if codes.ndim != 2 or len(codes) < 2 or not codes.shape[1]:
        raise ValueError(f"codes must have shape (N, d) with at least 2 images, got {codes.shape}")
    if codes.dtype.kind not in "biuf":
        raise ValueError(f"codes must be real numbers, got {codes.dtype}")
    if codes.dtype not in (np.float32, np.float64):
        codes = codes.astype(np.float64)
    # “all smaller” and not “any larger”, so that NaN is found too.
    if not (np.abs(codes) < LARGEST_CODE).all():
        raise ValueError(f"codes hold NaN, infinity or values beyond {LARGEST_CODE:g}: the model has diverged")
    return codes


def varying(columns: np.ndarray) -> np.ndarray:
    """Return which columns vary: bool (columns,). Codes do by more than rounding errors, and so that squares exist."""
    low, high = columns.min(0), columns.max(0)
    if columns.dtype.kind != "f":
        return high > low
    known = np.finfo(columns.dtype)
    return high - low > np.maximum(4 * known.eps * np.maximum(np.abs(low), np.abs(high)), np.sqrt(known.tiny))


def as_classes(factors: np.ndarray) -> np.ndarray:
    """Return the factors (N, K) with the values of each numbered 0, 1, 2 … in their order."""
    return np.stack([np.unique(values, return_inverse=True)[1].reshape(-1) for values in factors.T], axis=1)


def training_and_test(codes, factors, test, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return codes, factors and a mask of the images kept for testing: those of ``test``, or a random fifth of all.

    Parameters
    ----------
    test : pair (codes, factors) or None
        Test images, which are appended to the others.
    """
    if test is None:
        codes, factors = checked(codes, factors)
        kept = np.zeros(len(codes), dtype=bool)
        kept[np.random.default_rng(seed).permutation(len(codes))[: max(1, round(TEST_SHARE * len(codes)))]] = True
        return codes, factors, kept
    pairs = [checked(codes, factors), checked(*test)]
    if any(len({values.shape[1] for values in both}) > 1 for both in zip(*pairs, strict=True)):
        raise ValueError("test must be a pair (codes, factors) with the units and the factors of the others")
    kept = np.repeat([False, True], [len(pairs[0][0]), len(pairs[1][0])])
    codes, factors = (np.concatenate(both) for both in zip(*pairs, strict=True))
    return codes, factors, kept


def how_tested(kept: np.ndarray, test, seed: int) -> dict:
    """Return the part of a protocol that describes the training and test images."""
    split = "as given" if test is not None else f"random, seed {seed}"
    return {"training images": int((~kept).sum()), "test images": int(kept.sum()), "split": split}


def which_factors(scored: np.ndarray) -> dict:
    """Return the part of a protocol that names the factors scored, unless all are: constant ones cannot be."""
    return {} if scored.all() else {"factors scored": np.flatnonzero(scored).tolist()}


def as_array(values) -> np.ndarray:
    """Return numbers as an array: arrays, tensors of any device and type, or nested lists of numbers and tensors."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        half = values.is_floating_point() and values.element_size() < 4
        return np.asarray(values.float() if half else values)  # NumPy has no bfloat16
    return np.asarray([as_array(value) for value in values] if isinstance(values, list | tuple) else values)
