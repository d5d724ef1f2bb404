"""A small model of every kind, for the tests of the explorers."""

import torch

import vaecourse as vc
from vaecourse.randomness import seeded

SHAPE = (1, 12, 12)
HIERARCHIES = [(inference, reads) for inference in ("bottom_up", "top_down") for reads in ("first", "all")]


def lively(model, factor=3):
    """The same model with larger weights, so that codes and pictures differ visibly before any training."""
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(factor)
    return model


def hierarchy(inference="top_down", reads="first"):
    return lively(vc.HDVAE(SHAPE, (5, 4, 3), inference, reads, hidden=(16,), level_hidden=(8,)), factor=2)


def shaped():
    """A hierarchy of maps below a dense top, with random numbers where weights begin at 0."""
    model = vc.SpatialHDVAE(SHAPE, ((2, 6, 6), (1, 6, 6), (2, 3, 3), (4,)), hidden=(6, 8))
    with seeded(0), torch.no_grad():
        for weights in model.parameters():
            if not weights.any():
                weights.normal_(std=0.3)
    return lively(model, factor=1.5)


MODELS = {
    "vae": lambda: lively(vc.VAE(SHAPE, 4, hidden=(16,))),
    "autoencoder": lambda: lively(vc.Autoencoder(SHAPE, 4, hidden=(16,))),
    "ph_vae": lambda: lively(vc.PHVAE(SHAPE, 3, hidden=(16,))),
} | {"-".join(choices): lambda choices=choices: hierarchy(*choices) for choices in HIERARCHIES}
