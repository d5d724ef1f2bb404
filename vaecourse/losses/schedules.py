"""Schedules: the share of a weight's final value, or of the first learning rate, as a function of the epochs.

A schedule maps the number of epochs trained so far (a float: 2.5 is the middle of the third epoch) to a share
in [0, 1]. After training (``epoch=math.inf``, the default wherever a loss is called) the share is 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

Schedule = Callable[[float], float]


def constant(epoch: float) -> float:
    """Return 1: the weight does not change."""
    return 1.0


@dataclass(frozen=True)
class Linear:
    """Growth from 0 to 1 in a straight line over ``epochs`` epochs, then 1 (Bowman et al., 2016)."""

    epochs: float

    def __post_init__(self):
        if not 0 < self.epochs < math.inf:
            raise ValueError(f"a linear schedule needs finite epochs > 0, got {self.epochs}: for none, leave it out")

    def __call__(self, epoch: float) -> float:
        return min(epoch / self.epochs, 1.0)


@dataclass(frozen=True)
class Cyclical:
    """Growth that starts again from 0 every ``period`` epochs: for a share ``ramp`` of the period, then 1.

    Fu et al. (2019), equation 6.
    """

    period: float
    ramp: float = 0.5

    def __post_init__(self):
        if not 0 < self.period < math.inf or not 0 < self.ramp <= 1:
            raise ValueError(f"a cyclical schedule needs a finite period > 0 and 0 < ramp ≤ 1, got {self}")

    def __call__(self, epoch: float) -> float:
        if math.isinf(epoch):
            return 1.0
        return min(epoch % self.period / self.period / self.ramp, 1.0)


@dataclass(frozen=True)
class Cosine:
    """Decay from 1 to ``final`` along half a cosine over ``epochs`` epochs (Loshchilov and Hutter, 2017).

    It is meant for learning rates: steps are large at first and small at the end.
    """

    epochs: float
    final: float = 0.02

    def __post_init__(self):
        if not 0 < self.epochs < math.inf or not 0 < self.final <= 1:
            raise ValueError(f"a cosine schedule needs finite epochs > 0 and 0 < final ≤ 1, got {self}")

    def __call__(self, epoch: float) -> float:
        passed = min(epoch / self.epochs, 1.0)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * passed))
