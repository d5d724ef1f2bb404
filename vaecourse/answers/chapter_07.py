"""The answers of chapter 7."""

import math

import torch

from vaecourse.answers.verdicts import Function, Holds, Value


@torch.no_grad()
def _best_sigma(model, split):
    images = split.as_floats()
    with torch.random.fork_rng():
        drawn = model(images).reconstruction.mean
    return (images - drawn).square().mean().sqrt()


def _shared(first, second):
    known = {image.numpy().tobytes() for image in second.images}
    return sum(image.numpy().tobytes() in known for image in first.images)


def _ordered_by_mean(order, bits_of):
    return list(order) == sorted(bits_of, key=lambda name: bits_of[name].mean())


ANSWERS = {
    "7.1": Value(lambda needed: needed, tolerance=0.1),
    "7.2": Value(-1500 + 3072 * math.log(255)),
    # Codes are sampled, so two right answers differ a little.
    "7.3": Function(_best_sigma, lambda model, split: [(model, split)], tolerance=0.01),
    "7.4": Holds(_ordered_by_mean),
    "7.5": Function(_shared, lambda first, second: [(first, second)], tolerance=0),
}
