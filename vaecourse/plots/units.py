"""What each latent unit of a level carries."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation import encode, outputs
from vaecourse.losses import rates


@dataclass
class Units:
    """One number per latent unit of a level, each a Tensor (d,).

    Parameters
    ----------
    importance : Tensor
        The rate, in nats per image, or without a posterior the variance of the code.
    name : "nats" or "variance"
    codes : Tensor of shape (N, d)
    centre, spread : Tensor
        0 and 1 where the prior is N(0, I), else mean and standard deviation of the codes.
    """

    importance: Tensor
    name: str
    codes: Tensor
    centre: Tensor
    spread: Tensor

    @property
    def order(self) -> list[int]:
        """The units, the most important first."""
        return self.importance.argsort(descending=True, stable=True).tolist()

    def value(self, unit: int) -> str:
        if self.name == "nats":
            return f"{self.importance[unit]:.2f} nats"
        return f"variance {self.importance[unit]:.3g}"


def describe_units(model: nn.Module, split: Split, level: int = 1) -> Units:
    """Measure the units of a level over a split: codes are posterior means, rates are of one sample an image."""
    if not len(split):
        raise ValueError("the split has no images to measure the units on")
    codes = encode(model, split, level)
    centre, variance = codes.mean(0), codes.var(0, correction=0)
    if not hasattr(model, "generate"):
        return Units(variance, "variance", codes, centre, variance.sqrt())
    rate = torch.cat([rates(output)[level - 1].cpu() for _, output in outputs(model, split, sample=True)]).mean(0)
    if hasattr(model, "descend") and level < len(model.latent_dims):
        return Units(rate, "nats", codes, centre, variance.sqrt())
    return Units(rate, "nats", codes, torch.zeros_like(centre), torch.ones_like(centre))
