"""Encoders and decoders: multilayer perceptrons and convolutional networks for images of any shape."""

import itertools
import math

import torch
from torch import Tensor, nn

from vaecourse.checks import one_of
from vaecourse.distributions import BernoulliImages, GaussianImages, ImageLikelihood

ImageShape = tuple[int, int, int]

NETWORKS = ("mlp", "conv")
LIKELIHOODS = ("bernoulli", "gaussian")
MLP_UNITS = (400,)
CONVOLUTIONAL_DENSE_UNITS = 256
SMALLEST_IMAGE_SIDE = 8


def default_channels(image_shape: ImageShape) -> tuple[int, ...]:
    """Return the channels of the convolutions. Each halves the image, until its shorter side is 4 to 7 pixels.

    28×28 gives (32, 64), 32×32 gives (32, 64, 64) and 64×64 gives (32, 32, 64, 64), as in Locatello et al. (2019).
    """
    halvings = int(math.log2(min(image_shape[1:]) / 4))
    return (32,) * (halvings // 2) + (64,) * (halvings - halvings // 2)


def sides_after(image_shape: ImageShape, halvings: int) -> list[tuple[int, int]]:
    """Return height and width after 0, 1, … halvings."""
    _, height, width = image_shape
    return [(height >> k, width >> k) for k in range(halvings + 1)]


def check_geometry(image_shape: ImageShape, network: str, halvings: int) -> None:
    if len(image_shape) != 3 or any(side < 1 for side in image_shape):
        raise ValueError(f"image_shape must be (channels, height, width), got {tuple(image_shape)}")
    if network == "conv" and min(image_shape[1:]) < max(SMALLEST_IMAGE_SIDE, 1 << halvings):
        raise ValueError(
            f"images of {image_shape[1]}×{image_shape[2]} pixels are too small for {halvings} convolutions of "
            f"stride 2: use network='mlp' or fewer hidden channels"
        )


def channels_last(network: nn.Sequential) -> nn.Sequential:
    """Return the network with its kernels in the memory order in which a CPU convolves fastest.

    A step takes a quarter to a half less time with the few channels of the dSprites recipes, and as much as before
    with those of the faces: ``benchmarks/memory_format.py``.
    """
    return network.to(memory_format=torch.channels_last)


class Encoder(nn.Module):
    """A network from images (N, C, H, W) to ``outputs`` real numbers (N, outputs).

    Parameters
    ----------
    image_shape : (C, H, W)
    outputs : int
        Number of outputs.
    network : "mlp" or "conv"
        ``mlp``: dense layers with ReLU. ``conv``: 4×4 convolutions of stride 2 with ReLU, then 256 dense units.
    hidden : tuple of int, optional
        Number of units of the dense layers (default: 400), or channels of the convolutions (default:
        :func:`default_channels`), from the image inwards.

    Raises
    ------
    ValueError
        If the network is unknown, or the image is too small for the convolutions.
    """

    def __init__(self, image_shape: ImageShape, outputs: int, network: str = "mlp", hidden=None):
        super().__init__()
        hidden = _hidden(image_shape, network, hidden)
        if network == "mlp":
            self.layers = nn.Sequential(nn.Flatten(), *dense_layers([math.prod(image_shape), *hidden, outputs]))
        else:
            convolutions = []
            for before, after in zip((image_shape[0], *hidden), hidden, strict=False):
                convolutions += [nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1), nn.ReLU()]
            features = hidden[-1] * math.prod(sides_after(image_shape, len(hidden))[-1])
            dense = dense_layers([features, CONVOLUTIONAL_DENSE_UNITS, outputs])
            self.layers = channels_last(nn.Sequential(*convolutions, nn.Flatten(), *dense))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class ImageDecoder(nn.Module):
    """Base class of the decoders: it turns the output of their layers into a distribution over images.

    Parameters
    ----------
    likelihood : "bernoulli" or "gaussian"
        Distribution of the pixels. The Gaussian's mean passes a sigmoid, so that it lies in [0, 1] like the images.
    sigma : float, optional
        Standard deviation of the Gaussian's pixels. By default it is learned, one number for all pixels.

    Raises
    ------
    ValueError
        If the likelihood is unknown, ``sigma`` is not positive, or it is given for Bernoulli pixels.
    """

    def __init__(self, likelihood: str = "bernoulli", sigma: float | None = None):
        super().__init__()
        one_of(likelihood, LIKELIHOODS, "likelihood")
        if likelihood == "bernoulli":
            if sigma is not None:
                raise ValueError("sigma belongs to likelihood='gaussian': Bernoulli pixels have none")
            self.log_sigma = None
        elif sigma is None:
            self.log_sigma = nn.Parameter(torch.zeros(()))
        elif sigma > 0:
            self.register_buffer("log_sigma", torch.tensor(math.log(sigma)))
        else:
            raise ValueError(f"sigma must be positive, got {sigma}")

    def likelihood(self, pixels: Tensor) -> ImageLikelihood:
        """Return the distribution over images for values (N, C, H, W): logits, or Gaussian means before the sigmoid."""
        if self.log_sigma is None:
            return BernoulliImages(pixels)
        return GaussianImages(pixels.sigmoid(), self.log_sigma)


class Decoder(ImageDecoder):
    """A network from codes (N, d) to a distribution over images (N, C, H, W): the mirror of :class:`Encoder`.

    Parameters
    ----------
    image_shape, network, hidden
        See :class:`Encoder`; ``hidden`` is given from the image inwards here too.
    latent_dim : int
        Number of units of the codes.
    likelihood, sigma
        See :class:`ImageDecoder`.

    Raises
    ------
    ValueError
        If the network is unknown, and for the errors of :class:`ImageDecoder`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: int,
        network: str = "mlp",
        hidden=None,
        likelihood: str = "bernoulli",
        sigma: float | None = None,
    ):
        super().__init__(likelihood, sigma)
        self.image_shape = tuple(image_shape)
        hidden = _hidden(image_shape, network, hidden)
        if network == "mlp":
            self.layers = nn.Sequential(
                *dense_layers([latent_dim, *reversed(hidden), math.prod(image_shape)]),
                nn.Unflatten(1, self.image_shape),
            )
        else:
            sides = sides_after(image_shape, len(hidden))
            inner_shape = (hidden[-1], *sides[-1])
            dense = dense_layers([latent_dim, CONVOLUTIONAL_DENSE_UNITS, math.prod(inner_shape)])
            layers = [*dense, nn.ReLU(), nn.Unflatten(1, inner_shape)]
            channels = (image_shape[0], *hidden)
            for k in range(len(hidden), 0, -1):
                # An odd side loses a pixel when it is halved; output_padding restores it.
                odd = tuple(large - 2 * small for large, small in zip(sides[k - 1], sides[k], strict=True))
                layers.append(nn.ConvTranspose2d(channels[k], channels[k - 1], 4, 2, padding=1, output_padding=odd))
                layers.append(nn.ReLU())
            self.layers = channels_last(nn.Sequential(*layers[:-1]))

    def forward(self, codes: Tensor) -> ImageLikelihood:
        return self.likelihood(self.layers(codes))


def _hidden(image_shape: ImageShape, network: str, hidden) -> tuple[int, ...]:
    one_of(network, NETWORKS, "network")
    check_geometry(image_shape, network, len(hidden) if hidden is not None else 0)
    if hidden is None:
        return MLP_UNITS if network == "mlp" else default_channels(image_shape)
    return tuple(hidden)


def dense_layers(units: list[int]) -> list[nn.Module]:
    """Return linear layers with a ReLU between each two."""
    layers = []
    for before, after in itertools.pairwise(units):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers[:-1]
