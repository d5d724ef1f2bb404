"""The objective of the polynomial hierarchical VAE."""

import math
from collections.abc import Sequence
from numbers import Real

from torch import Tensor

from vaecourse.losses.elbo import elbo_terms, level_rates, per_level
from vaecourse.models.output import Output


class PolynomialDivergence:
    """distortion + D_PH, where D_PH = Σ_k w_k KL(q_k(z_k|x)‖N(0, I)) over the degrees k.

    This is our reading of the Polynomial Divergence of Chen and Li (2025). With one degree it is the loss of the VAE
    if the weight is 1, and of the β-VAE if it is β. If every weight is ≥ 1, the loss bounds −log p(x) from above,
    because KL(q(z|x)‖p(z)) of the mixed code never exceeds the sum of the degrees' KL.

    Parameters
    ----------
    weights : float or sequence of float
        Weight of the KL: one for all degrees, or one for each, degree 1 first.

    Raises
    ------
    ValueError
        If a weight is negative or not finite.
    """

    def __init__(self, weights: float | Sequence[float] = 1.0):
        self.weights = weights
        for weight in [weights] if isinstance(weights, Real) else list(weights):
            if not 0 <= weight < math.inf:
                raise ValueError(f"weights must be finite numbers ≥ 0, got {weight}")

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Return ``loss``, ``polynomial_divergence`` (D_PH) and the terms of the ELBO, with ``rate_k`` of each degree.

        Raises
        ------
        ValueError
            If the number of weights differs from the number of degrees.
        """
        terms = elbo_terms(images, output)
        rates = level_rates(output)
        weights = per_level(self.weights, len(rates), "weights")
        divergence = sum(weight * rate for weight, rate in zip(weights, rates, strict=True))
        return {"loss": terms["distortion"] + divergence, **terms, "polynomial_divergence": divergence}
