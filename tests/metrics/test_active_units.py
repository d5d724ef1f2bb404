"""Active units on codes whose variance is known."""

import math

import pytest
import torch

from vaecourse.metrics import active_units


def test_units_whose_means_vary_are_active():
    # Half of the images at −a, half at +a: the variance is a² · 100/99.
    signs = torch.tensor([-1.0, 1.0]).repeat(50)
    spread = torch.tensor([0.0, 0.09, 0.11, 2.0])
    means = 5 + signs[:, None] * spread
    active = active_units(means)
    assert active.dtype == torch.bool
    assert active.tolist() == [False, False, True, True]
    assert active_units(means, threshold=0.001).tolist() == [False, True, True, True]
    assert active_units(means, threshold=5.0).tolist() == [False] * 4


def test_a_constant_code_is_not_active_however_large():
    assert not active_units(torch.full((10, 3), 100.0)).any()


@pytest.mark.parametrize(
    ("means", "error", "message"),
    [
        ([[0.0], [1.0]], TypeError, "got list"),
        (torch.zeros(5, 2, dtype=torch.int64), TypeError, "floating-point tensor"),
        (torch.zeros(5), ValueError, r"shape \(N, d\)"),
        (torch.zeros(1, 2), ValueError, "at least 2 images"),
        (torch.tensor([[0.0], [math.nan]]), ValueError, "NaN or infinity"),
    ],
)
def test_bad_means_are_refused(means, error, message):
    with pytest.raises(error, match=message):
        active_units(means)
