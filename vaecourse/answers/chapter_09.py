"""The answers of chapter 9."""

import math

import numpy as np

from vaecourse.answers.verdicts import Exact, Function, Value


def _gap_by_entropy(information):
    second, first = np.sort(information[:, 0])[-2:]
    return (first - second) / math.log(4)


def _concentrated(importance):
    """Mean of 1 − entropy of each row's shares, rows weighted by their sums."""
    weights = importance.sum(1) / importance.sum()
    shares = importance / importance.sum(1, keepdims=True)
    entropies = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(1)
    return weights @ (1 - entropies / math.log(importance.shape[1]))


ANSWERS = {
    "9.1": Value(1 - math.log(2) / math.log(40)),
    "9.2": Value(_gap_by_entropy, tolerance=1e-4),
    "9.3": Value(lambda importance: [_concentrated(importance), _concentrated(importance.T)]),
    "9.4": Value(lambda by_unit: by_unit.T),
    "9.5": Function(lambda codes: codes.var(0, correction=0), lambda codes: [(codes,)]),
    "9.6a": Exact("a5a8d7d9dbf9c0d1"),
    "9.6b": Value(0.5 * math.log(0.0025 / 0.13**2)),
}
