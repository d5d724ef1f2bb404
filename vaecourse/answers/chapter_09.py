"""The answers of chapter 9."""

import math

import numpy as np
import torch

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


def _turned(codes, first, second, degrees):
    angle, new = math.radians(degrees), codes.clone()
    new[:, first] = math.cos(angle) * codes[:, first] - math.sin(angle) * codes[:, second]
    new[:, second] = math.sin(angle) * codes[:, first] + math.cos(angle) * codes[:, second]
    return new


CODES = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]])

ANSWERS = {
    "9.1": Value(1 - math.log(2) / math.log(40)),
    "9.2": Value(_gap_by_entropy, tolerance=1e-4),
    "9.3": Value(lambda importance: [_concentrated(importance), _concentrated(importance.T)]),
    "9.4": Function(_turned, [(CODES, 0, 2, 30), (CODES, 2, 1, 90)]),
    "9.5a": Exact("fd65ab7cc39a338d"),
    "9.5b": Value(0.5 * math.log(0.0025 / 0.13**2)),
}
