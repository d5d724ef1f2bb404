"""The metrics: each maps images, codes or a model and its images to numbers."""

from vaecourse.metrics.activity import active_units
from vaecourse.metrics.likelihood import nll
from vaecourse.metrics.reconstruction import mse, psnr, ssim

__all__ = ["active_units", "mse", "nll", "psnr", "ssim"]
