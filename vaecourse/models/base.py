"""Base classes of the models: their settings, networks and checks of arguments."""

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from vaecourse.distributions import ImageLikelihood
from vaecourse.models.networks import Decoder, Encoder, ImageShape
from vaecourse.models.output import check_codes, check_images
from vaecourse.randomness import seeded


class ImageModel(nn.Module):
    """Base class of models that encode images as codes of one or several levels.

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_dims : tuple of int
        Number of units of each level, nearest to the image first.
    network, hidden, likelihood, sigma
        See :class:`vaecourse.models.networks.Encoder` and :class:`vaecourse.models.networks.Decoder`.
    seed : int
        Seed of the initial weights. The caller's random state is not changed.

    Raises
    ------
    ValueError
        If a network cannot be built from the settings.

    Attributes
    ----------
    settings : dict
        The arguments that the model was made with: ``type(model)(**model.settings)`` makes another one.
    """

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__:
            cls.__init__ = _keeping_settings(cls.__init__)

    # Whether the model has a prior to draw codes from, and whether the prior of a level depends on another level.
    has_prior = False
    is_hierarchy = False
    # The codes that the decoder reads: the "first" level, "all" levels concatenated, or their "sum" divided by √K.
    decoder_reads = "first"
    # Whether inference is learned: only then can a level collapse.
    learns_posterior = True

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dims: tuple[int, ...],
        network: str = "mlp",
        hidden=None,
        likelihood: str = "bernoulli",
        sigma: float | None = None,
        seed: int = 0,
    ):
        super().__init__()
        if any(dim < 1 for dim in latent_dims):
            what, given = ("latent_dim", latent_dims[0]) if len(latent_dims) == 1 else ("latent_dims", latent_dims)
            raise ValueError(f"{what} must be at least 1, got {given}: every level needs a unit")
        self.image_shape = tuple(image_shape)
        self.latent_dims = tuple(latent_dims)
        self.latent_shapes = tuple((dim,) for dim in latent_dims)
        self._layers = {"network": network, "hidden": hidden}
        self._pixels = {"likelihood": likelihood, "sigma": sigma}
        self._seed = seed

    @property
    def latent_dim(self) -> int:
        """Number of units of the first level."""
        return self.latent_dims[0]

    def _seeded(self) -> AbstractContextManager:
        """Return a context in which initial weights are drawn with the seed of the model."""
        return seeded(self._seed)

    def _encoder(self, outputs: int) -> Encoder:
        return Encoder(self.image_shape, outputs, **self._layers)

    def _decoder(self, inputs: int) -> Decoder:
        return Decoder(self.image_shape, inputs, **self._layers, **self._pixels)

    def _own_type(self, values: Tensor) -> Tensor:
        return values.to(next(self.parameters()).dtype)

    def _checked_images(self, images: Tensor) -> Tensor:
        """Return images in the type of the weights, if they are images of this model."""
        # Values are not read while training on an accelerator, because each reading waits for the device, and not in a
        # compiled model, whose graph it would cut.
        waits = self.training and torch.is_tensor(images) and images.device.type != "cpu"
        cheap = not (waits or torch.compiler.is_compiling())
        check_images(images, self.image_shape, read_values=cheap)
        return self._own_type(images)

    def _checked_codes(self, *codes: Tensor) -> list[Tensor]:
        """Return codes in the type of the weights, if they are those of all levels of this model."""
        if len(codes) != len(self.latent_dims):
            raise ValueError(f"this model decodes {len(self.latent_dims)} levels of codes, z_1 first; got {len(codes)}")
        for code, dim in zip(codes, self.latent_dims, strict=True):
            check_codes(code, dim)
        return [self._own_type(code) for code in codes]

    def _checked_upper_codes(self, *held: Tensor) -> list[Tensor]:
        """Return codes in the type of the weights, if they are those of upper levels of this model."""
        count = len(self.latent_dims)
        if not 1 <= len(held) <= count:
            raise ValueError(f"hold the codes of 1 to {count} upper levels, got {len(held)}")
        for codes, dim in zip(held, self.latent_dims[-len(held) :], strict=True):
            check_codes(codes, dim)
        return [self._own_type(codes) for codes in held]


def _keeping_settings(constructor: Callable) -> Callable:
    """Return a constructor that keeps its arguments and defaults by name, where it is that of the model's own class."""
    of_base = inspect.signature(ImageModel.__init__).parameters.values()

    @functools.wraps(constructor)
    def keeping(model: ImageModel, *given, **named) -> None:
        if "settings" not in model.__dict__:
            _, *parameters = inspect.signature(constructor).parameters.values()
            passed_on = [] if parameters[-1].kind is not parameters[-1].VAR_KEYWORD else of_base
            defaults = {each.name: each.default for each in (*passed_on, *parameters) if each.default is not each.empty}
            names = (each.name for each in parameters)
            model.__dict__["settings"] = defaults | dict(zip(names, given, strict=False)) | named
        constructor(model, *given, **named)

    return keeping


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model of this package inside a wrapper, such as that of ``torch.compile`` or ``nn.DataParallel``."""
    inner = model
    while not isinstance(inner, ImageModel):
        inner = inner._modules.get("_orig_mod", inner._modules.get("module"))
        if inner is None:  # a model of the reader's own
            return model
    return inner


class LatentVariableModel(ImageModel):
    """A model with a prior over its codes, from which new images can be generated."""

    has_prior = True

    def sample_prior(self, count: int, temperature: float = 1.0) -> list[Tensor]:
        """Draw codes (count, d) of each level from the prior, z_1 first: here N(0, I) for each level.

        ``temperature`` multiplies the prior's standard deviation.
        """
        device = next(self.parameters()).device
        return [temperature * torch.randn(count, dim, device=device) for dim in self.latent_dims]

    def decode(self, *codes: Tensor) -> ImageLikelihood:
        raise NotImplementedError

    @torch.no_grad()
    def generate(self, count: int, seed: int = 0, noise: bool = False, temperature: float = 1.0) -> Tensor:
        """Return images (count, C, H, W) for codes drawn from the prior: the decoder's means, in [0, 1], on the CPU.

        With ``noise`` the pixels are drawn from the decoder's distribution too. The result is an exact sample of the
        model, which may lie outside [0, 1] if the pixels are Gaussian. ``temperature`` multiplies the standard
        deviations of the priors: below 1 the images are closer to the average and vary less.
        """
        with seeded(seed, next(self.parameters()).device):
            images = self.decode(*self.sample_prior(count, temperature))
            return (images.sample() if noise else images.mean).cpu()
