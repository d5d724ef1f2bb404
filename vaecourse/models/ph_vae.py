"""The polynomial hierarchical VAE: one encoder for each power of the image, one decoder for all."""

import math

import torch
from torch import Tensor, nn

from vaecourse.checks import one_of
from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.base import LatentVariableModel
from vaecourse.models.networks import ImageShape
from vaecourse.models.output import Level, Output

MIXING = ("concat", "sum")
BASES = ("powers", "legendre")


class PHVAE(LatentVariableModel):
    """A VAE whose encoders k = 1 … K read the powers x, …, x^K of the image and mix their codes (Chen and Li, 2025).

    There is one level of codes for each degree: q_k(z_k|x) = N(μ_k(x^k), diag σ_k²(x^k)) and p(z_k) = N(0, I). The
    decoder reads z = A m + A(ε ⊙ s), where m, s and ε stack the means, standard deviations and noise of all degrees.
    ``concat`` concatenates the codes (A = I). ``sum`` adds them with weights 1/√K, whose squares sum to 1.
    Either way z is N(0, I) under the prior. With powers and degree 1 the model is the VAE.

    This is our implementation of arXiv:2502.02856 with all of its ingredients, not its published code.

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_dim : int
        Number of units of each degree.
    degree : int
        Highest power K.
    mixing : "concat" or "sum"
        Mixing of the codes: the decoder reads K · latent_dim units, or latent_dim units.
    basis : "powers" or "legendre"
        Polynomials of the image: x, x², x³, …, or the shifted Legendre polynomials P_k(2x − 1). With the constant,
        both span the same space, but on [0, 1] the latter are orthogonal and powers are nearly collinear.
    **settings
        ``network``, ``hidden``, ``likelihood``, ``sigma``, ``seed``: see :class:`vaecourse.models.ImageModel`.

    Raises
    ------
    ValueError
        If the degree is below 1, mixing or basis is unknown, or a setting of the networks is invalid.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: int,
        degree: int = 3,
        mixing: str = "concat",
        basis: str = "powers",
        **settings,
    ):
        if degree < 1:
            raise ValueError(f"degree must be at least 1, got {degree}: degree 1 is the VAE")
        super().__init__(image_shape, (latent_dim,) * degree, **settings)
        self.mixing = one_of(mixing, MIXING, "mixing")
        self.basis = one_of(basis, BASES, "basis")
        with self._seeded():
            self.encoders = nn.ModuleList(self._encoder(2 * latent_dim) for _ in range(degree))
            self.decoder = self._decoder(latent_dim * (degree if mixing == "concat" else 1))

    @property
    def degree(self) -> int:
        """The highest power K."""
        return len(self.latent_dims)

    @property
    def decoder_reads(self) -> str:
        """Input of the decoder: "all" degrees concatenated, or their "sum"."""
        return "sum" if self.mixing == "sum" else "all"

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the polynomials of degree 1 … K of images (N, C, H, W), each of the same shape."""
        if self.basis == "powers":
            return [images**k for k in range(1, self.degree + 1)]
        return _legendre(2 * images - 1, self.degree)

    def encode_degrees(self, images: Tensor) -> list[DiagonalGaussian]:
        """Return the posterior of each degree, over codes (N, latent_dim), for images (N, C, H, W) in [0, 1]."""
        features = self.features(self._checked_images(images))
        pairs = zip(self.encoders, features, strict=True)
        parameters = [encoder(feature) for encoder, feature in pairs]
        return [DiagonalGaussian.from_parameters(values) for values in parameters]

    def encode(self, images: Tensor) -> DiagonalGaussian:
        """Return the posterior of z, the mixed code that the decoder reads, for images (N, C, H, W) in [0, 1]."""
        posteriors = self.encode_degrees(images)
        mean = self.mix([posterior.mean for posterior in posteriors])
        if self.mixing == "concat":
            return DiagonalGaussian(mean, self.mix([posterior.log_variance for posterior in posteriors]))
        log_variances = torch.stack([posterior.log_variance for posterior in posteriors])
        return DiagonalGaussian(mean, log_variances.logsumexp(0) - math.log(self.degree))

    def mix(self, codes: list[Tensor]) -> Tensor:
        """Mix the codes (N, latent_dim) of all degrees into the input of the decoder: apply A."""
        if self.mixing == "concat":
            return torch.cat(codes, dim=1)
        return sum(codes) / math.sqrt(self.degree)

    def decode(self, *codes: Tensor) -> ImageLikelihood:
        """Map one code (N, latent_dim) for each degree to the distribution p(x|z) over images."""
        return self.decoder(self.mix(self._checked_codes(*codes)))

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """Infer one level per degree of images (N, C, H, W): draws from the posteriors, or means if not ``sample``."""
        levels = []
        for posterior in self.encode_degrees(images):
            codes = posterior.sample() if sample else posterior.mean
            levels.append(Level(codes, posterior, DiagonalGaussian.standard_like(codes)))
        return levels

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Encode every degree of images (N, C, H, W), draw codes (or take the means if not ``sample``), and decode."""
        levels = self.infer(images, sample)
        return Output(self.decode(*(level.codes for level in levels)), levels)


def _legendre(values: Tensor, degree: int) -> list[Tensor]:
    """Return P_1 … P_degree by Bonnet's recursion: (k + 1) P_{k+1} = (2k + 1) x P_k − k P_{k−1}."""
    polynomials = [torch.ones_like(values), values]
    for k in range(1, degree):
        polynomials.append(((2 * k + 1) * values * polynomials[k] - k * polynomials[k - 1]) / (k + 1))
    return polynomials[1:]
