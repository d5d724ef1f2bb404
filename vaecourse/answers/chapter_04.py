"""The answers of chapter 4."""

import math

from vaecourse.answers.verdicts import Function, Value


def _moment(n, mu, variance):
    precision = n / variance + 1 - n
    exponent = (n * mu / variance) ** 2 / precision - n * mu**2 / variance
    return math.exp(exponent / 2) / math.sqrt(variance**n * precision)


def _divergence(order, mu, variance):
    """By the definition, on a grid: no binomial theorem that both could get wrong."""
    step = 0.001
    grid = [step * index for index in range(-15_000, 15_001)]
    total = 0.0
    for z in grid:
        prior = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        ratio = math.exp(z**2 / 2 - (z - mu) ** 2 / (2 * variance)) / math.sqrt(variance)
        total += prior * sum((1 - ratio) ** n / (n * (n - 1)) for n in range(2, order + 1))
    return step * total


ANSWERS = {
    "4.1": Value([1 / 3, 2 / 3, 2 / 3]),
    "4.2": Value(3),
    "4.3": Value([0.25 - math.log(0.25), 0.5 * (1.25 - math.log(0.25))]),
    "4.4": Value([0.5, 1 / math.sqrt(3)]),
    "4.5a": Value(math.sqrt(15) / 4, tolerance=0.05),
    "4.5b": Value(math.sqrt(15) / 4),
    "4.6": Value(3.5),
    "4.7a": Function(_moment, [(1, 0.5, 0.7), (2, 0.5, 0.7), (3, 0.1, 0.95)], tolerance=1e-6),
    "4.7b": Function(_divergence, [(2, 0.1, 0.95), (4, 0.1, 0.95), (4, 0.5, 0.7), (6, 1.0, 0.5)], tolerance=1e-6),
    "4.8": Value([2, 4 / 3, 10 / 9]),
}
