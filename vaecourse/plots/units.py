"""What each latent unit of a model carries."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vaecourse.data import Split
from vaecourse.evaluation import outputs
from vaecourse.losses import rates


@dataclass
class Units:
    """One number per latent unit of the first level, each a Tensor (d,).

    Parameters
    ----------
    importance : Tensor
        The rate, in nats per image, or without a posterior the variance of the code.
    name : "nats" or "variance"
    codes : Tensor of shape (N, d)
    centre, spread : Tensor
        Mean and standard deviation of the prior, or without one of the codes.
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


def describe_units(model: nn.Module, split: Split) -> Units:
    """Measure the units of a model over a split, from posterior means."""
    if not len(split):
        raise ValueError("the split has no images to measure the units on")
    codes, rate = [], []
    for _, output in outputs(model, split):
        codes.append(output.levels[0].sample.cpu())
        if output.levels[0].posterior is not None:
            rate.append(rates(output)[0].cpu())
    codes = torch.cat(codes)
    if rate:
        zeros = torch.zeros(codes.shape[1])
        return Units(torch.cat(rate).mean(0), "nats", codes, zeros, zeros + 1)
    variance = codes.var(0, correction=0)
    return Units(variance, "variance", codes, codes.mean(0), variance.sqrt())
