"""The curve of rate and distortion is falling and convex, and its intervals cover 0 where nothing differs."""

import numpy as np
import pytest

from vaecourse.metrics import RateCurve

PRICED = np.array([25, 21, 18, 16, 14, 11, 9, 7, 4.7, 3.6])  # rates of ten weights


def truth(rates):
    return 103 + 90 * np.exp(-np.asarray(rates) / 6)


def runs(random, rates, seeds, effects, noise=0.8):
    """Rates, distortions and seeds of runs that slide along the true curve, and off it by their seed and by chance."""
    rates = np.tile(rates, len(seeds)) * (1 + 0.04 * random.standard_normal(len(rates) * len(seeds)))
    names = np.repeat(seeds, len(rates) // len(seeds))
    return rates, truth(rates) + effects[names] + noise * random.standard_normal(len(rates)), names


def test_noiseless_points_give_back_the_convex_curve():
    curve = RateCurve(PRICED, truth(PRICED), np.zeros(10), draws=0)
    between = np.linspace(3.6, 25, 200)
    values = curve(between)
    assert np.abs(values - truth(between)).max() < 0.3
    assert (np.diff(values) <= 1e-9).all()
    assert (np.diff(values, 2) >= -1e-9).all()
    chords = np.interp(between, PRICED[::-1], truth(PRICED)[::-1])
    assert (chords - truth(between)).mean() > 5 * np.abs((values - truth(between)).mean())


def test_noisy_points_still_give_a_falling_convex_curve():
    random = np.random.default_rng(0)
    values = RateCurve(PRICED, truth(PRICED) + 5 * random.standard_normal(10), np.zeros(10), draws=0)(PRICED)
    slopes = np.diff(values) / np.diff(PRICED)
    assert (slopes <= 1e-9).all()
    assert (np.diff(slopes) <= 1e-9).all()  # PRICED falls


def test_no_value_outside_the_measured_rates():
    curve = RateCurve(PRICED, truth(PRICED), np.zeros(10), draws=0)
    assert np.isnan(curve([3.5, 25.1])).all()
    found = curve.difference([2, 10], [150, truth(10) + 4], [0, 0])
    assert found.mean == pytest.approx(4, abs=0.3)
    assert np.isnan([found.by_run[0], found.low]).all()
    assert found.seeds == 1
    assert not found.outside((-1, 1))


def test_a_known_difference_is_found_outside_the_null():
    random = np.random.default_rng(1)
    curve = RateCurve(*runs(random, PRICED, np.arange(5), np.zeros(5)))
    rates, distortions, seeds = runs(random, [10], np.arange(5), np.zeros(5))
    band = np.nanmin(curve.null()), np.nanmax(curve.null())
    assert band[0] < -1
    assert band[1] > 1
    assert curve.difference(rates, distortions + 6, seeds).outside(band)
    assert not curve.difference(rates, distortions, seeds).outside(band)


@pytest.mark.parametrize("own_seeds", [True, False], ids=["other seeds", "the seeds of the reference"])
def test_intervals_cover_nothing_where_nothing_differs(own_seeds):
    random, covered, within_chance = np.random.default_rng(2), [], []
    for _ in range(120):
        effects = 0.8 * random.standard_normal(10)
        curve = RateCurve(*runs(random, PRICED, np.arange(5), effects), draws=60)
        found = curve.difference(*runs(random, [11], np.arange(5) + 5 * own_seeds, effects))
        covered.append(found.low <= 0 <= found.high)
        deviation = found.by_run.std(ddof=1) / np.sqrt(5)  # as if the curve were known
        within_chance.append(abs(found.mean) <= 2.776 * deviation)
    assert 0.9 <= np.mean(covered) <= 0.995
    if own_seeds:
        assert np.mean(within_chance) < np.mean(covered)


def test_the_null_leaves_out_the_seed_itself():
    values = np.concatenate([truth(PRICED), truth(PRICED) + 3])
    curve = RateCurve(np.tile(PRICED, 2), values, np.repeat([0, 1], 10), draws=0)
    np.testing.assert_allclose(curve.null(), np.repeat([-3, 3], 10), atol=0.3)


@pytest.mark.parametrize(
    ("rates", "distortions", "seeds", "line"),
    [
        ([1, 2, 3], [3, 2, 1], [0, 0, 0], "four different rates"),
        ([1, 2, 3, 4], [3, 2, 1], [0, 0, 0, 0], "one length"),
        ([1, 2, 3, 4], [3, 2, 1, np.nan], [0, 0, 0, 0], "finite"),
    ],
)
def test_refusals(rates, distortions, seeds, line):
    with pytest.raises(ValueError, match=line):
        RateCurve(rates, distortions, seeds)


def test_the_null_of_one_seed_is_refused():
    with pytest.raises(ValueError, match="two seeds"):
        RateCurve(PRICED, truth(PRICED), np.zeros(10), draws=0).null()
