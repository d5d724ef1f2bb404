"""MIG and modularity on codes whose answer is known, and against scikit-learn's mutual information."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

from vaecourse.metrics import mig, modularity
from vaecourse.plots import score_matrix

RANDOM = np.random.default_rng(0)
SIZES = (3, 6, 40, 32, 32)  # of dSprites, without its one colour
FACTORS = np.stack([RANDOM.integers(size, size=10_000) for size in SIZES], axis=1)
IDENTITY = FACTORS.astype(np.float32)
NOISE = RANDOM.standard_normal((10_000, 10)).astype(np.float32)
MIXTURE = NOISE + IDENTITY @ (RANDOM.random((5, 10)) / 8).astype(np.float32)
# Every combination of 3 and 4 classes as often: histograms without chance.
BALANCED = np.stack(np.meshgrid(np.arange(3), np.arange(4), indexing="ij"), axis=-1).reshape(-1, 2).repeat(5, axis=0)


# More units than factors and fewer, whole numbers, values on the edges of bins, other units, units that never change.
KINDS = {
    "identity": IDENTITY,
    "noise": NOISE,
    "mixture": MIXTURE,
    "two units for five factors": MIXTURE[:, :2],
    "whole numbers": np.round(4 * MIXTURE),
    "on the edges": np.round(IDENTITY / 2) / 20,
    "quarters about zero": np.round(NOISE * 4) / 4,
    "far from zero": 1000 - MIXTURE,
    "small": -1e-12 * MIXTURE,
    "collapsed units": MIXTURE * [1, 1, 0, 0, 1e-6, 0, 1, 0, 0, 1],
    "a constant unit": np.hstack([MIXTURE, np.full((10_000, 1), 0.1)]),
}


def _reference(codes, factors, bins=20):
    """MIG, modularity and the mutual information behind them: the definitions, unit by unit and factor by factor."""
    binned = [np.digitize(values, np.histogram(values, bins)[1][:-1]) for values in codes.T]
    information = np.array([[mutual_info_score(values, unit) for values in factors.T] for unit in binned])
    entropies = np.array([mutual_info_score(values, values) for values in factors.T])
    gaps = [np.diff(np.sort(column)[-2:])[0] for column in information.T]
    alone = []
    for row in information:
        best = row.argmax()
        # What the unit would tell if it told about its best factor only.
        template = np.where(np.arange(len(row)) == best, row[best], 0)
        worst = row[best] ** 2 * (len(row) - 1)
        alone.append(1 - ((row - template) ** 2).sum() / worst if worst > 0 else 0)
    return np.mean(gaps / entropies), np.mean(alone), information


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_both_are_those_of_the_definitions(kind, dtype):
    codes, factors = KINDS[kind][:3000].astype(dtype), FACTORS[:3000]
    gap, alone, information = _reference(codes, factors)
    np.testing.assert_allclose(mig(codes, factors).matrix, information, atol=1e-9)
    assert mig(codes, factors).score == pytest.approx(gap, abs=1e-9)
    assert modularity(codes, factors).score == pytest.approx(alone, abs=1e-9)


@pytest.mark.parametrize("count", [30, 100])
def test_both_are_those_of_the_definitions_for_few_images_and_integers(count):
    random = np.random.default_rng(4)
    factors = FACTORS[:count, :2] - 1  # from −1, as whole floats
    for codes in (random.standard_normal((count, 40)), random.integers(-3, 30, size=(count, 3))):
        gap, alone, _ = _reference(codes, factors)
        assert mig(codes, factors.astype(np.float32)).score == pytest.approx(gap, abs=1e-9)
        assert modularity(codes, factors).score == pytest.approx(alone, abs=1e-9)


def test_other_numbers_of_bins_and_bins_between_the_classes():
    codes = MIXTURE[:3000]
    assert mig(codes, FACTORS[:3000], bins=7).score == pytest.approx(_reference(codes, FACTORS[:3000], 7)[0], abs=1e-9)
    assert mig(BALANCED, BALANCED, bins=2).score == pytest.approx(_reference(BALANCED, BALANCED, 2)[0])


def test_identity_codes_score_near_one():
    assert 0.99 < mig(IDENTITY[:, :2], FACTORS[:, :2]).score < 1
    # Of 40 and 32 classes in 20 bins most of the entropy is seen, not all.
    assert 0.88 < mig(IDENTITY, FACTORS).score < 0.91
    assert mig(BALANCED, BALANCED).score == pytest.approx(1)
    assert modularity(BALANCED, BALANCED).score == pytest.approx(1)


def test_noise_and_copies_score_near_zero():
    assert 0 <= mig(NOISE, FACTORS).score < 0.05
    copies = np.hstack([IDENTITY, IDENTITY])
    assert mig(copies, FACTORS).score == 0
    assert 0 <= mig(copies + 0.1 * NOISE, FACTORS).score < 0.1
    # Copies are modular: each tells about one factor.
    assert modularity(copies, FACTORS).score > 0.99


def test_chance_alone_informs_as_much_as_the_docstring_says():
    # 2 N I is chi-squared with (bins − 1)(classes − 1) degrees of freedom. Uniform codes leave no bin empty.
    uniform = np.random.default_rng(1).random((10_000, 40))
    expected = 19 * (np.array(SIZES[:3]) - 1) / (2 * 10_000)
    np.testing.assert_allclose(mig(uniform, FACTORS[:, :3]).matrix.mean(0), expected, rtol=0.15)


def test_a_faint_unit_scores_what_it_tells_and_not_its_lead():
    # One unit that is correlated by 0.15 with a factor of two classes, beside units of noise.
    random = np.random.default_rng(2)
    factor = random.integers(2, size=(100_000, 1))
    codes = random.standard_normal((100_000, 5))
    codes[:, :1] += 2 * (factor - 0.5) * 0.15 / math.sqrt(1 - 0.15**2)
    result = mig(codes, factor)
    assert result.score == pytest.approx(-0.5 * math.log(1 - 0.15**2) / math.log(2), abs=0.004)
    second, best = np.sort(result.matrix[:, 0])[-2:]
    assert (best - second) / best > 0.9  # divided by I_1 it would look like a perfect code


def test_the_information_of_a_known_channel():
    # A unit that tells two of four classes, and one that tells the other two halves: ln 2 each of ln 4.
    factor = np.arange(4).repeat(50)[:, None]
    codes = np.hstack([factor // 2, factor % 2])
    result = mig(codes, factor)
    np.testing.assert_allclose(result.matrix, math.log(2))
    assert result.score == pytest.approx(0)
    assert mig(codes[:, :1], factor).score == pytest.approx(0.5)  # alone: its gap is to 0


def test_modularity_of_a_unit_that_mixes_two_factors():
    # The bins of 4 a + b tell both exactly: I = ln 3 and ln 4, so 1 − (ln 3 / ln 4)².
    mixed = BALANCED @ [[4], [1]]
    assert modularity(mixed, BALANCED).score == pytest.approx(1 - (math.log(3) / math.log(4)) ** 2)
    assert modularity(np.hstack([mixed, np.ones_like(mixed)]), BALANCED).score == pytest.approx(
        modularity(mixed, BALANCED).score / 2
    )


@pytest.mark.parametrize("score", [mig, modularity])
def test_order_and_scale_of_units_and_names_of_classes_do_not_matter(score):
    expected = score(MIXTURE, FACTORS).score
    assert score(MIXTURE[:, ::-1], FACTORS).score == pytest.approx(expected)
    assert score(MIXTURE, FACTORS[:, ::-1]).score == pytest.approx(expected)
    assert score(MIXTURE[::-1], FACTORS[::-1]).score == pytest.approx(expected)
    assert score(4 * MIXTURE, FACTORS).score == pytest.approx(expected)
    renamed = np.stack([RANDOM.permutation(1000)[values] - 500 for values in FACTORS.T], axis=1)
    assert score(MIXTURE, renamed).score == pytest.approx(expected)
    # Whose bins are counted from the other end.
    assert score(-MIXTURE.astype(np.float64), FACTORS).score == pytest.approx(expected, abs=0.002)


def test_tensors_and_whole_floats_are_welcome():
    codes = torch.tensor(MIXTURE, requires_grad=True)
    assert mig(codes, torch.tensor(FACTORS)).score == mig(MIXTURE, FACTORS).score
    assert mig(codes, FACTORS.astype(np.float64)).score == mig(MIXTURE, FACTORS).score
    assert mig(codes.half(), FACTORS).score == pytest.approx(mig(MIXTURE, FACTORS).score, abs=0.01)


def test_a_factor_of_one_value_is_left_out_and_named():
    colour = np.hstack([np.zeros_like(FACTORS[:, :1]), FACTORS])
    for score in (mig, modularity):
        result = score(MIXTURE, colour)
        assert result.score == pytest.approx(score(MIXTURE, FACTORS).score)
        assert result.protocol["factors scored"] == [1, 2, 3, 4, 5]
        assert result.matrix.shape == (10, 6)
        assert not result.matrix[:, 0].any()


def test_codes_that_tell_nothing_score_zero():
    for codes in (np.full((60, 3), 7.0), np.zeros((60, 1), dtype=np.float32)):
        assert mig(codes, BALANCED).score == 0
        assert modularity(codes, BALANCED).score == 0


def test_with_a_single_factor_every_unit_that_tells_about_it_is_modular():
    codes = np.hstack([BALANCED[:, :1], np.ones((60, 1))])
    assert modularity(codes, BALANCED[:, :1]).score == 0.5


def test_more_units_than_images_and_units_that_hardly_vary():
    few = np.random.default_rng(3).standard_normal((5, 40))
    hardly = 1 + np.finfo(float).eps * BALANCED
    for codes, factors in ((few, FACTORS[:5]), (hardly, BALANCED)):
        assert 0 <= mig(codes, factors).score <= 1
        assert 0 <= modularity(codes, factors).score <= 1
    assert mig(hardly, BALANCED).score == pytest.approx(1)


def test_the_protocol_and_the_figure_say_what_was_measured():
    result = mig(MIXTURE, FACTORS)
    assert result.protocol == {"images": 10_000, "bins": 20}
    figure = score_matrix(result, factors=["shape", "scale", "orientation", "x", "y"])
    axes = figure.axes[0]
    assert f"{result.score:.3f}" in axes.get_title()
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["shape", "scale"]
    np.testing.assert_array_equal(axes.images[0].get_array(), result.matrix.T)
    with pytest.raises(ValueError, match="1 names for 5 factors"):
        score_matrix(result, factors=["shape"])


def test_too_few_bins_are_refused():
    with pytest.raises(ValueError, match="at least 2 bins, got 1"):
        mig(NOISE, FACTORS, bins=1)
