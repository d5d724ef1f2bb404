"""The variational autoencoder."""

import torch
from torch import Tensor, nn

from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.output import Level, Output, check_codes, check_images, check_latent_dim, values_are_cheap_to_read
from vaecourse.networks import Decoder, Encoder, ImageShape
from vaecourse.randomness import seeded


class VAE(nn.Module):
    """q(z|x) = N(μ(x), diag σ²(x)), p(z) = N(0, I), p(x|z) given by the decoder (Kingma and Welling, 2014).

    The same model serves the VAE and the β-VAE: they differ in the loss alone.

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_dim : int
    network, hidden, likelihood, sigma
        See :class:`vaecourse.networks.Encoder` and :class:`vaecourse.networks.Decoder`.
    seed : int
        Seed of the initial weights. The caller's random state is not touched.

    Raises
    ------
    ValueError
        For settings that no network can be made from.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: int,
        network: str = "mlp",
        hidden=None,
        likelihood: str = "bernoulli",
        sigma: float | None = None,
        seed: int = 0,
    ):
        super().__init__()
        check_latent_dim(latent_dim)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        with seeded(seed):
            self.encoder = Encoder(image_shape, 2 * latent_dim, network, hidden)
            self.decoder = Decoder(image_shape, latent_dim, network, hidden, likelihood, sigma)

    def encode(self, images: Tensor) -> DiagonalGaussian:
        """Images (N, C, H, W) in [0, 1] to their posterior q(z|x) over codes (N, latent_dim)."""
        check_images(images, self.image_shape, values_are_cheap_to_read(self, images))
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        return DiagonalGaussian(mean, log_variance)

    def decode(self, codes: Tensor) -> ImageLikelihood:
        """Codes (N, latent_dim) to a distribution over images p(x|z); its ``mean`` is the picture to show."""
        check_codes(codes, self.latent_dim)
        return self.decoder(codes)

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Encode images (N, C, H, W), draw codes (or take the posterior mean if ``sample=False``), decode them."""
        posterior = self.encode(images)
        codes = posterior.sample() if sample else posterior.mean
        return Output(self.decoder(codes), [Level(codes, posterior, DiagonalGaussian.standard_like(codes))])

    @torch.no_grad()
    def generate(self, count: int, seed: int = 0) -> Tensor:
        """Images (count, C, H, W) in [0, 1]: the decoder's means for codes drawn from the prior."""
        device = next(self.parameters()).device
        with seeded(seed, device):
            return self.decode(torch.randn(count, self.latent_dim, device=device)).mean
