"""What holds for whatever numbers: no divergence is negative, scores lie in [0, 1], names and order do not matter."""

import math
import warnings

import numpy as np
import pytest
import torch

from vaecourse import metrics
from vaecourse.distributions import DiagonalGaussian

TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
WIDTHS = (0, 1e-6, 0.1, 1, 10, 50, 88, 104, 200, 1e4)  # of log variances
SCORES = {"mig": metrics.mig, "sap": metrics.sap, "modularity": metrics.modularity, "max_r2": metrics.max_r2}
SCALES = (1.0, 1e-310, 1e-30, 1e-8, 1e8, 1e30, 1e300)
FEW_AND_MANY = [4, pytest.param(100, marks=pytest.mark.faults)]


def score_of(name: str, codes: np.ndarray, factors: np.ndarray, **settings) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = SCORES[name](codes, factors, **settings)
    return float(getattr(found, "score", found))


@pytest.mark.parametrize("tries", FEW_AND_MANY)
def test_divergences_are_never_negative_and_never_nan(tries, generator, count):
    faults = []
    for kind in TYPES:
        for width in WIDTHS:
            for _ in range(tries):
                draws = torch.Generator().manual_seed(generator.randrange(1 << 30))
                values = [torch.randn(3, 4, generator=draws, dtype=torch.float64) for _ in range(4)]
                one, other = (
                    DiagonalGaussian(mean.to(kind), (width * log_variance).clamp(-6e4, 6e4).to(kind))
                    for mean, log_variance in (values[:2], values[2:])
                )
                for name, found in (("kl", one.kl()), ("kl of others", one.kl(other)), ("kl to itself", one.kl(one))):
                    # Of nearly equal Gaussians differences cancel, to the precision in which they are computed.
                    is_right = not found.isnan().any() and (found >= -1e-5).all()
                    count("property: divergences", "accepted" if is_right else "failed")
                    faults += [] if is_right else [(name, kind, width, found)]
    assert faults == []


def drawn(generator, count_images: int = 60):
    draws = np.random.default_rng(generator.randrange(1 << 30))
    factors = np.stack([draws.integers(size, size=count_images) for size in (2, 3, 5)], axis=1)
    mixed = factors @ draws.standard_normal((3, 4)) + draws.standard_normal((count_images, 4))
    return draws, mixed, factors


@pytest.mark.parametrize("tries", FEW_AND_MANY)
@pytest.mark.parametrize("name", SCORES)
def test_scores_lie_between_0_and_1_whatever_the_codes(name, tries, generator, count):
    faults = []
    for number in range(7 * tries):
        draws, codes, factors = drawn(generator, int(generator.choice([2, 3, 5, 60])))
        codes = codes * SCALES[number % len(SCALES)]
        if number % 3 == 0:  # constant but for the last places
            codes = 3.3 + np.spacing(3.3) * draws.integers(1, generator.choice([2, 101]), codes.shape)
        try:
            found = score_of(name, codes, factors)
            outcome = "accepted" if -1e-9 <= found <= 1 + 1e-9 else f"{name} is {found}"
        except ValueError as error:
            outcome = "refused" if "\n" not in str(error) else f"{name}: {error}"
        except Exception as error:
            outcome = f"{name}: {type(error).__name__}: {error}"
        count("property: scores in [0, 1]", outcome)
        faults += [outcome] if outcome not in ("accepted", "refused") else []
    assert faults == []


@pytest.mark.parametrize("tries", FEW_AND_MANY)
@pytest.mark.parametrize("name", SCORES)
def test_scores_know_no_order_no_sign_and_no_names(name, tries, generator, count):
    faults = []
    for _ in range(tries):
        draws, codes, factors = drawn(generator)
        order = draws.permutation(len(codes))
        same = {
            "units": (codes[:, draws.permutation(4)], factors),
            "images": (codes[order], factors[order]),
            "factors": (codes, factors[:, draws.permutation(3)]),
            "signs": (-codes, factors),
            "shift and scale": (8 * codes + 4, factors),
            "names of values": (codes, np.stack([draws.permutation(9)[values] for values in factors.T], axis=1)),
        }
        # Else the images that sap keeps for testing would change with their order.
        settings = {"test": drawn(generator)[1:]} if name == "sap" else {}
        expected = score_of(name, codes, factors, **settings)
        for change, (other_codes, other_factors) in same.items():
            # A regression sees the values; other units or signs would be needed in the test images too.
            if (name, change) == ("max_r2", "names of values") or (name == "sap" and change != "images"):
                continue
            found = score_of(name, other_codes, other_factors, **settings)
            is_right = math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)
            count("property: scores know no order", "accepted" if is_right else "failed")
            faults += [] if is_right else [(name, change, expected, found)]
    assert faults == []
