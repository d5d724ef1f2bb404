"""Objectives that ask for independent units: β-TCVAE and FactorVAE."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vaecourse.losses.dependence import log_aggregate
from vaecourse.losses.terms import elbo_terms, only_level
from vaecourse.models.output import Output
from vaecourse.randomness import seeded

CRITIC_HIDDEN = (1000,) * 6


class BetaTCVAE:
    """−ELBO + (β − 1) · TC(z) (Chen et al., 2018, equation 4 with α = γ = 1). β = 1 is the VAE.

    The rate is index-code mutual information + total correlation + dimension-wise KL; β weighs the middle one. The
    three are estimated by minibatch-stratified sampling (see :func:`vaecourse.losses.dependence.log_aggregate`) and
    reported; the rate itself stays in closed form.

    Parameters
    ----------
    beta : float
    dataset_size : int, optional
        Number of training images. Without it the batch is taken for the data set.

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
        """Terms of the ELBO, ``mutual_information``, ``total_correlation``, ``dimension_wise_kl``; nats per image.

        Raises
        ------
        ValueError
            For a model of several levels, or fewer than 2 images.
        """
        terms = elbo_terms(images, output)
        level = only_level(output, "BetaTCVAE")
        joint, units = log_aggregate(level, self.dataset_size)
        parts = {
            "mutual_information": (level.posterior.log_prob(level.sample).sum(1) - joint).mean(),
            "total_correlation": (joint - units.sum(1)).mean(),
            "dimension_wise_kl": (units - level.prior.log_prob(level.sample)).sum(1).mean(),
        }
        return {"loss": terms["negative_elbo"] + (self.beta - 1) * parts["total_correlation"], **terms, **parts}


class FactorVAE:
    """−ELBO + γ · TC(z), the total correlation told by a critic that learns beside the model (Kim and Mnih, 2018).

    The critic tells codes of one half of the batch from codes of the other half whose units were permuted among the
    images. Its logit estimates log q(z)/Π q(z_j) of each image (equation 3), so γ weighs nats like the other terms.
    Its accuracy is reported: near 0.5 means that the units are independent, or that the critic cannot see.

    The critic and its optimiser belong to the loss: make a new one for each model. ``fit`` stores them in checkpoints.

    Parameters
    ----------
    gamma : float
    hidden : tuple of int
        Units of the critic's layers (LeakyReLU, slope 0.2); by default the paper's six of 1,000.
    learning_rate : float
        Of the critic's Adam, whose betas are 0.5 and 0.9.
    seed : int
        Of the critic's initial weights.

    Raises
    ------
    ValueError
        If ``gamma`` is negative or not finite.
    """

    smallest_batch = 2

    def __init__(self, gamma: float, hidden=CRITIC_HIDDEN, learning_rate: float = 1e-4, seed: int = 0):
        if not 0 <= gamma < math.inf:
            raise ValueError(f"gamma must be a finite number ≥ 0, got {gamma}")
        self.gamma = gamma
        self.hidden = tuple(hidden)
        self.learning_rate = learning_rate
        self.seed = seed
        self.critic: nn.Sequential | None = None

    def __call__(self, images: Tensor, output: Output, epoch: float = math.inf) -> dict[str, Tensor]:
        """Terms of the ELBO, ``total_correlation`` in nats per image, ``critic_accuracy`` from 0 to 1.

        While gradients are recorded, the critic takes one step too.

        Raises
        ------
        ValueError
            For a model of several levels, fewer than 2 images, or a model of another size than before.
        """
        terms = elbo_terms(images, output)
        codes = only_level(output, "FactorVAE").sample
        if len(codes) < self.smallest_batch:
            raise ValueError(f"the critic compares two halves of a batch, got {len(codes)} image: use larger batches")
        self._make_critic(codes.shape[1], codes.device)
        accuracy = self._meet(codes.detach(), learn=codes.requires_grad)
        self.critic.requires_grad_(False)  # the model's step is not the critic's
        total_correlation = self.critic(codes).mean()
        return {
            "loss": terms["negative_elbo"] + self.gamma * total_correlation,
            **terms,
            "total_correlation": total_correlation,
            "critic_accuracy": accuracy,
        }

    def _meet(self, codes: Tensor, learn: bool) -> Tensor:
        """Show the critic both halves of a batch; returns its accuracy on them, before its step if it learns."""
        joint, second = codes.tensor_split(2)
        independent = torch.stack([unit[torch.randperm(len(unit), device=unit.device)] for unit in second.T], dim=1)
        self.critic.requires_grad_(learn)
        of_joint, of_independent = self.critic(joint), self.critic(independent)
        if learn:
            surprise = functional.softplus(-of_joint).mean() + functional.softplus(of_independent).mean()
            self.optimizer.zero_grad()
            surprise.backward()
            self.optimizer.step()
        return 0.5 * ((of_joint > 0).float().mean() + (of_independent <= 0).float().mean())

    def _make_critic(self, units: int, device) -> None:
        if self.critic is not None:
            known = self.critic[0].in_features
            if units != known:
                raise ValueError(f"this FactorVAE belongs to a model of {known} units, got {units}: make a new one")
            return
        layers = []
        with seeded(self.seed):
            for before, after in itertools.pairwise((units, *self.hidden, 1)):
                layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
            self.critic = nn.Sequential(*layers[:-1]).to(device)
        self.optimizer = torch.optim.Adam(self.critic.parameters(), self.learning_rate, betas=(0.5, 0.9), fused=True)

    def state_dict(self) -> dict:
        """The critic and its optimiser, for a checkpoint; empty before the first batch."""
        if self.critic is None:
            return {}
        return {"critic": self.critic.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict, device: torch.device | str = "cpu") -> None:
        """Go on with a critic from :meth:`state_dict`.

        Raises
        ------
        ValueError
            For a critic with other layers.
        """
        if not state:
            return
        hidden = tuple(len(bias) for name, bias in state["critic"].items() if name.endswith("bias"))[:-1]
        if hidden != self.hidden:
            raise ValueError(f"the state is that of a critic of hidden layers {hidden}, this one has {self.hidden}")
        self._make_critic(state["critic"]["0.weight"].shape[1], device)
        self.critic.load_state_dict(state["critic"])
        self.optimizer.load_state_dict(state["optimizer"])
