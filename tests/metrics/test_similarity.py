"""Similarity of codes: known answers, and what must not change it."""

import numpy as np
import pytest
import torch

from vaecourse.metrics import linear_cka, neighbour_agreement

RANDOM = np.random.default_rng(0)
CODES = RANDOM.standard_normal((400, 6)) * [1, 2, 3, 1, 2, 3]
ROTATION = np.linalg.qr(RANDOM.standard_normal((6, 6)))[0]
OTHERS = RANDOM.standard_normal((400, 3))


@pytest.mark.parametrize("similarity", [linear_cka, neighbour_agreement])
def test_rotations_shifts_and_a_common_scale_change_nothing(similarity):
    assert similarity(CODES, CODES) == pytest.approx(1)
    assert similarity(CODES, 5 - 3 * CODES @ ROTATION) == pytest.approx(1)
    some = CODES[:, :2]
    assert similarity(some, CODES @ ROTATION) == pytest.approx(similarity(some, CODES))
    assert similarity(some, CODES) == pytest.approx(similarity(CODES, some))


def test_cka_of_some_of_the_units_is_known():
    # Of white codes, d of e units: ‖YᵀX‖² = d, ‖XᵀX‖ = √d, ‖YᵀY‖ = √e.
    white = CODES - CODES.mean(0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white.T)).T)
    assert linear_cka(white[:, :2], white) == pytest.approx(np.sqrt(2 / 6))
    assert linear_cka(white[:, :3], white[:, 3:]) == pytest.approx(0)


def test_cka_is_the_squared_correlation_of_single_units():
    first, second = CODES[:, :1], CODES[:, :1] + OTHERS[:, :1]
    assert linear_cka(first, second) == pytest.approx(np.corrcoef(first.T, second.T)[0, 1] ** 2)


def test_cka_sees_the_scale_of_single_units():
    assert linear_cka(CODES, CODES * [10, 1, 1, 1, 1, 1]) < 0.9


def test_cka_is_the_alignment_of_centred_kernels():
    # The definition, with N × N kernels: tr(KHLH) over its value for each alone.
    centring = np.eye(400) - 1 / 400
    mixed = CODES[:, :3] + OTHERS
    kernels = [centring @ codes @ codes.T @ centring for codes in (CODES, mixed)]
    cross, own, other = ((a * b).sum() for a, b in (kernels, kernels[:1] * 2, kernels[1:] * 2))
    assert linear_cka(CODES, mixed) == pytest.approx(cross / np.sqrt(own * other))


def test_unrelated_codes_score_as_chance_does():
    # Mean over 20 draws against √(d e)/N and k/(N − 1).
    draws = [(RANDOM.standard_normal((200, 4)), RANDOM.standard_normal((200, 9))) for _ in range(20)]
    assert np.mean([linear_cka(*pair) for pair in draws]) == pytest.approx(6 / 200, rel=0.15)
    assert np.mean([neighbour_agreement(*pair, k=20) for pair in draws]) == pytest.approx(20 / 199, rel=0.05)


def test_agreement_counts_common_neighbours():
    # On a line 0, 1, 2.1, 3.3 the nearest is 1, 0, 1, 2; after the last jumps to the front it is 1, 0, 1, 0.
    line, moved = np.array([[0.0], [1.0], [2.1], [3.3]]), np.array([[0.0], [1.0], [2.1], [-1.2]])
    assert neighbour_agreement(line, moved, k=1) == 0.75
    assert neighbour_agreement(line, moved, k=3) == 1.0  # all others


def test_agreement_is_that_of_the_images_not_of_the_order():
    turned = CODES[::-1].copy()
    assert neighbour_agreement(CODES, turned) < 0.1
    assert linear_cka(CODES, turned) < 0.1


def test_tensors_are_welcome():
    first, second = torch.tensor(CODES[:, :3], requires_grad=True), torch.tensor(CODES[:, 2:])
    assert linear_cka(first, second) == linear_cka(CODES[:, :3], CODES[:, 2:])
    assert neighbour_agreement(first, second) == neighbour_agreement(CODES[:, :3], CODES[:, 2:])


@pytest.mark.parametrize("similarity", [linear_cka, neighbour_agreement])
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (CODES, CODES[:-1], "400 and 399 images"),
        (CODES[:, 0], CODES, r"shape \(N, d\)"),
        (CODES[:1], CODES[:1], "at least 2 images"),
        (CODES, np.full((400, 1), np.nan), "NaN or infinity"),
    ],
)
def test_bad_codes_are_refused(similarity, first, second, message):
    with pytest.raises(ValueError, match=message):
        similarity(first, second)


def test_codes_that_never_change_are_refused():
    with pytest.raises(ValueError, match="same for all images"):
        linear_cka(CODES, np.ones((400, 2)))


@pytest.mark.parametrize("k", [0, 400])
def test_k_must_leave_neighbours(k):
    with pytest.raises(ValueError, match="from 1 to 399"):
        neighbour_agreement(CODES, OTHERS, k)
