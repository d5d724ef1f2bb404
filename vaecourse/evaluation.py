"""Passes of a model over a whole split, without gradients, in batches."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.models import Output
from vaecourse.randomness import seeded

EVALUATION_BATCH = 500


@contextmanager
def evaluation_mode(model: nn.Module, seed: int) -> Iterator[torch.device]:
    """A block in which the model does not train and torch is seeded; gives the device of the model."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        with seeded(seed, device):
            yield device
    finally:
        model.train(was_training)


@torch.no_grad()
def outputs(model: nn.Module, split: Split, sample: bool = False, seed: int = 0) -> Iterator[tuple[Tensor, Output]]:
    """Pairs (images, output) in the order of the split; posterior means unless ``sample``.

    ``seed`` is for the codes, and for the pixels of a split that is binarised dynamically.
    """
    with evaluation_mode(model, seed) as device:
        for images in split.to(device).batches(EVALUATION_BATCH):
            yield images, model(images, sample=sample)


def encode(model: nn.Module, split: Split, level: int = 0, sample: bool = False, seed: int = 0) -> Tensor:
    """Codes (N, d) of one latent level for every image of a split, on the CPU: posterior means unless ``sample``."""
    return torch.cat([output.levels[level].sample.cpu() for _, output in outputs(model, split, sample, seed)])


def reconstruct(model: nn.Module, split: Split, sample: bool = False, seed: int = 0) -> Tensor:
    """Reconstructions (N, C, H, W) in [0, 1] of every image of a split, on the CPU, from posterior means."""
    return torch.cat([output.reconstruction.mean.cpu() for _, output in outputs(model, split, sample, seed)])


def evaluate(model: nn.Module, split: Split, loss, epoch: float = math.inf, seed: int = 0) -> dict[str, float]:
    """The terms of a loss over a whole split, in nats per image, from one posterior sample an image."""
    totals: dict[str, float] = {}
    for images, output in outputs(model, split, sample=True, seed=seed):
        for name, value in loss(images, output, epoch).items():
            totals[name] = totals.get(name, 0.0) + value.item() * len(images)
    return {name: total / len(split) for name, total in totals.items()}
