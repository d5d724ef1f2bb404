"""The losses: each maps (images, output) to named terms in nats per image.

Sums run over pixels and latent units, means over the images of the batch. A weight (β, γ) therefore means the
same in every loss and for every data set.
"""

from vaecourse.losses.dependence import (
    gaussian_mutual_information,
    gaussian_total_correlation,
    stratified_total_correlation,
)
from vaecourse.losses.dip import DIPVAE
from vaecourse.losses.elbo import BetaVAE, Capacity
from vaecourse.losses.helbo import HELBO
from vaecourse.losses.polynomial import PolynomialDivergence
from vaecourse.losses.reconstruction import Reconstruction
from vaecourse.losses.schedules import Cyclical, Linear
from vaecourse.losses.terms import distortion, rates
from vaecourse.losses.total_correlation import BetaTCVAE, FactorVAE

__all__ = [
    "DIPVAE",
    "HELBO",
    "BetaTCVAE",
    "BetaVAE",
    "Capacity",
    "Cyclical",
    "FactorVAE",
    "Linear",
    "PolynomialDivergence",
    "Reconstruction",
    "distortion",
    "gaussian_mutual_information",
    "gaussian_total_correlation",
    "rates",
    "stratified_total_correlation",
]
