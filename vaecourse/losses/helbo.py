"""HELBO: the evidence lower bound of a hierarchy, with a weight per level and penalties on dependence."""

import itertools
import math
from collections.abc import Sequence
from functools import partial
from numbers import Real

from torch import Tensor

from vaecourse import notices
from vaecourse.checks import one_of
from vaecourse.losses.dependence import gaussian_mutual_information, stratified_total_correlation
from vaecourse.losses.elbo import elbo_terms, level_rates, per_level
from vaecourse.losses.schedules import Schedule, constant
from vaecourse.models.output import Output

BOUNDS = ("chain", "product")


class HELBO:
    """distortion + Σ_l β_l · rate_l + γ_intra Σ_l TC(z_l) + γ_inter Σ_{l<m} I(z_l; z_m).

    ``bound`` determines the rate of a level.

    * ``chain``: the bound of the posterior that is sampled. In bottom-up inference, the rate of every level but the top
      is the estimate log q(z_l|z_{l−1}) − log p(z_l|z_{l+1}) at the sample; all other rates are a KL in closed form.
    * ``product``: KL(q(z_l|z_{l−1})‖p(z_l|z_{l+1})) in closed form for every level, as published with HDVAE. For two
      levels the resulting bound on log p(x) is the ELBO of the product posterior q(z_1|x) q(z_2|x) less I(z_1; z_2|x).
      It may be higher or lower than the chain's. At the exact posterior the chain's is tight; this one is lower if
      z_1 and z_2 are dependent given x.

    With top-down inference both are the same. With all β = 1 and γ = 0, both losses are upper bounds on −log p(x).

    In bottom-up inference the chain's rate of a level can be negative, and is unbounded below if the level above copies
    it. If β decreases from a level to the one above, the objective then has no minimum, and a warning is given.

    Parameters
    ----------
    betas : float or sequence of float
        Weight of the rate: one for all levels, or one for each, level 1 first.
    bound : "chain" or "product"
        Form of the rates, see above.
    intra, inter : float
        Weights γ_intra of total correlations (minibatch-stratified) and γ_inter of Gaussian mutual information (see
        :mod:`vaecourse.losses.dependence`). If I(z_1; z_2) is driven to 0, the hierarchy has no effect, unless the
        decoder reads all levels and inference is top-down: bottom-up, z_2 depends on the image through z_1 only.
    schedule : callable or sequence of callables, optional
        Share of β as a function of the epochs trained, for all levels or for each: :class:`Linear`,
        :class:`Cyclical` or your own.
    dataset_size : int, optional
        Number of training images, for ``intra``. By default the batch is treated as the whole data set.

    Raises
    ------
    ValueError
        If the bound is unknown, or a weight is negative or not finite.
    """

    def __init__(
        self,
        betas: float | Sequence[float] = 1.0,
        bound: str = "chain",
        intra: float = 0.0,
        inter: float = 0.0,
        schedule: Schedule | Sequence[Schedule] = constant,
        dataset_size: int | None = None,
    ):
        weights = {"betas": [betas] if isinstance(betas, Real) else list(betas), "intra": [intra], "inter": [inter]}
        for name, values in weights.items():
            if not all(0 <= value < math.inf for value in values):
                raise ValueError(f"{name} must be finite and ≥ 0, got {', '.join(map(str, values))}")
        self.betas = betas
        self.bound = one_of(bound, BOUNDS, "bound")
        self.intra = intra
        self.inter = inter
        self.schedule = schedule
        self.dataset_size = dataset_size
        self._warned = False

    @property
    def smallest_batch(self) -> int:
        return 2 if self.intra or self.inter else 1

    def betas_at(self, epoch: float, levels: int) -> list[float]:
        """Return β of each of ``levels`` levels after a number of epochs, level 1 first.

        Raises
        ------
        ValueError
            If the number of β or schedules differs from the number of levels.
        """
        betas, schedules = per_level(self.betas, levels, "betas"), per_level(self.schedule, levels, "schedules")
        return [beta * schedule(epoch) for beta, schedule in zip(betas, schedules, strict=True)]

    def __call__(
        self,
        images: Tensor,
        output: Output,
        epoch: float = math.inf,
    ) -> dict[str, Tensor]:
        """Return terms in nats per image.

        They are ``loss``; ``distortion``, ``rate``, ``rate_l`` and ``negative_elbo`` of the chain, for either bound;
        ``product_rate``, the sum of the closed forms; and, if they have a weight, ``total_correlation`` (summed over
        levels) and ``inter_level_information`` (summed over pairs of levels).

        Raises
        ------
        ValueError
            If the number of β differs from that of the levels, or there are fewer than 2 images and γ is not 0.
        """
        betas = self.betas_at(epoch, len(output.levels))
        self._check_minimum(output, betas)
        terms = elbo_terms(images, output)
        names = [f"rate_{level}" for level in range(1, len(betas) + 1)]
        rates = [terms[name] for name in names] if len(betas) > 1 else [terms["rate"]]
        # A second KL costs time, so it is taken only where the bounds differ.
        differ = any(level.prior_depends_on_sample for level in output.levels)
        product = level_rates(output, closed_form=True) if differ else rates
        terms["product_rate"] = sum(product)
        rates = rates if self.bound == "chain" else product
        weighted = [beta * rate for beta, rate in zip(betas, rates, strict=True)]
        loss = terms["distortion"] + sum(weighted)
        if self.intra:
            size = self.dataset_size
            estimate = partial(stratified_total_correlation, dataset_size=size)
            terms["total_correlation"] = sum(map(estimate, output.levels))
            loss = loss + self.intra * terms["total_correlation"]
        if self.inter:
            pairs = itertools.combinations([level.codes for level in output.levels], 2)
            information = itertools.starmap(gaussian_mutual_information, pairs)
            nothing = terms["rate"].new_zeros(())  # of one level there are no pairs
            terms["inter_level_information"] = sum(information, start=nothing)
            loss = loss + self.inter * terms["inter_level_information"]
        return {"loss": loss, **terms}

    def _check_minimum(self, output: Output, betas: list[float]) -> None:
        decreasing = any(
            level.prior_depends_on_sample and above < here
            for level, (here, above) in zip(output.levels, itertools.pairwise(betas), strict=False)
        )
        if self.bound == "chain" and decreasing and not self._warned:
            self._warned = True
            notices.warn(
                "bottom-up, the chain's objective has no minimum when β decreases upwards: use bound='product', "
                "top-down inference, or β that do not decrease"
            )
