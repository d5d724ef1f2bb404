"""Models of digits for the tests of the drawing pad: those of the package, and small ones of every other kind."""

import functools

import torch
from page_models import in_halves, vivid

import vaecourse as vc
from vaecourse.data.stand_in import DIGITS
from vaecourse.explorers import Exploration

SHAPE = (1, 28, 28)
PACKAGED = [name for name in vc.pretrained.names() if name.endswith("-mnist") and "fashion" not in name]


@functools.cache
def digits(count=400):
    """Real digits with their labels, 4,000 at most."""
    return DIGITS.load()["train"][:count]


def louder(model):
    """The same model with a louder encoder, so that codes differ from digit to digit, in weights that halves hold."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.startswith("encoder"):
                weights.mul_(1.5)
    return in_halves(vivid(model)).eval()


SMALL = {
    "autoencoder-conv": lambda: vc.Autoencoder(SHAPE, 3, network="conv", hidden=(6, 10)),
    "vae-conv": lambda: vc.VAE(SHAPE, 4, network="conv", hidden=(6, 10)),
    "vae-gaussian": lambda: vc.VAE(SHAPE, 2, hidden=(20,), likelihood="gaussian", sigma=0.3),
    "ph-vae-legendre": lambda: vc.PHVAE(SHAPE, 3, basis="legendre", mixing="sum", hidden=(20,)),
    "hdvae-bottom-up": lambda: vc.HDVAE(SHAPE, (6, 5, 3), hidden=(20,), level_hidden=(8,)),
    "hdvae-top-down-conv": lambda: vc.HDVAE(SHAPE, (6, 3), "top_down", network="conv", level_hidden=(8,)),
}
NAMES = [*PACKAGED, *SMALL]


def model_of(name):
    return louder(SMALL[name]()) if name in SMALL else vc.load_pretrained(name)


@functools.cache
def explored(name):
    """The exploration of a model on some digits, from three of each class."""
    split = digits(200)
    starts = [index for label in range(10) for index in (split.labels == label).nonzero().flatten().tolist()[:3]]
    return Exploration(model_of(name), split, starts)
