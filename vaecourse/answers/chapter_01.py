"""The answers of chapter 1."""

import torch
from torch.nn import functional

from vaecourse.answers.verdicts import Exact, Function, Value


def _nats_per_image(images, logits):
    pixels = functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return pixels.flatten(1).sum(1).mean()


def _share_of_right_neighbours(train_features, test_features, train, test):
    nearest = torch.cdist(test_features, train_features).argmin(1)
    return (train.labels[nearest] == test.labels[: len(nearest)]).float().mean()


def _gaussian_draws(codes, count):
    mean, covariance = codes.mean(0), codes.T.cov()
    return torch.distributions.MultivariateNormal(mean, covariance).sample((count,))


def _moments(draws_like, codes, count):
    """Mean and covariance of the draws, in one array."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        draws = draws_like(codes, count)
    return torch.cat([draws.mean(0)[None], draws.T.cov()])


def _correlated_codes():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(500, 2, generator=generator) @ torch.tensor([[1.0, 1.5], [0.0, 0.5]]) + torch.tensor([3.0, -1.0])


ANSWERS = {
    "1.1": Function(_nats_per_image, lambda images, logits: [(images, logits)]),
    "1.2": Exact("e5d7ec4dad9f0f0e"),
    "1.3": Value(_share_of_right_neighbours, tolerance=0.005),
    "1.4": Value(lambda W, M: W @ torch.linalg.inv(M)),
    "1.5": Function(_gaussian_draws, [(_correlated_codes(), 200_000)], tolerance=0.03, view=_moments),
}
