"""The metrics: each maps images, codes or a model and its images to numbers."""

from vaecourse.metrics.activity import active_units
from vaecourse.metrics.density import kolmogorov_smirnov, wasserstein
from vaecourse.metrics.dependence import total_correlation
from vaecourse.metrics.explained_variance import max_r2, r2
from vaecourse.metrics.importance import completeness, dci, disentanglement
from vaecourse.metrics.interventions import beta_vae_score, factor_vae_score
from vaecourse.metrics.likelihood import nll
from vaecourse.metrics.mutual_information import mig, modularity
from vaecourse.metrics.reconstruction import mse, psnr, ssim
from vaecourse.metrics.scores import DCI, Score
from vaecourse.metrics.separation import sap
from vaecourse.metrics.similarity import linear_cka, neighbour_agreement

__all__ = [
    "DCI",
    "Score",
    "active_units",
    "beta_vae_score",
    "completeness",
    "dci",
    "disentanglement",
    "factor_vae_score",
    "kolmogorov_smirnov",
    "linear_cka",
    "max_r2",
    "mig",
    "modularity",
    "mse",
    "neighbour_agreement",
    "nll",
    "psnr",
    "r2",
    "sap",
    "ssim",
    "total_correlation",
    "wasserstein",
]
