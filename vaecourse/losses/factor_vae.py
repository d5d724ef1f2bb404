"""FactorVAE: a penalty on the total correlation, estimated by a discriminator that is trained with the model."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vaecourse.checks import adam_fits
from vaecourse.losses.elbo import elbo_terms, only_level
from vaecourse.models.output import Output
from vaecourse.precision import at_least_float32
from vaecourse.randomness import seeded

DISCRIMINATOR_HIDDEN = (1000,) * 6


class FactorVAE:
    """−ELBO + γ · TC(z), where a discriminator trained with the model estimates TC (Kim and Mnih, 2018).

    The discriminator learns to distinguish codes of one half of the batch from codes of the other half whose units
    were permuted among the images. Its logit estimates log q(z)/Π q(z_j) of each image (equation 3), in nats. Its
    accuracy is reported: near 0.5 means that the units are independent, or that the discriminator is too weak.

    The discriminator and its optimiser belong to the loss: make a new loss for each model. ``fit``
    stores both in checkpoints.

    Parameters
    ----------
    gamma : float
        Weight of the total correlation.
    hidden : tuple of int
        Number of units of the discriminator's layers (LeakyReLU, slope 0.2). Default: the paper's six of 1,000.
    learning_rate : float
        Learning rate of the discriminator's Adam, whose betas are 0.5 and 0.9.
    seed : int
        Seed of the discriminator's initial weights.

    Raises
    ------
    ValueError
        If ``gamma`` is negative or not finite.
    """

    smallest_batch = 2

    def __init__(self, gamma: float, hidden=DISCRIMINATOR_HIDDEN, learning_rate: float = 1e-4, seed: int = 0):
        if not 0 <= gamma < math.inf:
            raise ValueError(f"gamma must be a finite number ≥ 0, got {gamma}")
        self.gamma = gamma
        self.hidden = tuple(hidden)
        self.learning_rate = learning_rate
        self.seed = seed
        self.discriminator: nn.Sequential | None = None

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Return the terms of the ELBO, ``total_correlation`` in nats per image, ``discriminator_accuracy`` in [0, 1].

        If gradients are recorded, the discriminator is also trained for one step.

        Raises
        ------
        ValueError
            If the model has several levels or another size than before, or there are fewer than 2 images.
        """
        terms = elbo_terms(images, output)
        codes = only_level(output, "FactorVAE").codes
        if len(codes) < self.smallest_batch:
            raise ValueError(
                f"the discriminator compares two halves of a batch, got {len(codes)} image: use larger batches"
            )
        codes = at_least_float32(codes)
        self._make_discriminator(codes.shape[1], codes.device, codes.dtype)
        accuracy = self._train_discriminator(codes.detach(), learn=codes.requires_grad)
        self.discriminator.requires_grad_(False)  # the step of the model must not change the discriminator
        total_correlation = self.discriminator(codes).mean()
        return {
            "loss": terms["negative_elbo"] + self.gamma * total_correlation,
            **terms,
            "total_correlation": total_correlation,
            "discriminator_accuracy": accuracy,
        }

    def _train_discriminator(self, codes: Tensor, learn: bool) -> Tensor:
        """Evaluate the discriminator on both half-batches, update it if ``learn``, and return its earlier accuracy."""
        joint, second = codes.tensor_split(2)
        independent = torch.stack([unit[torch.randperm(len(unit), device=unit.device)] for unit in second.T], dim=1)
        self.discriminator.requires_grad_(learn)
        of_joint, of_independent = self.discriminator(joint), self.discriminator(independent)
        if learn:
            discriminator_loss = functional.softplus(-of_joint).mean() + functional.softplus(of_independent).mean()
            self.optimizer.zero_grad()
            discriminator_loss.backward()
            self.optimizer.step()
        return 0.5 * ((of_joint > 0).float().mean() + (of_independent <= 0).float().mean())

    def _make_discriminator(self, units: int, device, dtype: torch.dtype = torch.float32) -> None:
        if self.discriminator is not None:
            known = self.discriminator[0].in_features
            if units != known:
                raise ValueError(f"this FactorVAE belongs to a model of {known} units, got {units}: make a new one")
            weight = self.discriminator[0].weight
            if (weight.device, weight.dtype) != (torch.device(device), dtype):
                self.discriminator.to(device, dtype)
                self.optimizer.load_state_dict(self.optimizer.state_dict())  # moves the moments to the weights
            return
        layers = []
        with seeded(self.seed):
            for before, after in itertools.pairwise((units, *self.hidden, 1)):
                layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
            self.discriminator = nn.Sequential(*layers[:-1]).to(device, dtype)
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), self.learning_rate, betas=(0.5, 0.9), fused=True
        )

    def state_dict(self) -> dict:
        """Return the state of the discriminator and its optimiser, for a checkpoint; empty before the first batch."""
        if self.discriminator is None:
            return {}
        return {"discriminator": self.discriminator.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict, device: torch.device | str = "cpu") -> None:
        """Restore a discriminator and its optimiser from :meth:`state_dict`; an empty state is that before training.

        Raises
        ------
        ValueError
            If the discriminator in the state has other hidden layers, or the moments do not fit it.
        """
        if not state:
            self.discriminator = None
            return
        hidden = tuple(len(bias) for name, bias in state["discriminator"].items() if name.endswith("bias"))[:-1]
        if hidden != self.hidden:
            raise ValueError(
                f"the state is that of a discriminator of hidden layers {hidden}, this one has {self.hidden}"
            )
        weight = state["discriminator"]["0.weight"]
        self._make_discriminator(weight.shape[1], device, weight.dtype)
        self.discriminator.load_state_dict(state["discriminator"])
        if state["optimizer"]["state"] and not adam_fits(state["optimizer"], list(self.discriminator.parameters())):
            raise ValueError("the moments in the state do not fit the discriminator: train anew")
        self.optimizer.load_state_dict(state["optimizer"])
