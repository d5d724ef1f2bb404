"""The answers of chapter 2."""

import math

import torch

from vaecourse.answers.verdicts import Function, Holds, Value


def _derivative_by_std(draw, mean, std, noise):
    std = torch.tensor(std, requires_grad=True)
    return torch.autograd.grad(draw(mean, std, noise).sum(), std)[0]


ANSWERS = {
    "2.1": Holds(lambda answer, gap: gap(*answer) < 0.085),
    "2.2": Value([2 - math.log(2), math.log(2) - 0.25]),
    "2.3": Function(
        lambda mean, std, noise: (mean + std * noise).exp(),
        [(0.3, 0.5, torch.tensor([-1.0, 0.0, 2.0]))],
        view=_derivative_by_std,
    ),
    "2.4": Value(math.exp(-2)),
    "2.5": Value([2 / 3, -4 / 3], tolerance=0.05),
    "2.6": Value(math.sqrt(0.0005 * 3 * 64 * 64 / 2)),
}
