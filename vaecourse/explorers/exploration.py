"""Codes, ranges and pictures that an explorer needs from a model and a split, independent of any toolkit.

The codes of one image are a list with a tensor (d,) for each level, z_1 first, on the CPU.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaecourse.checks import check_level
from vaecourse.data import Split
from vaecourse.evaluation import decode, measure_units, traverse
from vaecourse.evaluation.codes import Codes
from vaecourse.evaluation.passes import evaluation_mode
from vaecourse.evaluation.units import posteriors_of
from vaecourse.metrics import mse, psnr, ssim
from vaecourse.metrics.reconstruction import WINDOW
from vaecourse.models import ImageModel
from vaecourse.randomness import seeded

MEASURED_AT_MOST = 1000  # images: the mean rate of a unit is then accurate to a few hundredths of a nat


class Exploration:
    """A model's latent levels around some images of a split.

    Parameters
    ----------
    model : Autoencoder, VAE, PHVAE or HDVAE
        Model on any device. Its mode, training or evaluation, does not change.
    split : Split
        A split of at least two images. Units are measured on at most 1,000 of them, drawn with ``seed``.
    starts : int or sequence of int
        Number of images to start from, drawn from the split with ``seed``; or their indices in the split.
    seed : int
        Seed of the choice of images.

    Attributes
    ----------
    images : Tensor (N, C, H, W)
        Images to start from, in [0, 1]; ``indices`` are their indices in the split.
    levels : list of vaecourse.evaluation.Units
        Units of each level, level 1 first; their ranges contain the codes of ``images``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If the model or split is of another kind, the images have another size, weights are not finite, or there are
        too few images.
    """

    def __init__(self, model: ImageModel, split: Split, starts: int | Sequence[int] = 16, seed: int = 0):
        _check(model, split)
        self.model = model
        with seeded(seed):
            order = torch.randperm(len(split))
        self.indices = _chosen(starts, order, len(split))
        chosen = split[torch.tensor(self.indices)]
        if chosen.dynamic:  # one draw of the pixels, so that every look at a start sees the same image
            chosen = chosen.binarized("static", seed)
        self.images = chosen.as_floats().cpu()
        self._means, self._widths = posteriors_of(model, chosen)
        if not all(codes.isfinite().all() for codes in self._means):
            raise ValueError("the model's codes contain NaN or infinity: it has diverged, train it again")
        measured = measure_units(model, split[order[:MEASURED_AT_MOST].sort().values], seed)
        self.levels = [units.reaching(codes) for units, codes in zip(measured, self._means, strict=True)]

    def start(self, index: int) -> tuple[Codes, list[Tensor | None]]:
        """Posterior means and standard deviations of one image of ``images``, by level; None without a posterior."""
        if not 0 <= index < len(self.images):
            raise IndexError(f"there is no start {index}: choose 0 to {len(self.images) - 1}")
        widths = [None if width is None else width[index].clone() for width in self._widths]
        return [codes[index].clone() for codes in self._means], widths

    def scores(self, index: int) -> dict[str, float]:
        """MSE, PSNR (dB) and, from 7 pixels a side, SSIM of the reconstruction of one image of ``images``."""
        picture, original = self.decode(self.start(index)[0])[None], self.images[index : index + 1]
        named = {"MSE": mse, "PSNR": psnr} | ({"SSIM": ssim} if min(original.shape[2:]) >= WINDOW else {})
        return {name: score(original, picture).item() for name, score in named.items()}

    @torch.no_grad()
    def prior(self, seed: int) -> Codes:
        """Codes drawn from the prior, from the top level down.

        Raises
        ------
        TypeError
            If the model has no prior, such as an autoencoder.
        """
        if not self.model.has_prior:
            raise TypeError(f"{type(self.model).__name__} has no prior: nothing says which codes its decoder knows")
        with evaluation_mode(self.model, seed):
            return [codes[0].cpu() for codes in self.model.sample_prior(1)]

    def mix(self, first: int, second: int, share: float) -> Codes:
        """Codes on the straight line from one start (``share`` 0) to another (1), on every level."""
        pairs = zip(self.start(first)[0], self.start(second)[0], strict=True)
        return [torch.lerp(one, other, share) for one, other in pairs]

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

    @torch.no_grad()
    def resample_below(self, codes: Codes, level: int, seed: int) -> Codes:
        """Codes with this level and those above kept, and those below drawn from their priors.

        Raises
        ------
        ValueError
            If there is no level below, or the model is not a hierarchy.
        """
        check_level(level, len(codes))
        if not self.model.is_hierarchy or level == 1:
            raise ValueError(f"no level is drawn from {self.levels[level - 1].level}: there is nothing to resample")
        with evaluation_mode(self.model, seed) as device:
            drawn = self.model.descend(*(held[None].to(device) for held in codes[level - 1 :]), sample=True)
        return [values[0].cpu() for values in drawn[: level - 1]] + codes[level - 1 :]

    def traversal(self, codes: Codes, level: int, unit: int, steps: int = 9) -> tuple[Tensor, Tensor]:
        """Values (steps,) over the range of one unit, and pictures (steps, C, H, W) of the codes moved to them."""
        check_level(level, len(codes))
        found = self.levels[level - 1]
        values = torch.linspace(found.low[unit].item(), found.high[unit].item(), steps)
        return values, self.decode(self.move(codes, level, unit, values))


def _check(model: nn.Module, split: Split) -> None:
    if not isinstance(model, ImageModel):
        raise TypeError(f"explore a model of this package, as vc.VAE, not {type(model).__name__}")
    if not isinstance(split, Split):
        raise TypeError(f"explore on a split of images, as mnist.test, not {type(split).__name__}")
    if split.image_shape != model.image_shape:
        shapes = ["×".join(map(str, shape)) for shape in (split.image_shape, model.image_shape)]
        raise ValueError(f"the split has images of {shapes[0]}, the model is made for {shapes[1]}: load the other data")
    if model.image_shape[0] not in (1, 3):
        raise ValueError(
            f"explorers show images of 1 channel or 3, not of {model.image_shape[0]}: they are no pictures"
        )
    if len(split) < 2:
        raise ValueError(f"units are measured on at least 2 images, the split has {len(split)}: give more")
    for name, values in model.named_parameters():
        if not values.isfinite().all():
            raise ValueError(f"weights of the model are NaN or infinite, first {name}: it has diverged, train it again")


def _chosen(starts: int | Sequence[int], order: Tensor, count: int) -> list[int]:
    if isinstance(starts, int):
        if starts < 1:
            raise ValueError(f"starts must be at least 1, got {starts}")
        return order[:starts].tolist()
    missing = [index for index in starts if not 0 <= index < count]
    if missing or not len(starts):
        raise IndexError(f"starts {missing or 'is empty'}: name images 0 to {count - 1} of the split")
    return list(starts)
