"""The plain autoencoder: a code without a distribution."""

from torch import Tensor, nn

from vaecourse.distributions import ImageLikelihood
from vaecourse.models.output import Level, Output, check_codes, check_images, check_latent_dim, values_are_cheap_to_read
from vaecourse.networks import Decoder, Encoder, ImageShape
from vaecourse.randomness import seeded


class Autoencoder(nn.Module):
    """Compress an image to ``latent_dim`` numbers and draw it again from them (Hinton and Salakhutdinov, 2006).

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
            self.encoder = Encoder(image_shape, latent_dim, network, hidden)
            self.decoder = Decoder(image_shape, latent_dim, network, hidden, likelihood, sigma)

    def encode(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to codes (N, latent_dim)."""
        check_images(images, self.image_shape, values_are_cheap_to_read(self, images))
        return self.encoder(images)

    def decode(self, codes: Tensor) -> ImageLikelihood:
        """Codes (N, latent_dim) to a distribution over images; its ``mean`` is the picture to show."""
        check_codes(codes, self.latent_dim)
        return self.decoder(codes)

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Reconstruct images (N, C, H, W). There is nothing to draw: ``sample`` makes no difference here."""
        codes = self.encode(images)
        return Output(self.decoder(codes), [Level(codes)])
