"""The objective of the polynomial hierarchical VAE."""

import math
from collections.abc import Sequence
from numbers import Real

from torch import Tensor

from vaecourse.losses.elbo import elbo_terms, level_rates, per_level
from vaecourse.models.output import Output


class PolynomialDivergence:
    """distortion + D_PH, where D_PH = Σ_k w_k KL(q_k(z_k|x)‖N(0, I)) over the degrees k.

    Our reading of the Polynomial Divergence of Chen and Li (2025). One degree of weight 1 is the VAE, one
    of weight β the β-VAE. With every weight ≥ 1 the loss bounds −log p(x) from above, because KL(q(z|x)‖p(z)) of the
    mixed code never exceeds the sum of the degrees' KL.

    Parameters
    ----------
    weights : float or sequence of float
        One for all degrees, or one for each, degree 1 first.

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
        """Terms ``loss``, ``polynomial_divergence`` (D_PH) and those of the ELBO, ``rate_k`` of each degree among them.

        Raises
        ------
        ValueError
            If there are not as many weights as degrees.
        """
        terms = elbo_terms(images, output)
        rates = level_rates(output)
        weights = per_level(self.weights, len(rates), "weights")
        divergence = sum(weight * rate for weight, rate in zip(weights, rates, strict=True))
        return {"loss": terms["distortion"] + divergence, **terms, "polynomial_divergence": divergence}
