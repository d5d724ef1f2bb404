"""Principal directions of a level that is a map of codes: a few sliders in place of hundreds."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation.passes import outputs
from vaecourse.models.output import Level

COUNT = 6
SIGMAS = 3


@dataclass(frozen=True)
class Directions:
    """The directions in which the noise (z − μ)/σ of a level varies most from image to image.

    Parameters
    ----------
    vectors : Tensor of shape (K, d)
        Unit vectors, orthogonal, the one of the largest variance first.
    share : Tensor of shape (K,)
        The share of the level's variance along each.
    spread : Tensor of shape (K,)
        The standard deviation along each, over the images of a split.
    """

    vectors: Tensor
    share: Tensor
    spread: Tensor

    def __len__(self) -> int:
        return len(self.vectors)

    def coordinates(self, noise: Tensor) -> Tensor:
        """Where the noise (d,) of an image is along each direction (K,)."""
        return self.vectors @ noise

    def label(self, direction: int) -> str:
        """What stands beside a direction: "direction 1 · 12 %"."""
        return f"direction {direction + 1} · {100 * self.share[direction]:.0f} %"

    @property
    def reach(self) -> Tensor:
        """The furthest (K,) that a slider goes to either side: 3 standard deviations."""
        return SIGMAS * self.spread


def principal_directions(model: nn.Module, split: Split, count: int = COUNT) -> list[Directions]:
    """Principal directions of the noise of every level over a split, from posterior means.

    There are ``count`` of them, or fewer if there are fewer images or units.
    """
    parts = [[_noise(level).cpu() for level in output.levels] for _, output in outputs(model, split)]
    return [_directions(torch.cat(noise), count) for noise in zip(*parts, strict=True)]


def _noise(level: Level) -> Tensor:
    return (level.posterior.mean - level.prior.mean) / level.prior.std


def _directions(noise: Tensor, count: int) -> Directions:
    _, singular, vectors = torch.linalg.svd(noise - noise.mean(0), full_matrices=False)
    variances = singular**2 / (len(noise) - 1)
    total = variances.sum().clamp(min=torch.finfo(variances.dtype).tiny)
    spread = variances.sqrt().clamp(min=1e-3)  # so that a level that never varies still has ranges
    return Directions(vectors[:count], (variances / total)[:count], spread[:count])
