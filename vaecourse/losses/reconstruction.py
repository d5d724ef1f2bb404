"""The loss of a plain autoencoder."""

import math

from torch import Tensor

from vaecourse.losses.terms import distortion
from vaecourse.models.output import Output


class Reconstruction:
    """The distortion alone: −log p(x|z), in nats per image. It asks nothing of the codes."""

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Terms ``loss`` and ``distortion`` (equal here), from images (N, C, H, W) in [0, 1]."""
        value = distortion(images, output).mean()
        return {"loss": value, "distortion": value}
