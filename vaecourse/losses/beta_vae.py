"""The losses of the plain autoencoder and the β-VAE (the VAE if β = 1), and one with a target for the rate."""

import math

from torch import Tensor

from vaecourse.losses.elbo import distortion, elbo_terms
from vaecourse.losses.schedules import Linear, Schedule, constant
from vaecourse.models.output import Output


class Reconstruction:
    """The distortion alone: −log p(x|z), in nats per image. There is no term for the codes."""

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Return the terms ``loss`` and ``distortion``, which are equal here, from images (N, C, H, W) in [0, 1]."""
        value = distortion(images, output).mean()
        return {"loss": value, "distortion": value}


class BetaVAE:
    """distortion + β · rate (Higgins et al., 2017, equation 4). β = 1 is the VAE: the loss is −ELBO.

    With β > 1 the loss still bounds −log p(x) from above, but more loosely. With β < 1, also during a warm-up, it
    does not. Therefore ``negative_elbo``, the unweighted sum, is always among the terms.

    Parameters
    ----------
    beta : float
        Weight of the rate at the end of the schedule.
    schedule : callable, optional
        Share of ``beta`` as a function of the epochs trained: :class:`Linear`, :class:`Cyclical` or your own.
        Default: constant 1.

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
        """Return β after a number of epochs."""
        return self.beta * self.schedule(epoch)

    def __call__(
        self,
        images: Tensor,
        output: Output,
        epoch: float = math.inf,
    ) -> dict[str, Tensor]:
        """Return the terms ``loss``, ``distortion``, ``rate``, ``negative_elbo``: scalars, in nats per image.

        Parameters
        ----------
        images : Tensor of shape (N, C, H, W), in [0, 1]
        output : Output
            Output of the model for ``images``.
        epoch : float
            Number of epochs trained so far, for the schedule.
        """
        terms = elbo_terms(images, output)
        loss = terms["distortion"] + self.beta_at(epoch) * terms["rate"]
        return {"loss": loss, **terms}


class Capacity:
    """``distortion + γ · |rate − C(t)|``, where C grows from 0 to ``capacity`` (Burgess et al., 2018, equation 8).

    The rate is held near a rising target, so that the model encodes factors one after another.

    Parameters
    ----------
    capacity : float
        Final target C, in nats per image.
    gamma : float
        Weight of the distance to the target.
    epochs : float
        Number of epochs over which C grows linearly.

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
        """Return the target C after a number of epochs, in nats per image."""
        return self.capacity * self.schedule(epoch)

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Return the terms ``loss``, ``distortion``, ``rate``, ``negative_elbo``, as for :class:`BetaVAE`."""
        terms = elbo_terms(images, output)
        gap = (terms["rate"] - self.capacity_at(epoch)).abs()
        return {"loss": terms["distortion"] + self.gamma * gap, **terms}
