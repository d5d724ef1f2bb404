"""The losses. Each maps (images, output) to named terms in nats per image.

Terms are summed over pixels and latent units, and averaged over the images of the batch. A weight (β, γ) therefore
means the same in every loss and for every data set.
"""

from vaecourse.losses.beta_tcvae import BetaTCVAE
from vaecourse.losses.beta_vae import BetaVAE, Capacity, Reconstruction
from vaecourse.losses.dependence import (
    gaussian_mutual_information,
    gaussian_total_correlation,
    stratified_total_correlation,
)
from vaecourse.losses.dip_vae import DIPVAE
from vaecourse.losses.elbo import distortion, elbo_terms, level_rates, rates
from vaecourse.losses.factor_vae import FactorVAE
from vaecourse.losses.helbo import HELBO
from vaecourse.losses.polynomial_divergence import PolynomialDivergence
from vaecourse.losses.schedules import Cosine, Cyclical, Linear

__all__ = [
    "DIPVAE",
    "HELBO",
    "BetaTCVAE",
    "BetaVAE",
    "Capacity",
    "Cosine",
    "Cyclical",
    "FactorVAE",
    "Linear",
    "PolynomialDivergence",
    "Reconstruction",
    "distortion",
    "elbo_terms",
    "gaussian_mutual_information",
    "gaussian_total_correlation",
    "level_rates",
    "rates",
    "stratified_total_correlation",
]
