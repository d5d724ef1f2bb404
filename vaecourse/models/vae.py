"""The variational autoencoder."""

from torch import Tensor

from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.base import LatentVariableModel
from vaecourse.models.networks import ImageShape
from vaecourse.models.output import Level, Output


class VAE(LatentVariableModel):
    """The model q(z|x) = N(μ(x), diag σ²(x)), p(z) = N(0, I), p(x|z) by a decoder (Kingma and Welling, 2014).

    The VAE, β-VAE, FactorVAE, β-TCVAE and DIP-VAE all use this model: they differ in the loss alone.

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_dim : int
        Number of units of the code.
    **settings
        ``network``, ``hidden``, ``likelihood``, ``sigma``, ``seed``: see :class:`vaecourse.models.ImageModel`.
    """

    def __init__(self, image_shape: ImageShape, latent_dim: int, **settings):
        super().__init__(image_shape, (latent_dim,), **settings)
        with self._seeded():
            self.encoder = self._encoder(2 * latent_dim)
            self.decoder = self._decoder(latent_dim)

    def encode(self, images: Tensor) -> DiagonalGaussian:
        """Map images (N, C, H, W) in [0, 1] to their posterior q(z|x) over codes (N, latent_dim)."""
        return DiagonalGaussian.from_parameters(self.encoder(self._checked_images(images)))

    def decode(self, codes: Tensor) -> ImageLikelihood:
        """Map codes (N, latent_dim) to the distribution p(x|z) over images; its ``mean`` is the picture to show."""
        return self.decoder(*self._checked_codes(codes))

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """Infer the single level of images (N, C, H, W): draws from the posterior, or its mean if ``sample=False``."""
        posterior = self.encode(images)
        codes = posterior.sample() if sample else posterior.mean
        return [Level(codes, posterior, DiagonalGaussian.standard_like(codes))]

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Encode images (N, C, H, W), draw codes (or take the posterior mean if ``sample=False``), decode them."""
        levels = self.infer(images, sample)
        return Output(self.decoder(levels[0].codes), levels)
