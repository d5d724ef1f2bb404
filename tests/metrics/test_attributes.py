"""Attribute directions, probes and tested units on codes whose relation to the attributes is known."""

import numpy as np
import pytest
import torch
from scipy.stats import norm, pearsonr
from sklearn.metrics import balanced_accuracy_score

import vaecourse as vc
from vaecourse import attributes as module
from vaecourse.metrics.attributes import best_units, linear_probe, mean_differences, partial_directions


def correlated_attributes(count, seed):
    """Three attributes: the second follows the first in 80 % of the images, the third is on its own and rare."""
    generator = np.random.default_rng(seed)
    first = generator.random(count) < 0.5
    second = np.where(generator.random(count) < 0.8, first, ~first)
    return np.stack([first, second, generator.random(count) < 0.1], axis=1).astype(int)


EFFECTS = np.array([[2.0, 0, 0, 1, 0], [0, 1.5, 0, 0, 0], [0, 0, -3.0, 0, 0]])


def test_mean_differences_are_differences_of_means():
    present = correlated_attributes(500, 0)
    codes = np.random.default_rng(1).standard_normal((500, 5)) + 4
    expected = [codes[present[:, k] == 1].mean(0) - codes[present[:, k] == 0].mean(0) for k in range(3)]
    assert np.allclose(mean_differences(torch.from_numpy(codes), torch.from_numpy(present)), expected)


def test_only_partial_directions_separate_attributes_that_occur_together():
    """Codes are exactly linear in the attributes."""
    present = correlated_attributes(20_000, 0)
    codes = present @ EFFECTS + 7
    assert np.allclose(partial_directions(codes, present), EFFECTS, atol=1e-9)
    # The second attribute carries 0.8 − 0.2 of the first with it, and the first as much of the second.
    carried = mean_differences(codes, present)
    assert np.allclose(carried[1], EFFECTS[1] + 0.6 * EFFECTS[0], atol=0.03)
    assert np.allclose(carried[0], EFFECTS[0] + 0.6 * EFFECTS[1], atol=0.03)
    assert np.allclose(carried[2], EFFECTS[2], atol=0.06)


def test_an_attribute_that_follows_from_others_has_no_effect_of_its_own():
    present = correlated_attributes(1000, 0)[:, :2]
    twice = np.column_stack([present, present[:, 0]])
    directions = partial_directions(present @ EFFECTS[:2], twice)
    assert np.allclose(directions, [EFFECTS[0] / 2, EFFECTS[1], EFFECTS[0] / 2])


# Probes


def shifted(count, gap, seed, share=0.5):
    """One unit of noise N(0, 1), and one whose mean differs by ``gap`` between images with and without."""
    generator = np.random.default_rng(seed)
    present = (generator.random((count, 1)) < share).astype(int)
    return generator.standard_normal((count, 2)) + present * [gap, 0], present


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_a_probe_reaches_the_best_possible_accuracy(share):
    """Two Gaussians of variance 1, a gap g apart, are told apart in Φ(g/2) of the cases, however rare one of them."""
    probe = linear_probe(*shifted(20_000, 2.0, 0, share), test=shifted(5_000, 2.0, 1, share))
    assert probe.low < norm.cdf(1) < probe.high
    assert probe.accuracy == pytest.approx(norm.cdf(1), abs=0.025)
    # Spread of the mean of two shares, of those with and without the attribute.
    hit = norm.cdf(1) * norm.sf(1)
    spread = np.sqrt(hit / (5000 * share) + hit / (5000 * (1 - share))) / 2
    assert probe.high - probe.low == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_a_probe_of_noise_is_at_chance_and_scale_does_not_matter():
    codes, present = shifted(2_000, 0.0, 0)
    assert linear_probe(codes, present, test=shifted(4_000, 0.0, 1)).accuracy == pytest.approx(0.5, abs=0.03)
    (known, known_attributes), (other, other_attributes) = shifted(2_000, 1.0, 2), shifted(2_000, 1.0, 3)
    scale = np.array([1e-4, 1e4])
    plain = linear_probe(known, known_attributes, (other, other_attributes))
    scaled = linear_probe(known * scale + 3, known_attributes, (other * scale + 3, other_attributes))
    assert np.allclose(plain.accuracy, scaled.accuracy, atol=2e-3)


def test_the_accuracy_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    (codes, present), (other, answers) = shifted(800, 1.0, 0, 0.2), shifted(300, 1.0, 1, 0.2)
    regression = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    guessed = regression.fit(codes, present[:, 0]).predict(other)
    assert linear_probe(codes, present, (other, answers)).accuracy == pytest.approx(
        balanced_accuracy_score(answers[:, 0], guessed)
    )


def test_plain_accuracy_is_compared_with_the_commoner_answer():
    """Two Gaussians a gap apart, one of them rare: the best rule answers by the density times the share."""
    share, gap = 0.1, 1.0
    known, test = shifted(20_000, gap, 0, share), shifted(20_000, gap, 1, share)
    cut = gap / 2 + np.log((1 - share) / share) / gap
    best = share * norm.sf(cut - gap) + (1 - share) * norm.cdf(cut)
    probe = linear_probe(*known, test, balanced=False)
    assert probe.guess == 1 - test[1].mean()
    assert probe.accuracy == pytest.approx(best, abs=0.008)
    assert not probe.beats_guessing[0]  # 90.6 % against 90 %: within the interval
    easy = linear_probe(*shifted(2_000, 4.0, 0), shifted(2_000, 4.0, 1), balanced=False)
    assert easy.beats_guessing[0]
    assert linear_probe(*known, test).guess == 0.5


def test_the_commoner_answer_is_that_of_the_training_images():
    (codes, present), (other, answers) = shifted(400, 1.0, 0, 0.2), shifted(400, 1.0, 1, 0.8)
    probe = linear_probe(codes, present, (other, answers), balanced=False)
    assert probe.guess == pytest.approx(1 - answers.mean())


def test_a_large_penalty_leaves_the_commoner_answer():
    probe = linear_probe(*shifted(500, 2.0, 0, 0.3), shifted(500, 2.0, 1, 0.3), balanced=False, penalty=1e9)
    assert probe.accuracy == probe.guess


# Single units


def coded(count, seed, strength=1.0):
    """Attributes, and codes with two units each that know them, the later ones less, among ten of noise."""
    generator = np.random.default_rng(seed)
    present = (generator.random((count, 3)) < [0.5, 0.3, 0.1]).astype(int)
    codes = generator.standard_normal((count, 16))
    codes[:, 10:13] -= strength * present
    codes[:, 13:] += 0.3 * strength * present
    return codes, present


def test_the_right_units_are_found_and_their_correlation_is_that_on_test_images():
    test = coded(1500, 1)
    found = best_units(*coded(4000, 0), test=test)
    assert found.unit.tolist() == [10, 11, 12]
    assert found.passed.all()
    assert (found.training < 0).all()
    for k in range(3):
        theirs = pearsonr(test[0][:, 10 + k], test[1][:, k])
        assert found.correlation[k] == pytest.approx(theirs.statistic)
        # Fisher's interval is that of Gaussians; a unit and an attribute are nearly so.
        assert found.low[k] == pytest.approx(theirs.confidence_interval().low, abs=0.02)
        assert found.high[k] == pytest.approx(theirs.confidence_interval().high, abs=0.02)


def test_the_bar_is_passed_by_chance_in_five_per_cent_of_the_cases_for_all_attributes_together():
    passed, intervals, inflated = 0, [], []
    for trial in range(200):
        generator = np.random.default_rng(trial)
        codes, other = generator.standard_normal((2, 150, 20))
        known, asked = (generator.random((2, 150, 12)) < 0.4).astype(int)
        found = best_units(codes, known, (other, asked), repetitions=200, seed=trial)
        passed += (np.abs(found.correlation) > found.bar).any()
        intervals.append((found.low < 0) & (found.high > 0))
        inflated.append(np.abs(found.training).mean() / np.abs(found.correlation).mean())
    assert 2 <= passed <= 22  # of 200, 10 ± 3.1 expected
    assert np.mean(intervals) == pytest.approx(0.94, abs=0.02)  # a little below 95 % with so few resamples
    assert np.mean(inflated) > 2  # on the images where they were chosen units of noise look good


def test_a_correlation_that_changes_its_sign_does_not_pass():
    codes, present = coded(2000, 0)
    other, asked = coded(2000, 1)
    other[:, 11] *= -1
    found = best_units(codes, present, (other, asked))
    assert np.abs(found.correlation[1]) > found.bar
    assert found.passed.tolist() == [True, False, True]


def test_a_collapsed_unit_is_never_chosen():
    codes, present = coded(500, 0)
    codes[:, 3] = 1.5
    assert 3 not in best_units(codes, present, coded(500, 1)).unit


def test_runs_are_repeatable_and_tensors_do():
    codes, present = (torch.from_numpy(values) for values in coded(300, 0))
    test = tuple(torch.from_numpy(values) for values in coded(300, 1))
    first, second = (best_units(codes.float(), present, test, seed=3) for _ in range(2))
    assert first.bar == second.bar
    assert np.array_equal(first.low, second.low)
    assert best_units(codes, present, test, seed=4).bar != first.bar


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda codes, present: (codes, present + 1), "attributes are 0 or 1, got 1 to 2: compare with a threshold"),
        (lambda codes, present: (codes, present * [1, 0, 1]), "attribute 1 is the same for all images: leave it out"),
        (lambda codes, present: (codes[1:], present), "99 codes and 100 rows"),
        (lambda codes, present: (codes * np.nan, present), "codes hold NaN"),
        (lambda codes, present: (codes, present[:, 0]), r"factors must have shape \(N, K\)"),
    ],
)
def test_bad_input_is_refused_in_one_line(change, message):
    given, test = coded(100, 0), coded(100, 1)
    for call in (
        lambda: mean_differences(*change(*given)),
        lambda: partial_directions(*change(*given)),
        lambda: linear_probe(*change(*given), test),
        lambda: best_units(*change(*given), test),
        lambda: best_units(*given, change(*test)),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_test_images_of_other_units_are_refused():
    given, (codes, present) = coded(100, 0), coded(100, 1)
    for test in ((codes[:, 1:], present), (codes, present[:, 1:])):
        with pytest.raises(ValueError, match="test must be a pair"):
            best_units(*given, test)


def test_the_module_is_reachable():
    assert vc.attributes is module
