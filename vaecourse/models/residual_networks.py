"""The convolutional networks of a hierarchy whose levels have a place in the image: few kinds of layer, no norms.

3×3 and 1×1 convolutions of stride 1, 4×4 convolutions of stride 2 (down) and their transposes (up), dense layers,
SiLU (Hendrycks and Gimpel, 2016; Ramachandran et al., 2017), and sums.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.networks import ImageDecoder, ImageShape

LatentShape = tuple[int, ...]

# Bounds on the logarithm of a prior's variance, and on what a posterior adds to it: within them float32 is exact
# enough for any KL, and the standard deviation of a prior still ranges from 1/20 to 20.
PRIOR_LOG_VARIANCE = 6.0
CORRECTION_OF_LOG_VARIANCE = 8.0


def bounded(values: Tensor, limit: float) -> Tensor:
    """A smooth, increasing function of any real value into (−limit, limit), equal to it near 0.

    values / (1 + |values| / limit): its slope falls with the square of the distance only, so that a value that has
    gone far can still come back, as it could not from a clamp.
    """
    return values / (1 + values.abs() / limit)


class ResidualBlock(nn.Module):
    """x + f(x), with f two 3×3 convolutions through half the channels, each after a SiLU; f is 0 at first.

    He et al. (2016), in the order of their identity mappings.
    """

    def __init__(self, channels: int):
        super().__init__()
        inner = max(channels // 2, 1)
        self.first = nn.Conv2d(channels, inner, 3, padding=1)
        self.second = _silent(nn.Conv2d(inner, channels, 3, padding=1))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.second(functional.silu(self.first(functional.silu(features))))


def _silent(layer: nn.Module) -> nn.Module:
    """The same layer with weights and biases 0."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _head(channels: int, outputs: int) -> nn.Sequential:
    """Features to the parameters of Gaussians, place by place: 0 at first."""
    return nn.Sequential(ResidualBlock(channels), nn.SiLU(), _silent(nn.Conv2d(channels, outputs, 3, padding=1)))


def _comparison(channels: int, outputs: int) -> nn.Sequential:
    """Two maps of features, one over the other, to the parameters of Gaussians: 0 at first."""
    layers = [nn.Conv2d(2 * channels, channels, 1), nn.SiLU()]
    return nn.Sequential(*layers, _silent(nn.Conv2d(channels, outputs, 3, padding=1)))


class ResidualEncoder(nn.Module):
    """Images (N, C, H, W) to one map of features after each halving, the largest first.

    A halving is a convolution of stride 2 and a residual block.

    Parameters
    ----------
    image_shape : (C, H, W)
    channels : tuple of int
        Channels after each halving, from the image inwards.
    """

    def __init__(self, image_shape: ImageShape, channels: tuple[int, ...]):
        super().__init__()
        sizes = itertools.pairwise((image_shape[0], *channels))
        self.halvings = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 4, 2, padding=1), ResidualBlock(after)) for before, after in sizes
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = []
        for halving in self.halvings:
            images = halving(images)
            maps.append(images)
        return maps


def doubling(before: int, after: int, sides: tuple[int, int], larger_sides: tuple[int, int]) -> nn.ConvTranspose2d:
    """A transposed convolution from one size to the next larger one; an odd side gets back the pixel that it lost."""
    odd = tuple(large - 2 * small for large, small in zip(larger_sides, sides, strict=True))
    return nn.ConvTranspose2d(before, after, 4, 2, padding=1, output_padding=odd)


class Top(nn.Module):
    """The uppermost level: from the innermost features to its posterior, and from its codes to the first features.

    Parameters
    ----------
    shape : (d,) or (c, h, w)
        A dense level, or one with a place for each of its codes.
    feature_shape : (channels, h, w)
        Of the features of its size: the innermost ones if it is dense.
    """

    def __init__(self, shape: LatentShape, feature_shape: ImageShape):
        super().__init__()
        self.shape = shape
        if len(shape) == 1:
            features = math.prod(feature_shape)
            self.posterior_head = nn.Sequential(nn.SiLU(), nn.Flatten(), _silent(nn.Linear(features, 2 * shape[0])))
            self.reading = nn.Sequential(nn.Linear(shape[0], features), nn.Unflatten(1, feature_shape))
        else:
            self.posterior_head = _head(feature_shape[0], 2 * shape[0])
            self.reading = nn.Conv2d(shape[0], feature_shape[0], 1)

    def posterior(self, evidence: Tensor) -> DiagonalGaussian:
        """The posterior, a correction of N(0, I), from the features of the image."""
        mean, log_variance = self.posterior_head(evidence).chunk(2, dim=1)
        return DiagonalGaussian(mean.flatten(1), bounded(log_variance.flatten(1), CORRECTION_OF_LOG_VARIANCE))

    def read(self, codes: Tensor) -> Tensor:
        """Codes (N, d) to features."""
        return self.reading(codes.view(-1, *self.shape))


class Stage(nn.Module):
    """One level below the top: ``enter`` its size, ask for its ``prior`` (and ``posterior``), ``read`` its codes.

    Parameters
    ----------
    shape : (c, h, w)
        Of the codes.
    entrance : nn.Module
        Features of the level above to features of this size.
    channels : int
        Of the features.
    """

    def __init__(self, shape: LatentShape, entrance: nn.Module, channels: int):
        super().__init__()
        self.shape = shape
        self.enter = entrance
        self.prior_head = _head(channels, 2 * shape[0])
        self.posterior_head = _comparison(channels, 2 * shape[0])
        self.reading = nn.Conv2d(shape[0], channels, 1)

    def prior(self, features: Tensor) -> DiagonalGaussian:
        """p(z_l|z_{l+1}, …): a Gaussian over codes (N, d), from what the levels above left in the features."""
        mean, log_variance = self.prior_head(features).chunk(2, dim=1)
        return DiagonalGaussian(mean.flatten(1), bounded(log_variance.flatten(1), PRIOR_LOG_VARIANCE))

    def posterior(
        self,
        prior: DiagonalGaussian,
        features: Tensor,
        evidence: Tensor,
    ) -> DiagonalGaussian:
        """q(z_l|z_{l+1}, …, x): the prior moved by some of its own widths, and widened or narrowed by a factor.

        Where the network gives 0 the posterior is the prior, and costs nothing (Vahdat and Kautz, 2020, section 3.2).
        """
        corrections = self.posterior_head(torch.cat([features, evidence], dim=1))
        widths, log_factor = (part.flatten(1) for part in corrections.chunk(2, dim=1))
        return DiagonalGaussian(
            prior.mean + prior.std * widths,
            prior.log_variance + bounded(log_factor, CORRECTION_OF_LOG_VARIANCE),
        )

    def read(self, features: Tensor, codes: Tensor) -> Tensor:
        """The features with the codes (N, d) of this level added."""
        return features + self.reading(codes.view(-1, *self.shape))


class PixelDecoder(ImageDecoder):
    """Features of the first level to a distribution over images: a residual block after each doubling but the last.

    Parameters
    ----------
    layers : list of nn.Module
    likelihood, sigma
        See :class:`vaecourse.networks.ImageDecoder`.
    """

    def __init__(self, layers: list[nn.Module], likelihood: str, sigma: float | None):
        super().__init__(likelihood, sigma)
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> ImageLikelihood:
        return self.likelihood(self.layers(features))
