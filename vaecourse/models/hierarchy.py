"""The base class of the hierarchies: how codes are drawn from the top downwards."""

import torch
from torch import Tensor

from vaecourse.distributions import DiagonalGaussian
from vaecourse.models.base import LatentVariableModel


class Hierarchy(LatentVariableModel):
    """A model p(z_L) Π p(z_l|z_{l+1}, …, z_L) p(x|z_1, …, z_L), whose levels are drawn one after the other."""

    @property
    def is_hierarchy(self) -> bool:
        """Whether the model has more than one level."""
        return len(self.latent_dims) > 1

    def prior(self, *above: Tensor) -> DiagonalGaussian:
        raise NotImplementedError

    def descend(
        self,
        *held: Tensor,
        sample: bool = False,
        temperature: float = 1.0,
    ) -> list[Tensor]:
        """Return codes of all levels, z_1 first: the given ones, and below them means of, or draws from, the priors.

        Parameters
        ----------
        *held : Tensors of shape (N, d)
            Codes z_l, …, z_L of some level and of all levels above it.
        sample : bool
            Whether to draw the lower levels from the priors instead of taking the priors' means.
        temperature : float
            Factor by which the priors' standard deviations are multiplied in draws.

        Raises
        ------
        ValueError
            If no codes are given, or they do not have the shapes of the upper levels.
        """
        levels = self._checked_upper_codes(*held)
        while len(levels) < len(self.latent_dims):
            prior = self.prior(*levels)
            levels.insert(0, prior.sample(temperature) if sample else prior.mean)
        return levels

    def sample_prior(self, count: int, temperature: float = 1.0) -> list[Tensor]:
        """Draw codes (count, d) of each level from the priors, from the top downwards; z_1 is returned first.

        ``temperature`` multiplies the standard deviations of all priors.
        """
        device = next(self.parameters()).device
        top = temperature * torch.randn(count, self.latent_dims[-1], device=device)
        return self.descend(top, sample=True, temperature=temperature)
