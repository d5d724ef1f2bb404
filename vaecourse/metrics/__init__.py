"""The metrics. Each maps arrays (images, or codes and factors) to numbers, and is independent of the models."""

import warnings

from vaecourse.metrics import attributes
from vaecourse.metrics.active_units import active_units
from vaecourse.metrics.dci import completeness, dci, disentanglement
from vaecourse.metrics.density import frechet, kolmogorov_smirnov, wasserstein
from vaecourse.metrics.interventions import beta_vae_score, factor_vae_score
from vaecourse.metrics.mig import mig, modularity
from vaecourse.metrics.r2 import max_r2, r2
from vaecourse.metrics.reconstruction import mse, psnr, ssim
from vaecourse.metrics.sap import sap
from vaecourse.metrics.scores import DCI, Score
from vaecourse.metrics.similarity import linear_cka, neighbour_agreement
from vaecourse.metrics.total_correlation import gaussian_total_correlation

__all__ = [
    "DCI",
    "Score",
    "active_units",
    "attributes",
    "beta_vae_score",
    "completeness",
    "dci",
    "disentanglement",
    "factor_vae_score",
    "frechet",
    "gaussian_total_correlation",
    "kolmogorov_smirnov",
    "linear_cka",
    "max_r2",
    "mig",
    "modularity",
    "mse",
    "neighbour_agreement",
    "psnr",
    "r2",
    "sap",
    "ssim",
    "wasserstein",
]


def __getattr__(name: str):
    """Return ``vc.nll`` under its old name: it takes a model, so it is not a metric."""
    if name != "nll":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import vaecourse

    warnings.warn("vc.metrics.nll is vc.nll now: the old name goes with the next release", DeprecationWarning, 2)
    return vaecourse.nll
