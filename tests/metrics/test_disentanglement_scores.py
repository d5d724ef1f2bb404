"""SAP, R², FactorVAE's and β-VAE's scores and total correlation on codes whose answer is known."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.svm import LinearSVC

from vaecourse.data.rendered import dsprites
from vaecourse.metrics import beta_vae_score, factor_vae_score, gaussian_total_correlation, max_r2, r2, sap
from vaecourse.metrics.sap import OneUnitSVMs

RANDOM = np.random.default_rng(0)
SIZES = (2, 3, 8, 10)
FACTORS = np.stack([RANDOM.integers(size, size=2000) for size in SIZES], axis=1)
STANDARD = (FACTORS - FACTORS.mean(0)) / FACTORS.std(0)
NOISE = RANDOM.standard_normal((2000, 6))
MIXTURE = (STANDARD @ RANDOM.standard_normal((4, 6)) + NOISE).astype(np.float32)
ROTATION = np.linalg.qr(RANDOM.standard_normal((4, 4)))[0]
SMALL = {"group_size": 20, "train_groups": 400, "test_groups": 200}


# SAP


@pytest.mark.parametrize("values", [MIXTURE[:, 0], STANDARD[:, 2], 1e-3 * MIXTURE[:, 1], 30 + MIXTURE[:, 2]])
def test_machines_are_those_of_scikit_learn(values):
    # Beside another unit, of another scale: they are fitted together.
    slopes, offsets = OneUnitSVMs(FACTORS).fit(np.stack([1e3 * NOISE[:, 0], values], axis=1).astype(np.float64))[:, 1]
    start = 0
    for factor, size in zip(FACTORS.T, SIZES, strict=True):
        model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-10, max_iter=10_000)
        model.fit(values.astype(np.float64)[:, None], factor)
        own = slice(start + 1, start + 2) if size == 2 else slice(start, start + size)
        np.testing.assert_allclose(slopes[own], model.coef_[:, 0], atol=2e-5)
        np.testing.assert_allclose(offsets[own], model.intercept_, atol=2e-5)
        start += size


def test_sap_of_ordered_factors_is_a_gap_of_squared_correlations():
    assert sap(FACTORS.astype(float), FACTORS, continuous=True).score == pytest.approx(1, abs=0.01)
    assert sap(NOISE, FACTORS, continuous=True).score < 0.01
    result = sap(MIXTURE, FACTORS, test=(MIXTURE[:9], FACTORS[:9]), continuous=True)
    expected = np.corrcoef(MIXTURE.T, FACTORS.T)[:6, 6:] ** 2
    np.testing.assert_allclose(result.matrix, expected, atol=1e-5)
    second, best = np.sort(expected, axis=0)[-2:]
    assert result.score == pytest.approx((best - second).mean(), abs=1e-5)
    assert "squared correlation" in result.protocol["learner"]


def test_a_constant_unit_predicts_no_ordered_factor():
    codes = np.hstack([STANDARD[:, :1], np.full((2000, 1), 0.1)])
    result = sap(codes, FACTORS, continuous=True)
    assert result.matrix[1].tolist() == [0, 0, 0, 0]
    assert result.matrix[0, 0] == pytest.approx(1)


SAP_KINDS = {
    "mixture": MIXTURE,
    "doubles": MIXTURE.astype(np.float64),
    "two units for four factors": -MIXTURE[:, :2],
    "whole numbers": np.round(MIXTURE).astype(int),
    "identity": STANDARD,
    "collapsed units": MIXTURE * [1, 1e-3, 1e-6, 1, 0.05, 1],
    "far from zero": MIXTURE + 5,
}


@pytest.mark.parametrize("kind", SAP_KINDS)
def test_sap_is_that_of_the_reference_protocol(kind):
    codes, train, test = SAP_KINDS[kind], slice(0, 1500), slice(1500, 2000)
    accuracies = np.array([
        [
            LinearSVC(C=0.01, class_weight="balanced", random_state=0).fit(unit[train, None], factor[train])
            .score(unit[test, None], factor[test])
            for factor in FACTORS.T
        ]
        for unit in codes.T
    ])  # fmt: skip
    result = sap(codes[train], FACTORS[train], test=(codes[test], FACTORS[test]))
    np.testing.assert_allclose(result.matrix, accuracies, atol=0.006)
    second, best = np.sort(accuracies, axis=0)[-2:]
    assert result.score == pytest.approx(np.mean(best - second), abs=0.006)


def test_sap_of_perfect_codes_copies_and_noise():
    binary = FACTORS[:, :1]
    separated = 4 * binary + 0.1 * NOISE[:, :1]
    alone = sap(np.hstack([separated, NOISE[:, 1:3]]), binary)
    assert alone.matrix[0, 0] == 1
    assert alone.score == pytest.approx(0.5, abs=0.06)
    assert sap(np.hstack([separated, separated]), binary).score == 0
    assert sap(NOISE, FACTORS).score < 0.05
    # A unit that stands alone is compared with one that tells nothing: the more frequent class.
    assert sap(separated, binary).score == pytest.approx(0.5, abs=0.06)


def test_sap_does_not_depend_on_order():
    expected = sap(MIXTURE, FACTORS)
    turned = sap(MIXTURE[:, ::-1], FACTORS[:, ::-1])
    np.testing.assert_allclose(turned.matrix[::-1, ::-1], expected.matrix)
    assert sap(-MIXTURE, FACTORS).score == pytest.approx(expected.score, abs=0.005)


def test_a_class_that_was_never_learned_is_never_told():
    codes, factors = STANDARD[:, 2:3], np.minimum(FACTORS[:, 2:3], 6)
    result = sap(codes, factors, test=(codes[:10], np.arange(8, 18)[:, None]))
    assert result.matrix[0, 0] == 0


# R²


def test_max_r2_is_the_squared_correlation_of_the_best_unit():
    expected = np.array([[np.corrcoef(unit, factor)[0, 1] ** 2 for factor in FACTORS.T] for unit in MIXTURE.T])
    result = max_r2(MIXTURE, FACTORS)
    np.testing.assert_allclose(result.matrix, expected, atol=1e-9)
    assert result.score == pytest.approx(expected.max(0).mean())
    models = [LinearRegression().fit(MIXTURE[:, :1], factor).score(MIXTURE[:, :1], factor) for factor in FACTORS.T]
    np.testing.assert_allclose(result.matrix[0], models, atol=1e-5)


def test_rotation_costs_the_published_r2_only():
    assert max_r2(STANDARD, FACTORS).score == pytest.approx(1)
    assert max_r2(STANDARD @ ROTATION, FACTORS).score < 0.9
    assert r2(STANDARD, FACTORS).score == pytest.approx(1, abs=1e-6)
    assert r2(STANDARD @ ROTATION, FACTORS).score == pytest.approx(1, abs=1e-6)


def test_held_out_r2_is_what_the_noise_leaves():
    # Variance 1 of the factor and ½ of the noise: 2/3 is explained.
    codes = STANDARD + math.sqrt(0.5) * NOISE[:, :4]
    assert r2(codes, FACTORS).score == pytest.approx(2 / 3, abs=0.04)
    assert abs(r2(NOISE, FACTORS).score) < 0.02
    # The in-sample number rises with every unit; the other does not.
    many = np.random.default_rng(1).standard_normal((60, 100))
    assert max_r2(many, FACTORS[:60]).score > 0.08
    assert r2(many, FACTORS[:60]).score < 0.2


def test_the_matrix_of_r2_is_what_each_unit_explains():
    result = r2(STANDARD, FACTORS)
    np.testing.assert_allclose(result.matrix, np.eye(4), atol=0.1)
    np.testing.assert_allclose(result.matrix.diagonal(), 1, atol=0.02)


def test_an_angle_is_linear_as_sine_and_cosine_only():
    classes = np.random.default_rng(2).integers(40, size=(3000, 1))
    angle = 2 * np.pi * classes / 39  # as in dSprites: class 39 is the angle of class 0
    circle = np.hstack([np.cos(angle), np.sin(angle)])
    assert r2(circle, classes, cyclic={0: 39}).score == pytest.approx(1, abs=1e-6)
    assert r2(circle, classes).score < 0.7
    assert r2(classes, classes, cyclic={0: 39}).score < 0.7
    assert r2(circle, classes, cyclic={0: 39}).matrix.shape == (2, 1)


def test_the_numbers_of_a_category_mean_nothing():
    shape = FACTORS[:, 1:2]
    codes = np.eye(3)[shape[:, 0]]
    for renamed in (shape, np.array([1, 2, 0])[shape]):
        assert r2(codes[:, :2], renamed, categorical=[0]).score == pytest.approx(1, abs=1e-6)
    middle = r2(codes[:, 1:2], shape).score
    assert abs(middle) < 0.02  # the class in the middle, by itself, has no line
    assert r2(codes[:, 1:2], shape, categorical=[0]).score == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cyclic": {4: 39}}, "no factor 4: the columns are 0 to 3"),
        ({"categorical": [-1]}, "no factor -1"),
        ({"cyclic": {1: 3}, "categorical": [1]}, r"not both: \[1\]"),
        ({"cyclic": {1: 0}}, "comes round"),
    ],
)
def test_kinds_of_factors_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        r2(MIXTURE, FACTORS, **arguments)


# All that take codes and factors


@pytest.mark.parametrize("score", [sap, max_r2, r2])
def test_degenerate_input_has_a_defined_answer(score):
    constant = score(np.full((50, 2), 3.3), FACTORS[:50])
    assert constant.score == pytest.approx(0, abs=0.15)
    with_colour = np.hstack([np.full((2000, 1), 5), FACTORS])
    result = score(MIXTURE, with_colour)
    assert result.score == pytest.approx(score(MIXTURE, FACTORS).score)
    assert result.protocol["factors scored"] == [1, 2, 3, 4]
    assert result.matrix.shape == (6, 5)
    few = np.random.default_rng(3).standard_normal((20, 50))
    for codes in (few, 1e29 * few, 1e-30 * few):
        result = score(codes, FACTORS[:20])
        assert math.isfinite(result.score)
        assert np.isfinite(result.matrix).all()
    assert score(torch.tensor(MIXTURE), torch.tensor(FACTORS)).score == score(MIXTURE, FACTORS).score
    assert score(MIXTURE, FACTORS.astype(float)).score == score(MIXTURE, FACTORS).score


# Interventions


def _perfect(factors):
    return factors / np.array(SIZES)


@pytest.mark.parametrize("score", [factor_vae_score, beta_vae_score])
def test_perfect_codes_tell_which_factor_was_held(score):
    result = score(lambda factors: 30 * _perfect(factors), SIZES, **SMALL)
    assert result.score > 0.98
    assert result.matrix.shape == (4, 4)
    assert result.protocol["group size"] == 20
    # A held factor leaves its unit at rest: all votes for it, and no differences.
    rest = result.matrix.argmax(0) if score is factor_vae_score else result.matrix.argmin(0)
    assert rest.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("score", [factor_vae_score, beta_vae_score])
def test_noise_tells_it_by_chance_only(score):
    random = np.random.default_rng(5)
    result = score(lambda factors: random.standard_normal((len(factors), 5)), SIZES, **SMALL)
    assert result.score == pytest.approx(1 / 4, abs=0.1)


def test_votes_are_those_of_held_factors():
    result = factor_vae_score(_perfect, SIZES, **SMALL)
    assert result.matrix.sum() == 400
    assert result.matrix.diagonal().min() > 70


def test_a_factor_that_no_unit_holds_is_lost():
    # Three of four can be told; when the fourth is held some other unit gets the vote.
    result = factor_vae_score(lambda factors: _perfect(factors)[:, :3], SIZES, **SMALL)
    assert result.score == pytest.approx(3 / 4, abs=0.08)


def test_scale_and_dead_units_do_not_matter_to_the_votes():
    scaled = factor_vae_score(
        lambda factors: np.hstack([np.full((len(factors), 1), 0.1), _perfect(factors) * [1e-6, 1, 1e6, 1]]),
        SIZES,
        **SMALL,
    )
    plain = factor_vae_score(_perfect, SIZES, **SMALL)
    assert scaled.score == plain.score
    np.testing.assert_array_equal(scaled.matrix, np.vstack([np.zeros(4), plain.matrix]))


def test_pairs_of_beta_vae_differ_as_two_uniform_draws():
    # Mean |i − j| of two draws from n classes is (n² − 1)/(3 n).
    result = beta_vae_score(lambda factors: factors.astype(np.float64), SIZES, group_size=50, train_groups=400)
    expected = (np.array(SIZES) ** 2 - 1) / (3 * np.array(SIZES))
    held = np.eye(4, dtype=bool)
    assert (result.matrix[held] == 0).all()
    np.testing.assert_allclose(result.matrix[~held], np.tile(expected[:, None], 4)[~held], rtol=0.05)


@pytest.mark.parametrize("score", [factor_vae_score, beta_vae_score])
def test_dead_codes_score_no_more_than_chance(score):
    result = score(lambda factors: np.ones((len(factors), 3)), SIZES, **SMALL)
    assert 0 <= result.score < 0.4
    assert not result.matrix.any()


@pytest.mark.parametrize(("score", "expected"), [(factor_vae_score, 2 / 5), (beta_vae_score, 3 / 5)])
def test_the_centre_of_a_sprite_tells_two_of_five_factors(score, expected):
    def centre(factors):
        images = dsprites.render(factors).astype(np.float64)
        rows, columns = images.sum(2) @ np.arange(64.0), images.sum(1) @ np.arange(64.0)
        return np.stack([columns, rows], axis=1) / images.sum((1, 2))[:, None]

    result = score(centre, dsprites.FACTORS.sizes, **SMALL)
    # Votes can be for posX or posY only; of the other three factors the classifier tells one by chance.
    assert result.score == pytest.approx(expected, abs=0.1)
    assert not result.matrix[:, 0].any()  # the one colour
    held = result.matrix[:, 4:]
    if score is factor_vae_score:
        assert (held[[0, 1], [1, 0]] == 0).all()
    else:
        # Of two places of 32 on 31 pixels. The centre of a heart is not the one that it turns about.
        np.testing.assert_allclose(held[[0, 1], [1, 0]], 33 / 3, rtol=0.06)
        assert held.diagonal().max() < 1


@pytest.mark.parametrize("score", [factor_vae_score, beta_vae_score])
def test_a_factor_of_one_class_is_never_held_and_tensors_are_welcome(score):
    def encode(factors):
        assert (factors[:, 0] == 0).all()
        return torch.tensor(30 * _perfect(factors[:, 1:]), dtype=torch.float32)

    result = score(encode, (1, *SIZES), **SMALL)
    assert result.score > 0.98
    assert result.matrix.shape == (4, 5)


@pytest.mark.parametrize("score", [factor_vae_score, beta_vae_score])
@pytest.mark.parametrize(
    ("encode", "sizes", "settings", "error", "message"),
    [
        (MIXTURE, SIZES, {}, TypeError, "encode must be a function"),
        (_perfect, (1, 1, 5), {}, ValueError, "at least two factors"),
        (_perfect, SIZES, {"group_size": 1}, ValueError, "2 or more, got 1"),
        (_perfect, SIZES, {"train_groups": 3}, ValueError, "as many groups as factors"),
        (lambda factors: factors[1:] / 2, SIZES, SMALL, ValueError, "codes for .* rows of factors"),
        (lambda factors: factors * np.nan, SIZES, SMALL, ValueError, "NaN, infinity"),
    ],
)
def test_interventions_that_cannot_be_are_refused(score, encode, sizes, settings, error, message):
    with pytest.raises(error, match=message):
        score(encode, sizes, **settings)


# Total correlation


def test_total_correlation_of_a_pair_is_known():
    random = np.random.default_rng(6)
    first = random.standard_normal(50_000)
    second = 0.6 * first + 0.8 * random.standard_normal(50_000)
    expected = -0.5 * math.log(1 - 0.6**2)
    assert gaussian_total_correlation(np.stack([first, 100 - 7 * second], axis=1)) == pytest.approx(expected, abs=0.01)


def test_independent_units_have_the_total_correlation_of_chance():
    values = [gaussian_total_correlation(np.random.default_rng(seed).standard_normal((500, 20))) for seed in range(10)]
    assert np.mean(values) == pytest.approx(20 * 19 / (4 * 500), rel=0.1)


def test_dead_units_are_left_out_and_copies_are_infinite():
    dead = np.hstack([MIXTURE, np.full((2000, 1), 0.3, dtype=np.float32)])
    assert gaussian_total_correlation(dead) == pytest.approx(gaussian_total_correlation(MIXTURE))
    assert gaussian_total_correlation(np.hstack([NOISE, -2 * NOISE[:, :1]])) == math.inf
    assert gaussian_total_correlation(torch.ones(10, 3)) == 0
    assert gaussian_total_correlation(NOISE[:, :1]) == pytest.approx(0, abs=1e-12)


def test_total_correlation_needs_more_images_than_units():
    with pytest.raises(ValueError, match="of 6 units need more images than that, got 6"):
        gaussian_total_correlation(NOISE[:6])
