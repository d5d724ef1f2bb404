"""The probability distributions of the course: Gaussians over codes, likelihoods over images.

All values are in nats, and in float32 at least. Methods of codes keep the axis of the latent units, so that a caller
can inspect one unit or sum over all of them. Likelihoods of images are summed over the pixels.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vaecourse.precision import at_least_float32

LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """A Gaussian with diagonal covariance over codes, one row per image.

    Parameters
    ----------
    mean, log_variance : Tensor of shape (N, d)
        The logarithm of the variance may take any real value, so a network can produce it freely.
    """

    mean: Tensor
    log_variance: Tensor

    @classmethod
    def from_parameters(cls, parameters: Tensor) -> "DiagonalGaussian":
        """Split the output (N, 2 d) of a network into d means and d logarithms of variances."""
        return cls(*parameters.chunk(2, dim=1))

    @classmethod
    def standard_like(cls, codes: Tensor) -> "DiagonalGaussian":
        """Return N(0, I) with the shape, type and device of ``codes``."""
        zeros = torch.zeros_like(codes)
        return cls(zeros, zeros)

    @property
    def variance(self) -> Tensor:
        return self.log_variance.exp()

    @property
    def std(self) -> Tensor:
        return (0.5 * self.log_variance).exp()

    def _in_stds(self, distances: Tensor) -> Tensor:
        """Return distances (N, d) divided by the standard deviations, where a variance may be below the least float."""
        largest = math.floor(math.log(torch.finfo(self.log_variance.dtype).max))
        return distances * (-0.5 * self.log_variance).clamp(max=largest).exp()

    def sample(self, temperature: float = 1.0) -> Tensor:
        """Draw codes (N, d) as mean + temperature · std · noise, so that gradients reach both parameters.

        Kingma and Welling (2014), section 2.4. A temperature below 1 draws closer to the mean.
        """
        return self.mean + temperature * self.std * torch.randn_like(self.mean)

    def log_prob(self, codes: Tensor) -> Tensor:
        """Return the log density of each unit (N, d), in nats; its sum over units is the log density of a code."""
        p = self._in_float32()
        return -0.5 * (LOG_TWO_PI + p.log_variance + p._in_stds(at_least_float32(codes) - p.mean) ** 2)

    def kl(self, other: "DiagonalGaussian | None" = None) -> Tensor:
        """Return KL(self‖other) of each unit (N, d), in nats, in closed form. ``other`` defaults to N(0, I).

        Kingma and Welling (2014), appendix B.
        """
        q = self._in_float32()
        if other is None:
            return 0.5 * (q.mean**2 + q.variance - 1 - q.log_variance)
        p = other._in_float32()
        # The quotient of the variances is taken in the exponent: each alone may be beyond the range of floats.
        log_quotient = q.log_variance - p.log_variance
        return 0.5 * (log_quotient.exp() + p._in_stds(q.mean - p.mean) ** 2 - 1 - log_quotient)

    def _in_float32(self) -> "DiagonalGaussian":
        return DiagonalGaussian(at_least_float32(self.mean), at_least_float32(self.log_variance))

    def product(self, other: "DiagonalGaussian") -> "DiagonalGaussian":
        """Return the normalised product of both densities: precisions add, and means are weighted by them."""
        # The share of the summed precision that is this density's.
        share = (other.log_variance - self.log_variance).sigmoid()
        mean = share * self.mean + (1 - share) * other.mean
        log_variance = -torch.logaddexp(-self.log_variance, -other.log_variance)
        return DiagonalGaussian(mean, log_variance)


@dataclass(frozen=True)
class BernoulliImages:
    """Independent Bernoulli pixels.

    For binary images the negative log-likelihood is exact. For grey values in (0, 1) the same expression is a
    cross-entropy: it can be trained on, but it is not a likelihood, and its minimum is not 0.

    Parameters
    ----------
    logits : Tensor of shape (N, C, H, W)
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """The probability that each pixel is white (N, C, H, W)."""
        return self.logits.sigmoid()

    def sample(self) -> Tensor:
        """Draw black and white images (N, C, H, W), pixel by pixel."""
        return torch.bernoulli(self.mean)

    def negative_log_likelihood(self, images: Tensor) -> Tensor:
        """Return −log p(image), summed over pixels (N,), in nats per image."""
        logits = at_least_float32(self.logits)
        # softplus(l) − x·l equals −x log σ(l) − (1 − x) log(1 − σ(l)), but without a logarithm that could overflow.
        return (functional.softplus(logits) - images * logits).flatten(1).sum(1)


@dataclass(frozen=True)
class GaussianImages:
    """Independent Gaussian pixels that share one standard deviation.

    Parameters
    ----------
    mean : Tensor of shape (N, C, H, W)
    log_sigma : scalar Tensor
        Logarithm of the common standard deviation, on the scale of pixels in [0, 1].
    """

    mean: Tensor
    log_sigma: Tensor

    def sample(self) -> Tensor:
        """Draw images (N, C, H, W) with pixel noise, which may lie outside [0, 1]."""
        return self.mean + self.log_sigma.exp() * torch.randn_like(self.mean)

    def negative_log_likelihood(self, images: Tensor) -> Tensor:
        """Return −log p(image), summed over pixels (N,), in nats per image: ½ Σ [(x − x̂)²/σ² + log 2πσ²]."""
        log_sigma = at_least_float32(self.log_sigma)
        squared = ((images - at_least_float32(self.mean)) ** 2).flatten(1).sum(1)
        pixels = math.prod(self.mean.shape[1:])
        return 0.5 * (squared / (2 * log_sigma).exp() + pixels * (LOG_TWO_PI + 2 * log_sigma))


ImageLikelihood = BernoulliImages | GaussianImages
