"""The metrics: each maps images, codes or a model and its images to numbers."""

from vaecourse.metrics.activity import active_units
from vaecourse.metrics.density import kolmogorov_smirnov, wasserstein
from vaecourse.metrics.likelihood import nll
from vaecourse.metrics.reconstruction import mse, psnr, ssim
from vaecourse.metrics.similarity import linear_cka, neighbour_agreement

__all__ = [
    "active_units",
    "kolmogorov_smirnov",
    "linear_cka",
    "mse",
    "neighbour_agreement",
    "nll",
    "psnr",
    "ssim",
    "wasserstein",
]
