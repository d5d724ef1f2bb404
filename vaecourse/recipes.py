"""Recipes: named trainings that anyone can run again, as one table of plain values.

``python -m vaecourse recipes`` prints the table, ``python -m vaecourse train NAME`` follows a recipe. A model or loss
is described by the name of its class and its settings, so that a recipe can be written to JSON and read back.
"""

import dataclasses
import difflib
import fnmatch
import inspect
import json
import math
from dataclasses import dataclass

import torch
from torch import nn

from vaecourse import losses, models
from vaecourse.data import Split
from vaecourse.networks import ImageShape

SUBSET_SEED = 0
MEASURES_OF_ALL = ("elbo", "reconstruction", "active_units")


class RecipeError(ValueError):
    """A recipe, its results or its weights cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Recipe:
    """What is trained on what, by which loss, for how long, and what is measured afterwards.

    Parameters
    ----------
    name : str
    data : str
        A name that ``vc.load`` knows.
    model : dict
        ``class``, one of ``vaecourse.models``, and its settings; ``initial_sigma`` is where a standard deviation of
        Gaussian pixels starts that is learned.
    loss : dict
        ``class``, one of ``vaecourse.losses``, and its settings; a schedule is such a dict again.
    epochs, batch_size, learning_rate
        As for ``vc.fit``.
    train_images : int, optional
        A random subset of so many training images, the same for every seed. Default: all.
    measures : tuple of str
        Of ``vaecourse.scoring.MEASURES``.
    """

    name: str
    data: str
    model: dict
    loss: dict
    epochs: int
    batch_size: int = 128
    learning_rate: float = 1e-3
    train_images: int | None = None
    measures: tuple[str, ...] = MEASURES_OF_ALL

    @classmethod
    def from_settings(cls, settings: dict) -> "Recipe":
        """The recipe of which :meth:`settings` were written down.

        Raises
        ------
        RecipeError
            If they are not the settings of a recipe.
        """
        try:
            return cls(**{**settings, "measures": tuple(settings["measures"])})
        except (TypeError, KeyError) as error:
            raise RecipeError(f"these are not the settings of a recipe ({error})") from error

    def settings(self) -> dict:
        """The recipe as JSON would give it back."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def build_model(self, image_shape: ImageShape, seed: int = 0) -> nn.Module:
        """The untrained model.

        Raises
        ------
        RecipeError
            If there is no such class, or it has no such settings.
        """
        settings = dict(self.model)
        sigma = settings.pop("initial_sigma", None)
        model = _build(models, settings, image_shape=tuple(image_shape), seed=seed)
        if sigma is not None:
            nn.init.constant_(model.decoder.log_sigma, math.log(sigma))
        return model

    def build_loss(self, train_images: int, seed: int = 0):
        """A new loss; it is told the number of training images, and a seed, if it asks for them.

        Raises
        ------
        RecipeError
            If there is no such class, or it has no such settings.
        """
        return _build(losses, self.loss, dataset_size=train_images, seed=seed)

    def training_split(self, train: Split) -> Split:
        """The images to train on, of a training split."""
        if self.train_images is None or self.train_images >= len(train):
            return train
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SUBSET_SEED))
        return train[order[: self.train_images]]


def _build(module, settings: dict, **offered):
    """An object of the class that the settings name, given of what is offered that which it has a parameter for."""
    settings = dict(settings)
    name = settings.pop("class", None)
    if name not in module.__all__ or not inspect.isclass(made := getattr(module, name)):
        raise RecipeError(f"there is no class {name!r} in {module.__name__}")
    for key, value in settings.items():
        if isinstance(value, dict):
            settings[key] = _build(module, value)
    accepted = {key: value for key, value in offered.items() if key in _parameters(made)}
    try:
        return made(**accepted, **settings)
    except TypeError as error:
        raise RecipeError(f"{name} cannot be made of {settings}: {error}") from error


def _parameters(made: type) -> set[str]:
    """Names that the constructor accepts, those that it hands on to its base class included."""
    names = set(inspect.signature(made).parameters)
    return names | _parameters(made.__base__) if "settings" in names else names


def find(wanted: str) -> list[Recipe]:
    """The recipe of this name, or all whose names match a pattern as ``*-dsprites``.

    Raises
    ------
    RecipeError
        If there is none.
    """
    found = [RECIPES[name] for name in fnmatch.filter(RECIPES, wanted)]
    if not found:
        raise RecipeError(f"there is no recipe {wanted!r}: {suggestion(wanted, RECIPES)}")
    return found


def suggestion(wanted: str, names) -> str:
    """What someone may have meant who asked for a name that there is not."""
    close = difflib.get_close_matches(str(wanted).lower().replace("_", "-"), names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"choose one of {', '.join(names)}" if names else "there are none"


def _vae(units: int) -> dict:
    return {"class": "VAE", "latent_dim": units}


def _hdvae(*units: int, level_hidden: int = 128) -> dict:
    return {"class": "HDVAE", "latent_dims": list(units), "level_hidden": [level_hidden]}


def _beta(beta: float) -> dict:
    return {"class": "BetaVAE", "beta": beta}


def _helbo(betas, bound: str, warm_up: float | None = None) -> dict:
    schedule = {"schedule": {"class": "Linear", "epochs": warm_up}} if warm_up else {}
    return {"class": "HELBO", "betas": betas, "bound": bound, **schedule}


# The decoder reads all levels, or the upper ones would carry a few nats only.
LADDER = {"inference": "top_down", "decoder_reads": "all"}

# MNIST and Fashion-MNIST: (method, model, loss). Fully connected networks, Bernoulli pixels.
GREY = [
    ("ae", {"class": "Autoencoder", "latent_dim": 16}, {"class": "Reconstruction"}),
    ("vae2", _vae(2), _beta(1)),
    ("vae4", _vae(4), _beta(1)),
    ("vae16", _vae(16), _beta(1)),
    ("beta-vae-2", _vae(16), _beta(2)),
    ("beta-vae", _vae(16), _beta(4)),
    ("beta-vae-8", _vae(16), _beta(8)),
    ("ph-vae", {"class": "PHVAE", "latent_dim": 16, "degree": 3}, {"class": "PolynomialDivergence"}),
    ("hdvae2", _hdvae(64, 32) | LADDER, _helbo(1.0, "chain", warm_up=5)),
    ("hdvae3", _hdvae(64, 32, 16) | LADDER, _helbo(1.0, "chain", warm_up=5)),
]
GREY_NETWORK = {"hidden": [256, 128]}
GREY_EPOCHS = 20

# dSprites: (method, model, loss). A protocol reduced to what a CPU can do: ten units and four convolutions as in
# Locatello et al. (2019), but with half their channels, and 100,000 images seen in training for their 19 million.
DSPRITES_IMAGES, DSPRITES_EPOCHS = 50_000, 2
DSPRITES_NETWORK = {"network": "conv", "hidden": [16, 16, 32, 32]}
CRITIC = [256] * 6  # theirs has layers of 1,000
DSPRITES = [
    ("vae", _vae(10), _beta(1)),
    ("beta-vae", _vae(10), _beta(4)),
    ("beta-vae-8", _vae(10), _beta(8)),
    ("capacity", _vae(10), {"class": "Capacity", "capacity": 18.0, "gamma": 10.0, "epochs": 0.8 * DSPRITES_EPOCHS}),
    ("factor-vae", _vae(10), {"class": "FactorVAE", "gamma": 10.0, "hidden": CRITIC}),
    ("factor-vae-35", _vae(10), {"class": "FactorVAE", "gamma": 35.0, "hidden": CRITIC}),
    ("beta-tcvae", _vae(10), {"class": "BetaTCVAE", "beta": 6.0}),
    ("dip-i", _vae(10), {"class": "DIPVAE", "kind": "i", "lambda_od": 10.0}),
    ("dip-ii", _vae(10), {"class": "DIPVAE", "kind": "ii", "lambda_od": 10.0}),
    ("ph-vae", {"class": "PHVAE", "latent_dim": 10, "mixing": "sum"}, {"class": "PolynomialDivergence"}),
    ("hdvae2", _hdvae(10, 6, level_hidden=64), _helbo(1.0, "chain")),
    ("hdvae3", _hdvae(10, 6, 4, level_hidden=64), _helbo(1.0, "chain")),
    ("hdvae3-published", _hdvae(10, 6, 4, level_hidden=64), _helbo([2.0, 1.0, 0.5], "product")),
]

# Colour faces: (method, model, loss). Gaussian pixels of one learned standard deviation.
GAUSSIAN = {"likelihood": "gaussian", "initial_sigma": 0.1}
TOY_FACES_NETWORK = {"network": "conv", "hidden": [16, 32, 64, 128], **GAUSSIAN}
TOY_FACES = [
    ("hdvae3", _hdvae(64, 32, 16) | LADDER, _helbo(1.0, "chain", warm_up=3)),
    ("beta-vae", _vae(64), _beta(1)),
]
CELEBA_NETWORK = {"network": "conv", "hidden": [32, 64, 128, 256, 512], **GAUSSIAN}
CELEBA = [
    ("hdvae3", _hdvae(128, 64, 32) | LADDER, _helbo(1.0, "chain", warm_up=5)),
    ("beta-vae", _vae(128), _beta(1)),
]


def _table() -> dict[str, Recipe]:
    recipes = []
    for data in ("mnist", "fashion_mnist"):
        for method, model, loss in GREY:
            measures = ("distortion", "reconstruction", "active_units") if method == "ae" else (*MEASURES_OF_ALL, "nll")
            recipes.append(_recipe(method, data, model | GREY_NETWORK, loss, GREY_EPOCHS, measures=measures))
    for method, model, loss in DSPRITES:
        settings = {
            "batch_size": 64,
            "train_images": DSPRITES_IMAGES,
            "measures": (*MEASURES_OF_ALL, "disentanglement"),
        }
        recipes.append(_recipe(method, "dsprites", model | DSPRITES_NETWORK, loss, DSPRITES_EPOCHS, **settings))
    for method, model, loss in TOY_FACES:
        recipes.append(_recipe(method, "toy_faces", model | TOY_FACES_NETWORK, loss, 10, batch_size=64))
    for method, model, loss in CELEBA:
        recipes.append(_recipe(method, "celeba", model | CELEBA_NETWORK, loss, 24, batch_size=64))
    return {recipe.name: recipe for recipe in recipes}


def _recipe(method: str, data: str, *settings, **more) -> Recipe:
    return Recipe(f"{method}-{data.replace('_', '-')}", data, *settings, **more)


RECIPES = _table()
