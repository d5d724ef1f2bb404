"""The answers of chapter 3."""

import math

import torch

from vaecourse.answers.verdicts import Exact, Function, Value


def _warm_up(epoch, length):
    return min(epoch / length, 1.0) if length else 1.0


def _charge(rates, floor):
    return torch.stack([unit.mean() if unit.mean() > floor else torch.tensor(floor) for unit in rates.T]).sum()


RATES = torch.tensor([[0.0, 0.1, 3.0], [0.1, 0.7, 1.0]])

ANSWERS = {
    "3.1": Exact("b99cb918c384fc4d"),
    "3.2": Exact("ec74f9c7a2d61e9b"),
    "3.3": Function(_warm_up, [(0, 10), (2.5, 10), (9.99, 10), (10, 10), (25, 10), (3, 0)]),
    "3.4": Function(_charge, [(RATES, 0.25), (RATES, 0.5), (RATES, 0.0)]),
    "3.5": Value(140 / 8 * math.exp(-25 / 8), tolerance=0.011),
}
