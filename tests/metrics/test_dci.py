"""DCI: its two functions of an importance matrix in closed form, and its learners on codes whose answer is known."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier

from vaecourse.metrics import completeness, dci, disentanglement
from vaecourse.metrics.learners import DIFFERENCE, LEARNERS
from vaecourse.plots import score_matrix

ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(0)
FACTORS = np.stack([RANDOM.integers(size, size=500) for size in (2, 3, 4)], axis=1)
NOISE = RANDOM.standard_normal((500, 3))
PERFECT = FACTORS + 0.01 * NOISE


def test_a_unit_for_each_factor_scores_one():
    for importance in (np.eye(5), np.diag([1.0, 2.0, 7.0]), np.eye(10)[:, :4]):
        assert disentanglement(importance) == pytest.approx(1)
        assert completeness(importance) == pytest.approx(1)


def test_no_importance_scores_zero():
    assert disentanglement(np.zeros((10, 5))) == 0
    assert completeness(np.zeros((10, 5))) == 0


def test_even_importance_scores_zero():
    assert disentanglement(np.ones((10, 5))) == pytest.approx(0)
    assert completeness(np.ones((10, 5))) == pytest.approx(0)


def test_one_unit_for_two_of_ten_factors():
    alone = np.zeros((1, 10))
    alone[0, :2] = 0.5
    expected = 1 - math.log(2) / math.log(10)
    assert disentanglement(alone) == pytest.approx(expected, abs=1e-12)
    # Beside eight units for one factor each it has two of the ten shares.
    units = np.zeros((9, 10))
    units[0, :2] = 1
    units[np.arange(1, 9), np.arange(2, 10)] = 1
    assert disentanglement(units) == pytest.approx(0.8 + 0.2 * expected, abs=1e-12)
    assert completeness(units) == pytest.approx(1)


@pytest.mark.parametrize("factors", [2, 5])
def test_two_redundant_units_for_each_factor(factors):
    importance = np.vstack([np.eye(factors), np.eye(factors)]) / 2
    assert disentanglement(importance) == pytest.approx(1)
    assert completeness(importance) == pytest.approx(1 - math.log(2) / math.log(2 * factors), abs=1e-12)


def test_units_and_factors_count_by_their_share_of_importance():
    # A pure unit of share 3/4 and an even one of 1/4: the plain mean would be 1/2.
    assert disentanglement([[3.0, 0.0], [0.5, 0.5]]) == pytest.approx(0.75)
    assert completeness([[3.0, 0.5], [0.0, 0.5]]) == pytest.approx(0.75)


def test_rows_are_units_and_columns_factors():
    # Four units for one factor each of two: every unit is pure, no factor is complete.
    importance = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    assert (disentanglement(importance), completeness(importance)) == (pytest.approx(1), pytest.approx(0.5))
    assert (disentanglement(importance.T), completeness(importance.T)) == (pytest.approx(0.5), pytest.approx(1))


def test_order_and_scale_do_not_matter():
    importance = RANDOM.random((8, 5))
    for score in (disentanglement, completeness):
        expected = score(importance)
        assert score(importance[::-1, ::-1]) == pytest.approx(expected)
        assert score(1e-300 * importance) == pytest.approx(expected)
        assert score(torch.tensor(importance)) == pytest.approx(expected)
        # Units without any importance belong to no factor; they do leave more units to be spread over.
        assert disentanglement(np.vstack([importance, np.zeros((3, 5))])) == pytest.approx(disentanglement(importance))


def test_a_single_factor_or_unit_leaves_nothing_to_be_mixed():
    assert disentanglement([[1.0], [1.0]]) == 1
    assert completeness([[1.0, 1.0]]) == 1
    assert disentanglement([[0.0], [0.0]]) == 0


def _mean_concentration(rows):
    """Σ share · (1 − H) of the rows, by scipy's entropy and with the 1e-11 that disentanglement_lib adds."""
    return (1 - entropy(rows + 1e-11, base=rows.shape[1], axis=1)) @ rows.sum(1) / rows.sum()


@pytest.mark.parametrize("shape", [(10, 5), (3, 5), (5, 5), (64, 5), (2, 2)])
def test_both_are_those_of_entropies_by_scipy(shape):
    random = np.random.default_rng(5)
    even, sparse = random.random(shape), random.random(shape) * (random.random(shape) < 0.4)
    sparse[0, 0] = 1
    for importance in (even, sparse, even**8):
        importance = importance / np.maximum(importance.sum(0), 1e-300)  # as a learner's, of sum 1 or 0
        assert disentanglement(importance) == pytest.approx(_mean_concentration(importance), abs=1e-8)
        assert completeness(importance) == pytest.approx(_mean_concentration(importance.T), abs=1e-8)
        single = importance.astype(np.float32)
        assert disentanglement(single) == pytest.approx(disentanglement(importance), abs=1e-6)


@pytest.mark.parametrize("importance", [[[np.nan, 1]], [[-1.0, 1]], [[np.inf, 1]], [1.0, 2.0], np.zeros((0, 3))])
def test_a_matrix_that_is_none_is_refused(importance):
    for score in (disentanglement, completeness):
        with pytest.raises(ValueError, match="importance must"):
            score(importance)


@pytest.mark.parametrize("learner", ["boosted_trees", "lasso"])
def test_perfect_codes_score_near_one(learner):
    result = dci(PERFECT, FACTORS, learner)
    assert result.disentanglement > 0.95
    assert result.completeness > 0.95
    assert result.informativeness > 0.98
    assert result.importance.argmax(0).tolist() == [0, 1, 2]
    np.testing.assert_allclose(result.importance.sum(0), 1)
    reference = result.protocol.pop("reference learner")
    assert reference.startswith("gradient_boosting, as in disentanglement_lib")
    assert ("disentanglement differs by up to" in reference) == (learner == "boosted_trees")
    assert result.protocol == {
        "learner": learner,
        "training images": 400,
        "test images": 100,
        "split": "random, seed 0",
    }


def test_noise_tells_nothing_that_holds_for_other_images():
    result = dci(NOISE, FACTORS)
    assert result.disentanglement < 0.1
    assert result.completeness < 0.1
    # By chance 1/2, 1/3 and 1/4. The trees have learned their images by heart.
    assert result.informativeness == pytest.approx(13 / 36, abs=0.1)
    assert result.training_informativeness > 0.9


@pytest.mark.parametrize("copy", [PERFECT, 3 * PERFECT, -PERFECT, PERFECT + 1e-3 * NOISE[::-1]])
def test_copies_share_their_importance(copy):
    result = dci(np.hstack([PERFECT, copy]), FACTORS)
    assert result.disentanglement > 0.95
    assert result.completeness == pytest.approx(1 - math.log(2) / math.log(6), abs=0.08)


def test_the_reference_protocol_is_that_of_scikit_learn():
    train, test = slice(0, 200), slice(200, 300)
    codes = (PERFECT + NOISE)[:, :2]
    result = dci(codes[train], FACTORS[train, :2], "gradient_boosting", test=(codes[test], FACTORS[test, :2]), seed=3)
    models = [GradientBoostingClassifier(random_state=3).fit(codes[train], FACTORS[train, j]) for j in range(2)]
    np.testing.assert_allclose(result.importance.T, [model.feature_importances_ for model in models])
    accuracies = [model.score(codes[test], FACTORS[test, j]) for j, model in enumerate(models)]
    assert result.informativeness == pytest.approx(np.mean(accuracies))
    importance = np.stack([model.feature_importances_ for model in models], axis=1)
    assert result.disentanglement == pytest.approx(_mean_concentration(importance), abs=1e-8)
    assert result.completeness == pytest.approx(_mean_concentration(importance.T), abs=1e-8)
    assert result.protocol["split"] == "as given"
    assert "reference learner" not in result.protocol


def test_the_stated_distance_from_the_reference_is_the_measured_one():
    found = json.loads((ROOT / "results" / "dci_learners" / "known_codes.json").read_text())["largest_difference"]
    assert {name: round(value, 3) for name, value in found.items()} == DIFFERENCE


def test_importances_that_rounding_puts_below_zero_count_as_zero(monkeypatch):
    class Classifier:
        feature_importances_ = np.array([1.0, -6.5e-19, 0.0])

        def __init__(self, random_state): ...

        def fit(self, codes, factor):
            return self

        def score(self, codes, factor):
            return 1.0

    monkeypatch.setattr("sklearn.ensemble.GradientBoostingClassifier", Classifier)
    assert dci(PERFECT[:100], FACTORS[:100], "gradient_boosting").importance.min() == 0


@pytest.mark.parametrize("mixing", [np.eye(3), np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]])
def test_the_default_learner_agrees_with_the_reference(mixing):
    codes = (FACTORS / FACTORS.std(0)) @ mixing + 0.3 * NOISE
    test = (codes, FACTORS)
    quick, reference = (dci(codes, FACTORS, learner, test) for learner in ("boosted_trees", "gradient_boosting"))
    assert quick.disentanglement == pytest.approx(reference.disentanglement, abs=0.08)
    assert quick.completeness == pytest.approx(reference.completeness, abs=0.08)


def test_a_forest_gives_units_of_other_factors_a_large_share():
    trees, forest = (dci(PERFECT, FACTORS, learner) for learner in ("boosted_trees", "random_forest"))
    assert forest.informativeness == trees.informativeness == 1
    assert forest.disentanglement < 0.8 < 0.99 < trees.disentanglement


def test_the_lasso_sees_lines_only():
    codes = (FACTORS[:, 2:] - 1.5) ** 2 + 0.01 * NOISE[:, :1]
    assert dci(codes, FACTORS[:, 2:], "lasso").informativeness < 0.1
    halves = np.isin(FACTORS[:, 2:], (1, 2)).astype(int)
    assert dci(codes, halves).informativeness == 1


def test_scores_are_repeatable_and_seeded():
    codes = PERFECT + 0.5 * NOISE
    first, again, other = (dci(codes[:100], FACTORS[:100], seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.importance, again.importance)
    assert first.informativeness == again.informativeness
    assert not np.array_equal(first.importance, other.importance)


@pytest.mark.parametrize("learner", LEARNERS)
def test_degenerate_codes_have_a_defined_answer(learner):
    few = np.random.default_rng(4).standard_normal((12, 30))
    one_value = np.hstack([np.zeros((12, 1), dtype=int), FACTORS[:12]])
    for codes, factors in ((1e29 * few, FACTORS[:12]), (few, one_value)):
        result = dci(codes, factors, learner)
        numbers = (result.disentanglement, result.completeness, result.informativeness, result.training_informativeness)
        assert all(0 <= number <= 1 for number in numbers)
        assert np.isfinite(result.importance).all()
    assert result.protocol["factors scored"] == [1, 2, 3]
    constant = dci(np.ones((12, 2)), FACTORS[:12], learner)
    assert (constant.disentanglement, constant.completeness) == (0, 0)


def test_the_figure_shows_the_importances():
    result = dci(PERFECT[:60], FACTORS[:60], "lasso")
    np.testing.assert_array_equal(score_matrix(result).axes[0].images[0].get_array(), result.importance.T)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learner": "lightgbm"}, "learner must be one of boosted_trees, "),
        ({"test": (PERFECT[:, :1], FACTORS)}, "the units and the factors of the others"),
        ({"test": (PERFECT, FACTORS[:, :1])}, "the units and the factors of the others"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        dci(**({"codes": PERFECT, "factors": FACTORS} | arguments))


def test_factors_that_vary_in_the_test_images_only_are_refused():
    with pytest.raises(ValueError, match="varies over the training images"):
        dci(PERFECT[:2], np.array([[0], [1]]), seed=0)
