"""Scores that need pictures made to order, with one factor held: FactorVAE's and β-VAE's."""

import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from vaecourse.metrics.factors import checked_codes, varying
from vaecourse.metrics.scores import Score

# Rows of factors given to encode at once.
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
    """FactorVAE's score (Kim and Mnih, 2018, section 4): how surely the steadiest unit tells which factor was held.

    A group of images has one factor in common, all others at random; it votes for the unit whose variance in the group,
    divided by that over all images, is the smallest. Each unit stands for the factor that it got the most votes from;
    the score is the share of other groups that are then told rightly. Units that never vary do not stand for election.

    Parameters
    ----------
    encode : function
        From factors, an int64 array (n, K), to the codes (n, d) of their images, as array or Tensor: renders and
        encodes.
    factor_sizes : sequence of int
        How many classes each factor has. One of a single class is never held.
    group_size, train_groups, test_groups, variance_images : int
        The defaults are those of disentanglement_lib, and 970,000 images are encoded. Fewer are quicker, and the
        protocol says so.
    seed : int
        Of the factors.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the training votes for each unit while each factor was held. If no unit varies,
        the score is 0.

    Raises
    ------
    ValueError
        If fewer than two factors have two classes, a number is too small, or encode returns anything but codes.
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
    """β-VAE's score (Higgins et al., 2017, section 3): how surely a linear classifier tells which factor was held.

    Both images of a pair have one factor in common, all others at random. From the mean of ``|z − z'|`` over a group of
    pairs, logistic regression (scikit-learn's, as in disentanglement_lib) tells which factor it was; the score is its
    accuracy on other groups. Rotated codes can score high, and chance scores one over the number of factors. Codes
    are not scaled: of codes much smaller than 1 the score is low.

    Parameters and errors are those of :func:`factor_vae_score`; with the defaults 1,920,000 images are encoded.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the mean ``|z − z'|`` of each unit while each factor was held.
    """
    from sklearn.linear_model import LogisticRegression

    sizes, held = _check_settings(encode, factor_sizes, train_groups, group_size, test_groups)
    random = np.random.default_rng(seed)
    # Every factor is held in training: in few groups chance may leave one out.
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
    """Codes (groups, images, d) of groups of images, a few groups at a time.

    ``factor`` (groups,) is held in each group: image i has its value from image ``shared[i]``.
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
    """The sizes as an array, and the factors that can be held."""
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
