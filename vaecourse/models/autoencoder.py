"""The plain autoencoder: a code without a distribution."""

from torch import Tensor

from vaecourse.distributions import ImageLikelihood
from vaecourse.models.base import ImageModel
from vaecourse.models.networks import ImageShape
from vaecourse.models.output import Level, Output


class Autoencoder(ImageModel):
    """Compress an image to ``latent_dim`` numbers and draw it again from them (Hinton and Salakhutdinov, 2006).

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_dim : int
    **settings
        ``network``, ``hidden``, ``likelihood``, ``sigma``, ``seed``: see :class:`vaecourse.models.ImageModel`.
    """

    def __init__(self, image_shape: ImageShape, latent_dim: int, **settings):
        super().__init__(image_shape, (latent_dim,), **settings)
        with self._seeded():
            self.encoder = self._encoder(latent_dim)
            self.decoder = self._decoder(latent_dim)

    def encode(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to codes (N, latent_dim)."""
        self._check_images(images)
        return self.encoder(images)

    def decode(self, codes: Tensor) -> ImageLikelihood:
        """Codes (N, latent_dim) to a distribution over images; its ``mean`` is the picture to show."""
        self._check_codes(codes)
        return self.decoder(codes)

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """The one level of images (N, C, H, W). There is nothing to draw: ``sample`` makes no difference here."""
        return [Level(self.encode(images))]

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Reconstruct images (N, C, H, W)."""
        levels = self.infer(images, sample)
        return Output(self.decoder(levels[0].codes), levels)
