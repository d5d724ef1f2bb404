"""The lab's training run in PyTorch and numpy: the same random numbers, the same model, autograd and torch's Adam."""

import itertools
import math

import numpy as np
import torch
from torch import Tensor

STREAMS = {"data": 1, "weights": 2, "batches": 3, "noise": 4}
COUNT = 512
CENTRES = np.array([(-1.5, 0.9), (0.1, 1.5), (1.5, 0.4), (0.5, -1.3), (-1.2, -1.1)])


def mixed(numbers: np.ndarray) -> np.ndarray:
    z = np.asarray(numbers, dtype=np.uint64) & 0xFFFFFFFF
    z = ((z ^ (z >> 16)) * 0x21F0AAAD) & 0xFFFFFFFF
    z = ((z ^ (z >> 15)) * 0x735A2D97) & 0xFFFFFFFF
    return z ^ (z >> 15)


class Random:
    """The stream of random.js."""

    def __init__(self, seed: int, stream: int):
        self.origin = int(mixed(int(mixed(seed)) + stream))
        self.count = 0

    def uniforms(self, count: int) -> np.ndarray:
        places = np.arange(self.count + 1, self.count + count + 1, dtype=np.uint64)
        self.count += count
        return (mixed(self.origin + places * 0x9E3779B9) + 0.5) / 2**32

    def normals(self, count: int) -> np.ndarray:
        first, second = self.uniforms(2 * math.ceil(count / 2)).reshape(-1, 2).T
        length, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
        return np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1).reshape(-1)[:count]


def mixture(seed: int) -> np.ndarray:
    """The points (512, 2) of datasets.js."""
    uniforms = Random(seed, STREAMS["data"]).uniforms(4 * COUNT).reshape(COUNT, 4)
    length, angle = np.sqrt(-2 * np.log(uniforms[:, 2])), 2 * np.pi * uniforms[:, 3]
    noise = np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1)
    return CENTRES[(uniforms[:, 0] * len(CENTRES)).astype(int)] + 0.2 * noise


class Twin:
    """The model of model.js, in double precision.

    Parameters
    ----------
    units, levels : 1 or 2
    seed : int
        Seed of the weights at the start.
    sigma : float
        Standard deviation of the decoder at the start.
    """

    def __init__(self, units: int, levels: int, seed: int, sigma: float):
        self.units, self.levels = units, levels
        widths = {"encoder": (2, 32, 32, 2 * units), "decoder": (units, 32, 32, 2)}
        if levels > 1:
            widths |= {"upper": (units, 16, 2 * units), "prior": (units, 16, 2 * units)}
        random = Random(seed, STREAMS["weights"])
        self.networks = {
            name: [self._layer(random, *pair) for pair in itertools.pairwise(w)] for name, w in widths.items()
        }
        self.log_sigma = torch.tensor(math.log(sigma), dtype=torch.float64, requires_grad=True)

    @staticmethod
    def _layer(random: Random, inputs: int, outputs: int) -> tuple[Tensor, Tensor]:
        weight = torch.from_numpy(random.normals(inputs * outputs).reshape(inputs, outputs) / math.sqrt(inputs))
        return weight.requires_grad_(), torch.zeros(outputs, dtype=torch.float64, requires_grad=True)

    @property
    def parameters(self) -> list[Tensor]:
        """All parameters in the order of the lab's array."""
        layers = [layer for network in self.networks.values() for layer in network]
        return [part for layer in layers for part in layer] + [self.log_sigma]

    def apply(self, name: str, values: Tensor) -> Tensor:
        *hidden, (weight, bias) = self.networks[name]
        for inner_weight, inner_bias in hidden:
            values = torch.tanh(values @ inner_weight + inner_bias)
        return values @ weight + bias

    def terms(self, x: Tensor, noise: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Distortion and rates of each point (N,); entropies in closed form, as in the lab."""
        mean, log_variance = self.apply("encoder", x).chunk(2, dim=1)
        codes = mean + (log_variance / 2).exp() * noise[0]
        squares = (x - self.apply("decoder", codes)).square().sum(1)
        distortion = squares / (2 * (2 * self.log_sigma).exp()) + math.log(2 * math.pi) + 2 * self.log_sigma
        if self.levels == 1:
            return distortion, [_standard_rate(mean, log_variance)]
        upper_mean, upper_log_variance = self.apply("upper", codes).chunk(2, dim=1)
        upper = upper_mean + (upper_log_variance / 2).exp() * noise[1]
        prior_mean, prior_log_variance = self.apply("prior", upper).chunk(2, dim=1)
        square = (codes - prior_mean).square() / prior_log_variance.exp()
        rate = 0.5 * (square + prior_log_variance - 1 - log_variance).sum(1)
        return distortion, [rate, _standard_rate(upper_mean, upper_log_variance)]

    def train(self, data: np.ndarray, steps: int, seed: int, rate: float, batch: int, betas=(1.0, 1.0)) -> None:
        """Train with learned σ, on the batches and with the noise that the lab draws from the seed."""
        points = torch.from_numpy(data)
        batches, noise = Random(seed, STREAMS["batches"]), Random(seed, STREAMS["noise"])
        optimiser = torch.optim.Adam(self.parameters, lr=rate)
        for _ in range(steps):
            x = points[(batches.uniforms(batch) * len(points)).astype(int)]
            drawn = [torch.from_numpy(noise.normals(batch * self.units).reshape(batch, -1)) for _ in range(self.levels)]
            distortion, rates = self.terms(x, drawn)
            loss = distortion.mean() + sum(beta * one.mean() for beta, one in zip(betas, rates, strict=False))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    @torch.no_grad()
    def negative_elbo(self, data: np.ndarray, nodes: int = 40) -> float:
        """−ELBO of a model with one level of one unit, its expectation by Gauss–Hermite quadrature."""
        places, weights = np.polynomial.hermite_e.hermegauss(nodes)
        x = torch.from_numpy(data)
        total = 0.0
        for place, weight in zip(places, weights / weights.sum(), strict=True):
            distortion, (rate,) = self.terms(x, [torch.full((len(x), 1), float(place), dtype=torch.float64)])
            total += weight * (distortion + rate).mean().item()
        return total

    @torch.no_grad()
    def negative_log_p(self, data: np.ndarray) -> float:
        """−log p(x) of a model with one level of one unit, by a sum over 8,001 codes."""
        codes = torch.linspace(-8, 8, 8001, dtype=torch.float64)
        squares = (torch.from_numpy(data)[:, None] - self.apply("decoder", codes[:, None])).square().sum(2)
        exponents = -squares / (2 * (2 * self.log_sigma).exp()) - codes**2 / 2
        constant = math.log(2 * math.pi) + 2 * self.log_sigma + math.log(2 * math.pi) / 2 - math.log(16 / 8000)
        return (constant - torch.logsumexp(exponents, dim=1)).mean().item()


def _standard_rate(mean: Tensor, log_variance: Tensor) -> Tensor:
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
