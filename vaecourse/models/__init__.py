"""The models. Each maps a batch of images to one :class:`Output`."""

from vaecourse.models.autoencoder import Autoencoder
from vaecourse.models.base import ImageModel, LatentVariableModel
from vaecourse.models.diffusion import DiffusionModel
from vaecourse.models.hdvae import HDVAE
from vaecourse.models.hierarchy import Hierarchy
from vaecourse.models.output import Level, Output
from vaecourse.models.ph_vae import PHVAE
from vaecourse.models.spatial_hdvae import SpatialHDVAE
from vaecourse.models.vae import VAE

__all__ = [
    "HDVAE",
    "PHVAE",
    "VAE",
    "Autoencoder",
    "DiffusionModel",
    "Hierarchy",
    "ImageModel",
    "LatentVariableModel",
    "Level",
    "Output",
    "SpatialHDVAE",
]
