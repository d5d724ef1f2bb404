"""A recipe describes a training by plain values, so that anyone can repeat it.

A model or loss is described by the name of its class and its settings, so that a recipe can be written to JSON and read
back.
"""

import dataclasses
import inspect
import json
import math
from dataclasses import dataclass

import torch
from torch import nn

from vaecourse import losses, models
from vaecourse.data import Split
from vaecourse.models.networks import ImageShape
from vaecourse.terminal import OneLineError

SUBSET_SEED = 0
EXTRAS = ("flips", "learning_rate_schedule", "largest_gradient")
MEASURES_OF_ALL = ("elbo", "reconstruction", "active_units")


class PretrainedError(OneLineError):
    """Weights, a card, a run or a recipe cannot be used; the message says what to do."""


class RecipeError(PretrainedError):
    """There is no such recipe, or no model or loss can be made from it; the message says what to do."""


@dataclass(frozen=True)
class Recipe:
    """Data, model, loss and duration of a training, and the measures computed afterwards.

    Parameters
    ----------
    name : str
    data : str
        A name that ``vc.load`` knows.
    model : dict
        ``class``, one of ``vaecourse.models``, and its settings; ``initial_sigma`` is the initial value of a learned
        standard deviation of Gaussian pixels.
    loss : dict
        ``class``, one of ``vaecourse.losses``, and its settings; a schedule is such a dict too.
    epochs, batch_size, learning_rate
        The arguments of ``vc.fit``.
    train_images : int, optional
        Size of a random subset of the training images, the same for every seed. Default: all.
    flips : bool
        Whether the model sees mirrored images too (see ``Split.with_flips``).
    learning_rate_schedule : dict, optional
        ``class``, one of ``vaecourse.losses``, and its settings.
    largest_gradient : float, optional
        The argument of ``vc.fit``.
    measures : tuple of str
        Names in ``vaecourse.pretrained.measures.MEASURES``.
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
    flips: bool = False
    learning_rate_schedule: dict | None = None
    largest_gradient: float | None = None

    @classmethod
    def from_settings(cls, settings: dict) -> "Recipe":
        """The recipe with these settings, as returned by :meth:`settings`.

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
        """The recipe as values of JSON, without optional settings of a training that it does not use."""
        settings = json.loads(json.dumps(dataclasses.asdict(self)))
        return {name: value for name, value in settings.items() if value or name not in EXTRAS}

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
        """A new loss; the number of training images and a seed are passed if its constructor accepts them.

        Raises
        ------
        RecipeError
            If there is no such class, or it has no such settings.
        """
        return _build(losses, self.loss, dataset_size=train_images, seed=seed)

    def fit_settings(self) -> dict:
        """The keyword arguments of ``vc.fit`` that belong to the recipe.

        Raises
        ------
        RecipeError
            If there is no such schedule.
        """
        settings = {"batch_size": self.batch_size, "learning_rate": self.learning_rate}
        if self.learning_rate_schedule is not None:
            settings["learning_rate_schedule"] = _build(losses, self.learning_rate_schedule)
        return settings | {"largest_gradient": self.largest_gradient}

    def training_split(self, train: Split) -> Split:
        """The images to train on, from a training split, with flips if the recipe asks for them."""
        train = train.with_flips() if self.flips else train
        if self.train_images is None or self.train_images >= len(train):
            return train
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SUBSET_SEED))
        return train[order[: self.train_images]]


def _build(module, settings: dict, **offered):
    """Instantiate the class named in the settings, with those of the offered arguments that its constructor accepts."""
    settings = dict(settings)
    name = settings.pop("class", None)
    if name not in module.__all__ or not inspect.isclass(made := getattr(module, name)):
        raise RecipeError(f"there is no class {name!r} in {module.__name__}")
    for key, value in settings.items():
        if isinstance(value, dict):
            settings[key] = _build(module, value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            settings[key] = [_build(module, each) for each in value]
    accepted = {key: value for key, value in offered.items() if key in _parameters(made)}
    try:
        return made(**accepted, **settings)
    except Exception as error:  # whatever a constructor says to settings of a stranger
        raise RecipeError(f"{name} cannot be made of {settings}: {error}") from error


def _parameters(made: type) -> set[str]:
    """Parameters that the constructor accepts, including those that it passes to its base class."""
    names = set(inspect.signature(made).parameters)
    return names | _parameters(made.__base__) if "settings" in names else names
