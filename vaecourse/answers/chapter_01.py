"""The answers of chapter 1."""

import math

import torch
from torch.nn import functional

from vaecourse.answers.verdicts import Exact, Function, Value


def _nats_per_image(images, logits):
    pixels = functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return pixels.flatten(1).sum(1).mean()


def _share_of_right_neighbours(train_features, test_features, train, test):
    nearest = torch.cdist(test_features, train_features).argmin(1)
    return (train.labels[nearest] == test.labels[: len(nearest)]).float().mean()


ANSWERS = {
    "1.1": Value(100 * math.log(2)),
    "1.2": Function(_nats_per_image, lambda images, logits: [(images, logits)]),
    "1.3": Exact("48511f8fe20b4f5f"),
    "1.4a": Value((784 * 400 + 400) + (400 * 2 + 2) + (2 * 400 + 400) + (400 * 784 + 784), tolerance=0),
    "1.4b": Value(784 * 8 / (16 * 32)),
    "1.5": Value(_share_of_right_neighbours, tolerance=0.005),
    "1.6": Value(lambda W, M: W @ torch.linalg.inv(M)),
}
