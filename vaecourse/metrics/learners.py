"""The learners of DCI: each predicts one factor from codes and gives the importance of each unit."""

from collections.abc import Callable

import numpy as np

from vaecourse.metrics.factors import varying

# Penalty of the lasso, for codes and factors of variance 1.
LASSO_PENALTY = 0.02

# A learner takes codes (N, d), one factor (N,), test codes, a test factor and a seed, and returns the importance of
# each unit (d,), its accuracy on the training images, and its accuracy on the test images.
Learner = Callable[..., tuple[np.ndarray, float, float]]


def gradient_boosting(codes, factor, test_codes, test_factor, seed):
    """Scikit-learn's GradientBoostingClassifier with its defaults, as in disentanglement_lib; it takes minutes."""
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(random_state=seed).fit(codes, factor)
    # Rounding can put the importance of a unit of noise just below 0.
    return np.maximum(model.feature_importances_, 0), model.score(codes, factor), model.score(test_codes, test_factor)


def boosted_trees(codes, factor, test_codes, test_factor, seed):
    """The same trees on histograms of the codes, grown for all classes at once; it takes seconds."""
    from vaecourse.metrics.solvers.boosting import boost  # here, because it imports parts of SciPy that take a while

    importance, learned, told = boost(codes, factor, test_codes, seed)
    return importance, float(np.mean(learned == factor)), float(np.mean(told == test_factor))


def random_forest(codes, factor, test_codes, test_factor, seed):
    """Scikit-learn's RandomForestClassifier with its defaults: 100 full trees."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(random_state=seed).fit(codes, factor)
    return model.feature_importances_, model.score(codes, factor), model.score(test_codes, test_factor)


def lasso(codes, factor, test_codes, test_factor, seed):
    """Lasso regression of the class number (Eastwood and Williams, 2018): absolute weights, and R² as accuracy."""
    from sklearn.linear_model import Lasso

    mean, spread = codes.mean(0, dtype=np.float64), np.where(varying(codes), codes.std(0, dtype=np.float64), np.inf)
    centre, scale = factor.mean(), factor.std()
    model = Lasso(alpha=LASSO_PENALTY).fit((codes - mean) / spread, (factor - centre) / scale)

    def explained(codes, factor):
        amounts = (factor - centre) / scale
        errors = ((amounts - model.predict((codes - mean) / spread)) ** 2).sum()
        return float(np.clip(1 - errors / max((amounts**2).sum(), np.finfo(float).tiny), 0, 1))

    return np.abs(model.coef_), explained(codes, factor), explained(test_codes, test_factor)


REFERENCE = "gradient_boosting"
# By how much D, C and informativeness of "boosted_trees" differ from the reference at most, on codes whose scores are
# known: results/dci_learners/known_codes.json, made by experiments/dci_learners.py.
DIFFERENCE = {"disentanglement": 0.015, "completeness": 0.02, "informativeness": 0.008}


def beside_the_reference(learner: str) -> dict:
    """Return the part of a protocol that says that a learner is not that of disentanglement_lib, and how far off."""
    if learner == REFERENCE:
        return {}
    text = f"{REFERENCE}, as in disentanglement_lib"
    if learner == "boosted_trees":
        text += "; on known codes " + ", ".join(f"{name} differs by up to {most}" for name, most in DIFFERENCE.items())
    return {"reference learner": text}


LEARNERS: dict[str, Learner] = {
    "boosted_trees": boosted_trees,
    "gradient_boosting": gradient_boosting,
    "random_forest": random_forest,
    "lasso": lasso,
}
