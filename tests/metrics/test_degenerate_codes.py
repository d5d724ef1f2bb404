"""Every score on degenerate codes and factors returns a defined answer or raises a clear error, and is never NaN."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from vaecourse import metrics

SIZES = (2, 3, 4)
RANDOM = np.random.default_rng(0)
FACTORS = np.stack([RANDOM.integers(size, size=60) for size in SIZES], axis=1)
CODES = RANDOM.standard_normal((60, 5))


def _encoder(codes):
    """A function from factors to codes that gives these, over and over."""
    return lambda factors: codes[np.arange(len(factors)) % len(codes)] if len(codes) else codes


OF_FACTORS = {
    "dci": metrics.dci,  # the other learners are tested with it
    "max_r2": metrics.max_r2,
    "mig": metrics.mig,
    "modularity": metrics.modularity,
    "r2": metrics.r2,
    "sap": metrics.sap,
}
GROUPS = {"group_size": 4, "train_groups": 20, "test_groups": 20}
OF_CODES = {
    "active_units": lambda codes: metrics.active_units(torch.as_tensor(codes)),
    "beta_vae_score": lambda codes: metrics.beta_vae_score(_encoder(codes), SIZES, **GROUPS),
    "factor_vae_score": lambda codes: metrics.factor_vae_score(_encoder(codes), SIZES, variance_images=60, **GROUPS),
    "kolmogorov_smirnov": lambda codes: metrics.kolmogorov_smirnov(codes, codes[::2]),
    "linear_cka": lambda codes: metrics.linear_cka(codes, codes[:, :1]),
    "neighbour_agreement": lambda codes: metrics.neighbour_agreement(codes, codes[:, :1], 1),
    "gaussian_total_correlation": metrics.gaussian_total_correlation,
    "frechet": lambda codes: metrics.frechet(codes, codes[::2]),
    "wasserstein": lambda codes: metrics.wasserstein(codes, codes[::2]),
}
# They take an importance matrix, rates, images or a model, or are results; each has tests of its own.
OTHERS = {
    "DCI",
    "Difference",
    "RateCurve",
    "Score",
    "attributes",
    "completeness",
    "disentanglement",
    "mse",
    "psnr",
    "ssim",
}

DEFINED = {
    "constant codes": (np.full((60, 5), 3.3), FACTORS),
    "some constant units": (CODES * [1, 0, 1, 0, 0], FACTORS),
    "a unit that hardly varies": (1 + np.finfo(float).eps * FACTORS, FACTORS),
    "huge codes": (1e29 * CODES, FACTORS),
    "tiny codes": (1e-30 * CODES, FACTORS),
    "huge beside tiny codes": (CODES * [1e29, 1e-30, 1, 0, 1], FACTORS),
    "a single unit": (CODES[:, :1], FACTORS),
    "codes of whole numbers": (FACTORS, FACTORS),
    "more units than images": (RANDOM.standard_normal((12, 40)), FACTORS[:12]),
    "a single factor": (CODES, FACTORS[:, :1]),
    "a factor of one value": (CODES, np.hstack([np.full((60, 1), 5), FACTORS])),
    "factors as floats": (CODES, FACTORS.astype(np.float32)),
    "a class for each image": (CODES, np.arange(60)[:, None]),
    "tensors": (torch.tensor(CODES, dtype=torch.float32), torch.tensor(FACTORS)),
}
UNDEFINED_CODES = {
    "NaN": (np.where(CODES > 2, np.nan, CODES), "NaN|not finite"),
    "infinity": (np.where(CODES > 2, -np.inf, CODES), "infinity|not finite"),
    "no unit": (CODES[:, :0], "must have shape|has shape"),
    "no image": (CODES[:0], "at least 2 images|N ≥ 1"),
}
UNDEFINED_PAIRS = {
    "another number of images": (CODES[:-1], FACTORS, "59 codes and 60 rows of factors"),
    "one image": (CODES[:1], FACTORS[:1], "at least 2 images"),
    "one axis": (CODES[:, 0], FACTORS, r"codes must have shape \(N, d\)"),
    "one axis of factors": (CODES, FACTORS[:, 0], r"factors must have shape \(N, K\)"),
    "complex codes": (CODES.astype(complex), FACTORS, "real numbers"),
    "words": (CODES, FACTORS.astype(str), "must be integers"),
    "factors with a fraction": (CODES, FACTORS + 0.5, "whole numbers"),
    "NaN factors": (CODES, np.where(FACTORS > 1, FACTORS, np.nan), "whole numbers"),
    "one value of all factors": (CODES, np.ones_like(FACTORS), "no factor varies"),
    "codes whose squares are no numbers": (1e200 * CODES, FACTORS, "diverged"),
}


def _numbers(result) -> np.ndarray:
    """All numbers of a result, whatever its type."""
    if dataclasses.is_dataclass(result):
        values = [getattr(result, field.name) for field in dataclasses.fields(result)]
        return np.concatenate([np.ravel(value) for value in values if isinstance(value, float | np.ndarray)])
    return np.ravel(np.asarray(result, dtype=np.float64))


def test_every_score_is_tested_here():
    named = {*OF_FACTORS, *OF_CODES}
    assert named | OTHERS == set(metrics.__all__)
    assert not named & OTHERS


@pytest.mark.parametrize("case", DEFINED)
@pytest.mark.parametrize("name", OF_FACTORS)
def test_codes_that_tell_little_have_a_score(name, case):
    numbers = _numbers(OF_FACTORS[name](*DEFINED[case]))
    assert np.isfinite(numbers).all()
    # Held-out R² is below 0 where the mean would have been better.
    assert numbers.max() <= (math.inf if name in ("mig", "modularity", "r2") else 1 + 1e-12)
    assert numbers.min() >= 0 or name == "r2"


@pytest.mark.parametrize("case", DEFINED)
@pytest.mark.parametrize("name", OF_CODES)
def test_codes_that_tell_little_have_a_score_or_an_error_of_one_line(name, case):
    try:
        numbers = _numbers(OF_CODES[name](DEFINED[case][0]))
    except (TypeError, ValueError) as error:
        refused = str(error)
    else:
        refused = None
        assert not np.isnan(numbers).any()
    possible = {
        "active_units": "must be a floating-point tensor",
        "linear_cka": "the same for all images",
        "gaussian_total_correlation": "more images than that",
    }
    assert refused is None or possible.get(name, "no error") in refused


@pytest.mark.parametrize("case", UNDEFINED_CODES)
@pytest.mark.parametrize("name", OF_FACTORS | OF_CODES)
def test_what_are_no_codes_is_refused(name, case):
    codes, message = UNDEFINED_CODES[case]
    with pytest.raises(ValueError, match=message):
        OF_CODES[name](codes) if name in OF_CODES else OF_FACTORS[name](codes, FACTORS[: len(codes)])


@pytest.mark.parametrize("case", UNDEFINED_PAIRS)
@pytest.mark.parametrize("name", OF_FACTORS)
def test_codes_and_factors_that_do_not_belong_together_are_refused(name, case):
    codes, factors, message = UNDEFINED_PAIRS[case]
    with pytest.raises(ValueError, match=message):
        OF_FACTORS[name](codes, factors)
