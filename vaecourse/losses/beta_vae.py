"""The loss of the plain autoencoder, the β-VAE (with β = 1 the VAE), and a target for the rate."""

import math

from torch import Tensor

from vaecourse.losses.elbo import distortion, elbo_terms
from vaecourse.losses.schedules import Linear, Schedule, constant
from vaecourse.models.output import Output


class Reconstruction:
    """The distortion alone: −log p(x|z), in nats per image. It asks nothing of the codes."""

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Terms ``loss`` and ``distortion`` (equal here), from images (N, C, H, W) in [0, 1]."""
        value = distortion(images, output).mean()
        return {"loss": value, "distortion": value}


class BetaVAE:
    """distortion + β · rate (Higgins et al., 2017, equation 4). β = 1 is the VAE: the loss is −ELBO.

    β > 1 still bounds −log p(x) from above, more loosely. β < 1, also during a warm-up, does not: so
    ``negative_elbo``, the unweighted sum, is always among the terms.

    Parameters
    ----------
    beta : float
        Weight of the rate at the end of the schedule.
    schedule : callable, optional
        Share of ``beta`` after so many epochs: :class:`Linear`, :class:`Cyclical` or your own. Default: all of it.

    Raises
    ------
    ValueError
        If ``beta`` is negative or not finite.
    """

    def __init__(self, beta: float = 1.0, schedule: Schedule = constant):
        if not 0 <= beta < math.inf:
            raise ValueError(f"beta must be a finite number ≥ 0, got {beta}")
        self.beta = beta
        self.schedule = schedule

    def beta_at(self, epoch: float) -> float:
        """β after so many epochs."""
        return self.beta * self.schedule(epoch)

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Terms ``loss``, ``distortion``, ``rate``, ``negative_elbo``: scalars, in nats per image.

        Parameters
        ----------
        images : Tensor of shape (N, C, H, W), in [0, 1]
        output : Output
            What the model returned for ``images``.
        epoch : float
            Epochs trained so far, for the schedule.
        """
        terms = elbo_terms(images, output)
        return {"loss": terms["distortion"] + self.beta_at(epoch) * terms["rate"], **terms}


class Capacity:
    """``distortion + γ · |rate − C(t)|``, C growing from 0 to ``capacity`` (Burgess et al., 2018, equation 8).

    The rate is held near a target that rises, so that the model learns one thing after another.

    Parameters
    ----------
    capacity : float
        The final target C, in nats per image.
    gamma : float
        Weight of the distance to the target.
    epochs : float
        Epochs over which C grows, in a straight line.

    Raises
    ------
    ValueError
        If ``capacity`` or ``gamma`` is negative or not finite, or ``epochs`` is not positive and finite.
    """

    def __init__(self, capacity: float, gamma: float, epochs: float):
        if not (0 <= capacity < math.inf and 0 <= gamma < math.inf):
            raise ValueError(f"capacity and gamma must be finite numbers ≥ 0, got {capacity} and {gamma}")
        self.capacity = capacity
        self.gamma = gamma
        self.schedule = Linear(epochs)

    def capacity_at(self, epoch: float) -> float:
        """The target C after so many epochs, in nats per image."""
        return self.capacity * self.schedule(epoch)

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Terms ``loss``, ``distortion``, ``rate``, ``negative_elbo``, as for :class:`BetaVAE`."""
        terms = elbo_terms(images, output)
        gap = (terms["rate"] - self.capacity_at(epoch)).abs()
        return {"loss": terms["distortion"] + self.gamma * gap, **terms}
