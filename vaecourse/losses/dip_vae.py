"""DIP-VAE: a penalty that pulls the covariance of the aggregate posterior towards the identity."""

import math

import torch
from torch import Tensor

from vaecourse.checks import one_of
from vaecourse.losses.elbo import elbo_terms, only_level
from vaecourse.models.output import Output
from vaecourse.precision import at_least_float32, without_autocast

KINDS = ("i", "ii")


class DIPVAE:
    """−ELBO + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)² (Kumar et al., 2018, equations 6 and 7).

    C is the covariance over the batch of the posterior means (kind I), or of the codes, Cov[μ] + E[σ²] (kind II). The
    penalty is added to terms in nats per image, so λ does not depend on the batch size.

    Parameters
    ----------
    kind : "i" or "ii"
        Covariance that is penalised, see above.
    lambda_od : float
        Weight of the covariances.
    lambda_d : float, optional
        Weight of the variances. Default: 10 · λ_od for kind I, λ_od for kind II.

    Raises
    ------
    ValueError
        If the kind is unknown, or a weight is negative or not finite.
    """

    smallest_batch = 2

    def __init__(self, kind: str = "i", lambda_od: float = 10.0, lambda_d: float | None = None):
        self.kind = one_of(kind, KINDS, "kind")
        self.lambda_od = lambda_od
        self.lambda_d = (10 if kind == "i" else 1) * lambda_od if lambda_d is None else lambda_d
        if not (0 <= self.lambda_od < math.inf and 0 <= self.lambda_d < math.inf):
            raise ValueError(f"lambda_od and lambda_d must be finite numbers ≥ 0, got {lambda_od} and {lambda_d}")

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Return the terms of the ELBO and the weighted ``covariance_penalty``, as scalars.

        Raises
        ------
        ValueError
            If the model has several levels, or there are fewer than 2 images.
        """
        terms = elbo_terms(images, output)
        posterior = only_level(output, "DIPVAE").posterior
        if len(posterior.mean) < self.smallest_batch:
            raise ValueError("a covariance needs at least 2 images in a batch, got 1: use larger batches")
        # torch.cov is not used, because it reads a value and so makes a GPU wait in each step.
        means = at_least_float32(posterior.mean)
        centred = means.T - means.T.mean(1, keepdim=True)
        with without_autocast(means.device):
            covariance = centred @ centred.T / centred.shape[1]
        if self.kind == "ii":
            covariance = covariance + torch.diag(at_least_float32(posterior.variance).mean(0))
        variances = covariance.diagonal()
        off_diagonal = (covariance**2).sum() - (variances**2).sum()
        penalty = self.lambda_od * off_diagonal + self.lambda_d * ((variances - 1) ** 2).sum()
        return {"loss": terms["negative_elbo"] + penalty, **terms, "covariance_penalty": penalty}
