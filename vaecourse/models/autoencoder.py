"""The plain autoencoder: a code without a distribution."""

from torch import Tensor

from vaecourse.distributions import ImageLikelihood
from vaecourse.models.base import ImageModel
from vaecourse.models.networks import ImageShape
from vaecourse.models.output import Level, Output


class Autoencoder(ImageModel):
    """A network that compresses an image to a code and reconstructs it (Hinton and Salakhutdinov, 2006).

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
            self.encoder = self._encoder(latent_dim)
            self.decoder = self._decoder(latent_dim)

    def encode(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [0, 1] to codes (N, latent_dim)."""
        return self.encoder(self._checked_images(images))

    def decode(self, codes: Tensor) -> ImageLikelihood:
        """Map codes (N, latent_dim) to a distribution over images; its ``mean`` is the picture to show."""
        return self.decoder(*self._checked_codes(codes))

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """Return the single level of images (N, C, H, W). ``sample`` is ignored, because the code is deterministic."""
        return [Level(self.encode(images))]

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Reconstruct images (N, C, H, W)."""
        levels = self.infer(images, sample)
        return Output(self.decoder(levels[0].codes), levels)
