"""The answers of chapter 8."""

import math

import torch

from vaecourse.answers.verdicts import Exact, Value

ANSWERS = {
    "8.1": Value([10 / 64, 784 / 64, 7840]),
    "8.2": Value([1.5 * math.log(5) - 0.5 * math.log(2), 0.5 * math.log(2), 0]),
    "8.3": Value(lambda of_real: torch.logit(of_real).mean()),
    "8.4": Value([32, (64 * 63 * 127 + 64 * 255) / 128**2]),
    "8.5": Value(17.6 - (16.9 + 4 / 12 * 1.3)),
    "8.6": Exact("c04102d41c3a88d2"),
}
