"""Attributes of images in latent codes: directions, probes and single units. Probes and units have held-out tests.

An attribute is 0 or 1 for every image, such as "Smiling" of CelebA. Codes (N, d) and attributes (N, K) are arrays
or tensors; ``test`` is the pair of both for other images. Test images are not used to choose or to fit anything.
"""

from dataclasses import dataclass

import numpy as np

from vaecourse.metrics.factors import checked

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Probe:
    """The accuracy with which attributes are predicted on test images: arrays (K,).

    Parameters
    ----------
    accuracy : array
        Balanced accuracy, the mean of the accuracies on images with and without the attribute; or the share of all
        images that are predicted correctly.
    low, high : array
        Ends of the bootstrap interval of 95 % over the test images.
    guess : array
        The accuracy, of the same kind, of always giving the commoner answer of the training images: 0.5 if balanced.
    """

    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray
    guess: np.ndarray

    @property
    def beats_guessing(self) -> np.ndarray:
        """For which attributes the whole interval lies above the guess."""
        return self.low > self.guess


@dataclass(frozen=True)
class BestUnits:
    """For each attribute the unit that correlates most with it on the training images: arrays (K,).

    Parameters
    ----------
    unit : integer array
        Index of the unit.
    training, correlation : array
        Pearson correlation of unit and attribute on the training images, where the unit was chosen, and on the test
        images.
    low, high : array
        Ends of the bootstrap interval of 95 % of the correlation on test images.
    bar : float
        Threshold that the largest absolute correlation of the K pairs stays below in 95 % of the shuffles of the test
        images' attributes. If no pair is related, any of them passes it, with the sign of the training images, with a
        probability of 2.5 to 5 %.
    """

    unit: np.ndarray
    training: np.ndarray
    correlation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bar: float

    @property
    def passed(self) -> np.ndarray:
        """Whether each correlation, multiplied by its sign on the training images, is above the bar."""
        return self.correlation * np.sign(self.training) > self.bar


def mean_differences(codes, attributes) -> np.ndarray:
    """Return directions (K, d): the mean code of images with an attribute less that of those without (White, 2016).

    Whatever correlates with the attribute, such as lipstick with "Smiling", is also part of the direction.

    Raises
    ------
    ValueError
        If attributes are not 0 or 1, all images or none have an attribute, or the numbers of images differ.
    """
    codes, attributes = _checked(codes, attributes)
    shares = attributes.mean(0)
    return (attributes - shares).T @ codes / len(codes) / (shares * (1 - shares))[:, None]


def partial_directions(codes, attributes) -> np.ndarray:
    """Return directions (K, d): the change of the mean code with one attribute while the other attributes are fixed.

    They are the slopes of a least-squares fit of the codes to all attributes together. If one attribute is a linear
    function of others, the solution of least norm is taken.

    Raises
    ------
    ValueError
        See :func:`mean_differences`.
    """
    codes, attributes = _checked(codes, attributes)
    return np.linalg.lstsq(attributes - attributes.mean(0), codes - codes.mean(0), rcond=None)[0]


def linear_probe(
    codes, attributes, test, repetitions: int = 1000, seed: int = 0, balanced: bool = True, penalty: float = 1.0
) -> Probe:
    """Return the accuracy on ``test`` of a logistic regression of each attribute on all units.

    Units are scaled to unit variance; the regression is scikit-learn's.

    Parameters
    ----------
    balanced : bool
        Whether images with and without the attribute have the same weight, in training and in the accuracy.
    penalty : float
        Weight of half the squared length of the coefficients, beside the sum of the losses of the training images. Many
        units and few images need a large one.
    repetitions : int
        Number of bootstrap resamples of the test images.
    seed : int
        Seed of the resamples.

    Raises
    ------
    ValueError
        See :func:`mean_differences`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    codes, attributes, test_codes, test_attributes = _both(codes, attributes, test)
    scaler = StandardScaler().fit(codes)
    codes, test_codes = scaler.transform(codes), scaler.transform(test_codes)
    right = np.empty(test_attributes.shape)
    for k, values in enumerate(attributes.T):
        weight = "balanced" if balanced else None
        probe = LogisticRegression(C=1 / penalty, class_weight=weight, max_iter=1000).fit(codes, values)
        right[:, k] = probe.predict(test_codes) == test_attributes[:, k]
    weights = np.vstack([np.ones(len(right)), _resamples(len(right), repetitions, seed)])
    if balanced:
        with np.errstate(invalid="ignore"):  # a resample without the attribute
            shares = [weights @ (right * group) / (weights @ group) for group in (test_attributes, 1 - test_attributes)]
        accuracies, guess = np.mean(shares, axis=0), np.full(len(attributes.T), 0.5)
    else:
        accuracies = weights @ right / len(right)
        guess = (test_attributes == (attributes.mean(0) > 0.5)).mean(0)
    return Probe(accuracies[0], *_interval(accuracies[1:]), guess)


def best_units(
    codes,
    attributes,
    test,
    repetitions: int = 1000,
    seed: int = 0,
) -> BestUnits:
    """Choose the unit of each attribute on the training images, and test the choice on others.

    On the training images the correlation is biased upwards, because it is the largest of d. On the test images it
    is not.

    Parameters
    ----------
    repetitions : int
        Number of bootstrap resamples of the test images, and of shuffles.
    seed : int
        Seed of the resamples and the shuffles.

    Raises
    ------
    ValueError
        See :func:`mean_differences`.
    """
    codes, attributes, test_codes, test_attributes = _both(codes, attributes, test)
    all_pairs = _standard(codes).T @ _standard(attributes) / len(codes)
    unit = np.abs(all_pairs).argmax(0)
    chosen, present = test_codes[:, unit], test_attributes.astype(float)
    x, a = _standard(chosen), _standard(present)
    weights = _resamples(len(x), repetitions, seed)
    generator = np.random.default_rng([seed, 1])
    orders = [generator.permutation(len(a)) for _ in range(repetitions)]
    largest = [np.abs((x * a[order]).mean(0)).max() for order in orders]
    bar = float(np.quantile(largest, CONFIDENCE))
    interval = _interval(_weighted_correlations(x, a, weights))
    training = np.take_along_axis(all_pairs, unit[None], axis=0)[0]
    return BestUnits(unit, training, (x * a).mean(0), *interval, bar)


def _checked(codes, attributes) -> tuple[np.ndarray, np.ndarray]:
    codes, attributes = checked(codes, attributes)
    if not np.isin(attributes, (0, 1)).all():
        raise ValueError(
            f"attributes are 0 or 1, got {attributes.min()} to {attributes.max()}: compare with a threshold"
        )
    constant = np.flatnonzero(attributes.min(0) == attributes.max(0))
    if len(constant):
        raise ValueError(f"attribute {constant[0]} is the same for all images: leave it out")
    return codes.astype(np.float64), attributes


def _both(codes, attributes, test) -> tuple[np.ndarray, ...]:
    pairs = _checked(codes, attributes), _checked(*test)
    if any(one.shape[1] != other.shape[1] for one, other in zip(*pairs, strict=True)):
        raise ValueError("test must be a pair (codes, attributes) with the units and the attributes of the others")
    return *pairs[0], *pairs[1]


def _standard(values: np.ndarray) -> np.ndarray:
    """Scale columns to mean 0 and variance 1; a constant column becomes 0, so that its correlations are 0."""
    centred = values - values.mean(0)
    spread = centred.std(0)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)


def _resamples(count: int, repetitions: int, seed: int) -> np.ndarray:
    """Return how often each of ``count`` images occurs in each bootstrap resample: (repetitions, count)."""
    return np.random.default_rng([seed, 0]).multinomial(count, np.full(count, 1 / count), repetitions).astype(float)


def _weighted_correlations(x: np.ndarray, a: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return correlations (repetitions, K) of columns of x and a (N, K) over images with these weights."""
    weights = weights / weights.sum(1, keepdims=True)
    mean_x, mean_a = weights @ x, weights @ a
    covariance = weights @ (x * a) - mean_x * mean_a
    variances = (weights @ x**2 - mean_x**2) * (weights @ a**2 - mean_a**2)
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample without the attribute
        return covariance / np.sqrt(variances)


def _interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the middle 95 % of each column, without resamples where it is undefined."""
    tail = (1 - CONFIDENCE) / 2
    return tuple(np.nanquantile(values, [tail, 1 - tail], axis=0))
