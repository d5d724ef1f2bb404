"""β-TCVAE: a loss with a separate weight for the total correlation, one part of the rate."""

import math

from torch import Tensor

from vaecourse.losses.dependence import log_aggregate
from vaecourse.losses.elbo import elbo_terms, only_level
from vaecourse.models.output import Output


class BetaTCVAE:
    """−ELBO + (β − 1) · TC(z) (Chen et al., 2018, equation 4 with α = γ = 1). β = 1 is the VAE.

    The rate is index-code mutual information + total correlation + dimension-wise KL; β is the weight of the
    second. All three are reported, estimated by minibatch-stratified sampling (see
    :func:`vaecourse.losses.dependence.log_aggregate`); the rate itself is computed in closed form.

    Parameters
    ----------
    beta : float
        Weight of the total correlation.
    dataset_size : int, optional
        Number of training images. By default the batch is treated as the whole data set.

    Raises
    ------
    ValueError
        If ``beta`` is negative or not finite.
    """

    smallest_batch = 2

    def __init__(self, beta: float, dataset_size: int | None = None):
        if not 0 <= beta < math.inf:
            raise ValueError(f"beta must be a finite number ≥ 0, got {beta}")
        self.beta = beta
        self.dataset_size = dataset_size

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Return terms of the ELBO, ``mutual_information``, ``total_correlation``, ``dimension_wise_kl``, in nats.

        Raises
        ------
        ValueError
            If the model has several levels, or there are fewer than 2 images.
        """
        terms = elbo_terms(images, output)
        level = only_level(output, "BetaTCVAE")
        joint, units = log_aggregate(level, self.dataset_size)
        parts = {
            "mutual_information": (level.posterior.log_prob(level.codes).sum(1) - joint).mean(),
            "total_correlation": (joint - units.sum(1)).mean(),
            "dimension_wise_kl": (units - level.prior.log_prob(level.codes)).sum(1).mean(),
        }
        return {"loss": terms["negative_elbo"] + (self.beta - 1) * parts["total_correlation"], **terms, **parts}
