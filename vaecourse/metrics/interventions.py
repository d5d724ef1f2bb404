"""Scores that need images rendered with one factor held fixed: those of FactorVAE and the β-VAE."""

import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from vaecourse.metrics.factors import checked_codes, varying
from vaecourse.metrics.scores import Score

# Number of rows of factors that encode is given at once.
ROWS_AT_ONCE = 8192


def factor_vae_score(
    encode: Callable[[np.ndarray], np.ndarray],
    factor_sizes: Sequence[int],
    group_size: int = 64,
    train_groups: int = 10_000,
    test_groups: int = 5_000,
    variance_images: int = 10_000,
    seed: int = 0,
) -> Score:
    """FactorVAE's score (Kim and Mnih, 2018, section 4): how well the unit of least variance predicts the factor held.

    A group of images has one factor in common, and all others are random. Its vote goes to the unit whose variance in
    the group, divided by that over all images, is the smallest. Each unit predicts the factor whose groups gave it the
    most votes; the score is the accuracy on other groups. Constant units are excluded from the vote.

    Parameters
    ----------
    encode : function
        Function from factors, an int64 array (n, K), to the codes (n, d) of the images with these factors, as array or
        Tensor.
    factor_sizes : sequence of int
        Number of classes of each factor. A factor of a single class is never held.
    group_size, train_groups, test_groups, variance_images : int
        Images per group, groups to train and to test on, and images for the overall variances. The defaults are those
        of disentanglement_lib: 970,000 images are encoded. The protocol of the score holds these numbers.
    seed : int
        Seed of the factors.

    Returns
    -------
    Score
        Score whose ``matrix`` (d, K) holds the training votes for each unit while each factor was held. If no unit
        varies, the score is 0.

    Raises
    ------
    ValueError
        If fewer than two factors have two classes, a number is too small, or encode does not return codes.
    """
    sizes, held = _check_settings(encode, factor_sizes, train_groups, group_size, test_groups, variance_images)
    random = np.random.default_rng(seed)
    codes = _codes(encode, random.integers(sizes, size=(variance_images, len(sizes))))
    variances, active = codes.var(0, dtype=np.float64), varying(codes)
    votes = np.zeros((2, len(variances), len(sizes)), dtype=np.int64)
    if active.any():
        units = np.flatnonzero(active)
        for part, groups in enumerate((train_groups, test_groups)):
            factor = random.choice(held, groups)
            steady = [
                np.argmin(codes[:, :, active].var(1, dtype=np.float64) / variances[active], axis=1)
                for codes in _groups(encode, random, sizes, factor, np.zeros(group_size, dtype=int))
            ]
            np.add.at(votes[part], (units[np.concatenate(steady)], factor), 1)
    training, tested = votes
    right = tested[np.arange(len(tested)), training.argmax(1)].sum()
    protocol = _protocol(group_size, train_groups, test_groups, seed) | {"variance images": variance_images}
    return Score("FactorVAE score", float(right / test_groups), training.astype(np.float64), protocol)


def beta_vae_score(
    encode: Callable[[np.ndarray], np.ndarray],
    factor_sizes: Sequence[int],
    group_size: int = 64,
    train_groups: int = 10_000,
    test_groups: int = 5_000,
    seed: int = 0,
) -> Score:
    """β-VAE's score (Higgins et al., 2017, section 3): how well a linear classifier predicts the factor held.

    Both images of a pair have one factor in common, and all others are random. Logistic regression (scikit-learn's, as
    in disentanglement_lib) predicts that factor from the mean of ``|z − z'|`` over a group of pairs; the score is its
    accuracy on other groups. Rotated codes can score high. Chance level is one over the number of factors. Codes are
    not scaled, so the score of codes much smaller than 1 is low.

    Parameters and errors are those of :func:`factor_vae_score`; with the defaults 1,920,000 images are encoded.

    Returns
    -------
    Score
        Score whose ``matrix`` (d, K) holds the mean ``|z − z'|`` of each unit while each factor was held.
    """
    from sklearn.linear_model import LogisticRegression

    sizes, held = _check_settings(encode, factor_sizes, train_groups, group_size, test_groups)
    random = np.random.default_rng(seed)
    # Factors take turns in training, because a random choice could leave one out if groups are few.
    factor = np.concatenate([held[np.arange(train_groups) % len(held)], random.choice(held, test_groups)])
    partners = np.tile(np.arange(group_size), 2)
    differences = np.concatenate([
        np.abs(codes[:, :group_size] - codes[:, group_size:]).mean(1, dtype=np.float64)
        for codes in _groups(encode, random, sizes, factor, partners)
    ])  # fmt: skip
    known, told = factor[:train_groups], differences[:train_groups]
    model = LogisticRegression(max_iter=10_000).fit(told, known)
    matrix = np.zeros((told.shape[1], len(sizes)))
    for j in held:
        matrix[:, j] = told[known == j].mean(0)
    score = np.mean(model.predict(differences[train_groups:]) == factor[train_groups:])
    return Score("β-VAE score", float(score), matrix, _protocol(group_size, train_groups, test_groups, seed))


def _groups(encode, random, sizes: np.ndarray, factor: np.ndarray, shared: np.ndarray) -> Iterator[np.ndarray]:
    """Yield codes (groups, images, d) of groups of images, a few groups at a time.

    In each group, image i takes the value of the held ``factor`` (groups,) from image ``shared[i]``.
    """
    for held in np.array_split(factor, max(1, len(factor) * len(shared) // ROWS_AT_ONCE)):
        factors = random.integers(sizes, size=(len(held), len(shared), len(sizes)))
        groups = np.arange(len(held))
        factors[groups, :, held] = factors[groups[:, None], shared, held[:, None]]
        codes = _codes(encode, factors.reshape(-1, len(sizes)))
        yield codes.reshape(len(held), len(shared), -1)


def _codes(encode, factors: np.ndarray) -> np.ndarray:
    codes = checked_codes(encode(factors))
    if len(codes) != len(factors):
        raise ValueError(f"encode returned {len(codes)} codes for {len(factors)} rows of factors")
    return codes


def _check_settings(encode, factor_sizes, train_groups: int, *numbers: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes as an array, and the factors that can be held."""
    if not callable(encode):
        raise TypeError(f"encode must be a function from factors (n, K) to codes (n, d), got {type(encode).__name__}")
    sizes = np.array([operator.index(size) for size in factor_sizes])
    held = np.flatnonzero(sizes > 1)
    if len(held) < 2 or sizes.min() < 1:
        raise ValueError(f"at least two factors must have two classes or more, got sizes {sizes.tolist()}")
    if train_groups < len(held):
        raise ValueError(f"train with at least as many groups as factors, {len(held)}, got {train_groups}")
    if min(numbers) < 2:
        raise ValueError(f"groups, their size and the images of the variance must be 2 or more, got {min(numbers)}")
    return sizes, held


def _protocol(group_size: int, train_groups: int, test_groups: int, seed: int) -> dict:
    return {"group size": group_size, "training groups": train_groups, "test groups": test_groups, "seed": seed}
