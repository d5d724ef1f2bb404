"""The models: each maps images to one :class:`Output`."""

from vaecourse.models.autoencoder import Autoencoder
from vaecourse.models.output import Level, Output
from vaecourse.models.vae import VAE

__all__ = ["VAE", "Autoencoder", "Level", "Output"]
