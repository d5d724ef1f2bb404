"""The losses: each maps (images, output) to named terms in nats per image.

Sums run over pixels and latent units, means over the images of the batch. A weight (β, γ) therefore means the
same in every loss and for every data set.
"""

from vaecourse.losses.elbo import BetaVAE, Capacity
from vaecourse.losses.reconstruction import Reconstruction
from vaecourse.losses.schedules import Cyclical, Linear
from vaecourse.losses.terms import distortion, rates

__all__ = ["BetaVAE", "Capacity", "Cyclical", "Linear", "Reconstruction", "distortion", "rates"]
