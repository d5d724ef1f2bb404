"""Codes, ranges and pictures that an explorer needs from a model and a split, independent of any toolkit.

The codes of one image are a list with a tensor (d,) for each level, z_1 first, on the CPU.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vaecourse.checks import check_level
from vaecourse.data import Split
from vaecourse.distributions import GaussianImages
from vaecourse.evaluation import decode, measure_units, traverse
from vaecourse.evaluation.codes import Codes
from vaecourse.evaluation.passes import evaluation_mode
from vaecourse.evaluation.paths import follow
from vaecourse.evaluation.units import posteriors_of
from vaecourse.explorers.directions import Directions, principal_directions
from vaecourse.explorers.explorable import check_explorable, chosen_starts
from vaecourse.explorers.folding import folded
from vaecourse.metrics import mse, psnr, ssim
from vaecourse.metrics.reconstruction import WINDOW
from vaecourse.models import ImageModel
from vaecourse.models.base import unwrapped
from vaecourse.randomness import seeded

MEASURED_AT_MOST = 1000  # images: the mean rate of a unit is then accurate to a few hundredths of a nat
DIRECTIONS_FROM = 300  # images


class Exploration:
    """A model's latent levels around some images of a split.

    Parameters
    ----------
    model : Autoencoder, VAE, PHVAE, HDVAE or SpatialHDVAE
        Model on any device. Its mode, training or evaluation, does not change.
    split : Split
        A split of at least two images. Units are measured on at most 1,000 of them, drawn with ``seed``.
    starts : int or sequence of int
        Number of images to start from, drawn from the split with ``seed``; or their indices in the split.
    seed : int
        Seed of the choice of images.
    names : list of str, optional
        Names of the images to start from. Default: "test image 17", with the index.

    Attributes
    ----------
    images : Tensor (N, C, H, W)
        Images to start from, in [0, 1]; ``indices`` are their indices in the split, ``names`` their names.
    measured : Split
        The images that the units are measured on.
    levels : list of vaecourse.evaluation.Units
        Units of each level, level 1 first; their ranges contain the codes of ``images``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If the model or split is of another kind, the images have another size, weights are not finite, or there are
        too few images.
    """

    def __init__(
        self,
        model: ImageModel,
        split: Split,
        starts: int | Sequence[int] = 16,
        seed: int = 0,
        names: list | None = None,
    ):
        model = unwrapped(model)
        check_explorable(model, split)
        self.model = model
        with seeded(seed):
            order = torch.randperm(len(split))
        self.indices = chosen_starts(starts, order, len(split))
        self.names = names or [f"test image {index}" for index in self.indices]
        chosen = split[torch.tensor(self.indices)]
        if chosen.dynamic:  # one draw of the pixels, so that every look at a start sees the same image
            chosen = chosen.binarized("static", seed)
        self.images = chosen.as_floats().cpu()
        self._means, self._widths = posteriors_of(model, chosen)
        if not all(codes.isfinite().all() for codes in self._means):
            raise ValueError("the model's codes contain NaN or infinity: it has diverged, train it again")
        self.measured = split[order[:MEASURED_AT_MOST].sort().values]
        self._directions: list[Directions] = []
        measured = folded(measure_units(model, self.measured, seed), model.is_hierarchy)
        self.levels = [units.reaching(codes) for units, codes in zip(measured, self._means, strict=True)]

    @property
    @torch.no_grad()
    def sigma(self) -> float | None:
        """Standard deviation of Gaussian pixels, one number for all; Bernoulli pixels have None."""
        with evaluation_mode(self.model) as device:
            likelihood = self.model.decode(*(codes[:1].to(device) for codes in self._means))
        return likelihood.log_sigma.exp().item() if isinstance(likelihood, GaussianImages) else None

    def start(self, index: int) -> tuple[Codes, list[Tensor | None]]:
        """Posterior means and standard deviations of one image of ``images``, by level; None without a posterior."""
        if not 0 <= index < len(self.images):
            raise IndexError(f"there is no start {index}: choose 0 to {len(self.images) - 1}")
        widths = [None if width is None else width[index].clone() for width in self._widths]
        return [codes[index].clone() for codes in self._means], widths

    def begin_with(self, index: int) -> None:
        """Put one image of ``images`` before the others: explorers open with the first."""
        order = sorted(range(len(self.images)), key=lambda place: place != index)
        self.indices, self.names = ([listed[place] for place in order] for listed in (self.indices, self.names))
        self.images, self._means = self.images[order], [codes[order] for codes in self._means]
        self._widths = [None if width is None else width[order] for width in self._widths]

    def scores(self, index: int) -> dict[str, float]:
        """MSE, PSNR (dB) and, from 7 pixels a side, SSIM of the reconstruction of one image of ``images``."""
        picture, original = self.decode(self.start(index)[0])[None], self.images[index : index + 1]
        named = {"MSE": mse, "PSNR": psnr} | ({"SSIM": ssim} if min(original.shape[2:]) >= WINDOW else {})
        return {name: score(original, picture).item() for name, score in named.items()}

    @torch.no_grad()
    def prior(self, seed: int, temperature: float = 1.0) -> Codes:
        """Codes drawn from the prior, from the top level down; ``temperature`` multiplies its standard deviations.

        Raises
        ------
        TypeError
            If the model has no prior, such as an autoencoder.
        """
        if not self.model.has_prior:
            raise TypeError(f"{type(self.model).__name__} has no prior: nothing says which codes its decoder knows")
        with evaluation_mode(self.model, seed):
            return [codes[0].cpu() for codes in self.model.sample_prior(1, temperature)]

    def mix(self, first: int, second: int, share: float) -> Codes:
        """Codes on the straight line from one start (``share`` 0) to another (1), on every level."""
        pairs = zip(self.start(first)[0], self.start(second)[0], strict=True)
        return [torch.lerp(one, other, share) for one, other in pairs]

    def mix_levels(self, first: int, second: int, kept: int) -> Codes:
        """The levels from ``kept`` upwards from one start, and those below from another, with their noise there.

        With ``kept`` 1 all levels are those of the first start, with L + 1 all are those of the second.

        Raises
        ------
        ValueError
            If ``kept`` is not between 1 and L + 1.
        """
        if not 1 <= kept <= len(self.levels) + 1:
            raise ValueError(f"kept must be 1 to {len(self.levels) + 1}, got {kept}")
        upper = self.start(first)[0][kept - 1 :]
        lower = [code[None] for code in self.start(second)[0]]
        return [code[0] for code in follow(self.model, lower, [code[None] for code in upper])]

    def decode(self, codes: Codes) -> Tensor:
        """The decoder's mean (C, H, W) for codes (d,) of all levels, or means (N, C, H, W) for codes (N, d)."""
        if codes[0].ndim == 1:
            return decode(self.model, [values[None] for values in codes])[0]
        return decode(self.model, codes)

    def move(self, codes: Codes, level: int, unit: int, value: float | Tensor) -> Codes:
        """Codes after a change of one unit (see :func:`vaecourse.evaluation.traverse`).

        Parameters
        ----------
        codes : list of Tensors of shape (d,)
        level, unit : int
        value : float, or Tensor (N,)
            New value of the unit; for N values the returned codes have shape (N, d).
        """
        values = torch.as_tensor(value, dtype=codes[0].dtype)
        moved = traverse(self.model, [code[None] for code in codes], level, unit, values.reshape(-1))
        return [code[0] for code in moved] if values.ndim == 0 else moved

    def replace(self, codes: Codes, level: int, values: Tensor) -> Codes:
        """Codes after a level takes other values (d,), or (N, d); see :func:`vaecourse.evaluation.follow`."""
        check_level(level, len(codes))
        upper = [values.view(-1, values.shape[-1])]
        upper += [code.repeat(len(upper[0]), 1) for code in codes[level:]]
        moved = follow(self.model, [code[None] for code in codes], upper)
        return [code[0] for code in moved] if values.ndim == 1 else moved

    @torch.no_grad()
    def prior_of(self, codes: Codes, level: int) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (d,) of the prior of a level: given those above in a hierarchy, else 0 and 1."""
        if not self.model.is_hierarchy or level == len(codes):
            return torch.zeros_like(codes[level - 1]), torch.ones_like(codes[level - 1])
        with evaluation_mode(self.model) as device:
            prior = self.model.prior(*(code[None].to(device) for code in codes[level:]))
        return prior.mean[0].cpu(), prior.std[0].cpu()

    def noise(self, codes: Codes, level: int) -> Tensor:
        """What is left of the codes (d,) of a level after its prior: (z − μ)/σ."""
        mean, std = self.prior_of(codes, level)
        return (codes[level - 1] - mean) / std

    def directions(self, level: int) -> Directions:
        """The principal directions of a level's noise over some of the images that its units are measured on."""
        check_level(level, len(self.levels))
        if not self._directions:
            self._directions = principal_directions(self.model, self.measured[:DIRECTIONS_FROM])
        return self._directions[level - 1]

    def move_along(self, codes: Codes, level: int, direction: int, value: float | Tensor) -> Codes:
        """Codes after the noise of a level takes another coordinate, or N of them, along one of its directions."""
        values = torch.as_tensor(value, dtype=codes[0].dtype)
        mean, std = self.prior_of(codes, level)
        found = self.directions(level)
        place = found.coordinates((codes[level - 1] - mean) / std)[direction]
        steps = (values.reshape(-1, 1) - place) * std * found.vectors[direction]
        moved = self.replace(codes, level, codes[level - 1] + steps)
        return [code[0] for code in moved] if values.ndim == 0 else moved

    def amplify(self, codes: Codes, level: int, factors: Tensor) -> Codes:
        """Codes (N, d) with the noise of one level times each of N factors: at 0, what the levels above expect."""
        mean, _ = self.prior_of(codes, level)
        return self.replace(codes, level, mean + factors[:, None] * (codes[level - 1] - mean))

    @torch.no_grad()
    def resample_below(self, codes: Codes, level: int, seed: int, temperature: float = 1.0) -> Codes:
        """Codes with this level and those above kept, and those below drawn from their priors.

        ``temperature`` multiplies the standard deviations of these priors.

        Raises
        ------
        ValueError
            If there is no level below, or the model is not a hierarchy.
        """
        check_level(level, len(codes))
        if not self.model.is_hierarchy or level == 1:
            raise ValueError(f"no level is drawn from {self.levels[level - 1].level}: there is nothing to resample")
        with evaluation_mode(self.model, seed) as device:
            held = [code[None].to(device) for code in codes[level - 1 :]]
            drawn = self.model.descend(*held, sample=True, temperature=temperature)
        return [values[0].cpu() for values in drawn[: level - 1]] + codes[level - 1 :]

    def traversal(self, codes: Codes, level: int, unit: int, steps: int = 9) -> tuple[Tensor, Tensor]:
        """Values (steps,) over the range of one unit, and pictures (steps, C, H, W) of the codes moved to them."""
        check_level(level, len(codes))
        found = self.levels[level - 1]
        values = torch.linspace(found.low[unit].item(), found.high[unit].item(), steps)
        return values, self.decode(self.move(codes, level, unit, values))

    def traversal_along(self, codes: Codes, level: int, direction: int, steps: int = 9) -> tuple[Tensor, Tensor]:
        """As :meth:`traversal`, over ±3 standard deviations along one of a level's directions."""
        reach = self.directions(level).reach[direction].item()
        values = torch.linspace(-reach, reach, steps)
        return values, self.decode(self.move_along(codes, level, direction, values))
