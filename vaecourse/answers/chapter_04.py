"""The answers of chapter 4."""

import math

import torch

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


def _mix(means, stds, noise):
    return torch.einsum("kbd->bd", means + stds * noise) / math.sqrt(means.shape[0])


def _centred_powers(images, degree):
    centred, features = 2 * images - 1, []
    for _ in range(degree):
        features.append(features[-1] * centred if features else centred)
    return features


MEANS = torch.tensor([[[0.5, -1.0]], [[2.0, 0.0]], [[1.0, 1.0]]])
STDS = torch.tensor([[[0.5, 1.0]], [[0.2, 2.0]], [[1.0, 0.3]]])
NOISE = torch.tensor([[[1.0, -1.0]], [[0.5, 2.0]], [[-2.0, 0.1]]])
PIXELS = torch.tensor([[[[0.0, 0.3], [0.5, 1.0]]]])

ANSWERS = {
    "4.1": Function(_mix, [(MEANS, STDS, NOISE), (MEANS[:2], STDS[:2], NOISE[:2])]),
    "4.2a": Value(math.sqrt(15) / 4, tolerance=0.05),
    "4.2b": Value(math.sqrt(15) / 4),
    "4.3": Function(_centred_powers, [(PIXELS, 3), (PIXELS, 4)]),
    "4.4": Value(3.5),
    "4.5a": Function(_moment, [(1, 0.5, 0.7), (2, 0.5, 0.7), (3, 0.1, 0.95)], tolerance=1e-6),
    "4.5b": Function(_divergence, [(2, 0.1, 0.95), (4, 0.1, 0.95), (4, 0.5, 0.7), (6, 1.0, 0.5)], tolerance=1e-6),
}
