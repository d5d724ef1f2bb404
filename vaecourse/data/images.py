"""Images in memory: a split is one tensor, usually uint8, and a batch is an index-select on its device."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vaecourse.checks import ROUNDING
from vaecourse.data.packed import PackedImages
from vaecourse.randomness import seeded


@dataclass(frozen=True)
class Split:
    """Images of one split, with their labels and factors.

    ``split[:1000]``, ``split[indices]`` and ``split[mask]`` are splits of the selected images.

    Parameters
    ----------
    images : uint8 Tensor of shape (N, C, H, W), values 0 to 255
        Measurements that are not pictures may be a float32 Tensor of values in [0, 1] instead (what lies outside by
        less than 0.001, as rounding leaves it, becomes 0 or 1); black and white
        images may be :class:`~vaecourse.data.PackedImages`, which take an eighth of the memory.
    labels : int64 Tensor of shape (N,), optional
    factors : int64 Tensor of shape (N, K), optional
        Ground-truth factors of variation.
    dynamic : bool
        Whether batches are fresh Bernoulli draws, each pixel white with its grey value as probability.
    flips : bool
        Whether shuffled batches, as in training, mirror each image left to right with probability ½.

    Raises
    ------
    TypeError, ValueError
        If images are not uint8, or float32 in [0, 1], of four dimensions, or there is not one label or row of factors
        per image.
    """

    images: Tensor | PackedImages
    labels: Tensor | None = None
    factors: Tensor | None = None
    dynamic: bool = False
    flips: bool = False

    def __post_init__(self):
        known = isinstance(self.images, Tensor | PackedImages)
        kind = self.images.dtype if known else type(self.images).__name__
        if kind not in (torch.uint8, torch.float32):
            raise TypeError(
                "images of a split are a uint8 tensor of values from 0 to 255 (measurements that are not pictures: "
                f"a float32 tensor of values in [0, 1]), got {kind}: convert them"
            )
        if kind == torch.float32 and not ((self.images >= 0) & (self.images <= 1)).all():  # NaN fails both
            low, high = (f(self.images).item() for f in (torch.min, torch.max))
            if not (low >= -ROUNDING and high <= 1 + ROUNDING):
                raise ValueError(
                    f"float32 images of a split are values in [0, 1], got {low:.4g} to {high:.4g}: scale them, "
                    "and take out what is not a number"
                )
            object.__setattr__(self, "images", self.images.clamp(0, 1))
        if self.images.ndim != 4:
            raise ValueError(f"images of a split have shape (N, C, H, W), got {tuple(self.images.shape)}")
        for name in ("labels", "factors"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.images):
                raise ValueError(f"{len(values)} {name} for {len(self.images)} images: there must be one for each")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which) -> "Split":
        if isinstance(which, int):
            raise TypeError(f"a split is indexed by slices, indices or masks: write split[{which}:{which + 1}]")
        return self._map(lambda values: values.select(which) if isinstance(values, PackedImages) else values[which])

    def _map(self, function) -> "Split":
        changed = {name: function(values) for name, values in self.tensors().items()}
        return replace(self, **changed)

    def tensors(self) -> dict[str, Tensor | PackedImages]:
        """Images, labels and factors by name, without those that are None."""
        named = {"images": self.images, "labels": self.labels, "factors": self.factors}
        return {name: values for name, values in named.items() if values is not None}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return tuple(self.images.shape[1:])

    def to(self, device: torch.device | str) -> "Split":
        """The same split on another device."""
        return self._map(lambda values: values.to(device))

    def as_floats(self) -> Tensor:
        """All images as floats (N, C, H, W) in [0, 1], grey values kept."""
        return _as_floats(self.images)

    def batches(self, batch_size: int, shuffle: bool = False) -> Iterator[Tensor]:
        """Batches of floats (≤ batch_size, C, H, W) in [0, 1], on the device of the split.

        Shuffling, flips and dynamic binarisation draw from torch's random state.

        Raises
        ------
        ValueError
            If ``batch_size`` is not positive.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        device = self.images.device
        order = torch.randperm(len(self), device=device) if shuffle else torch.arange(len(self), device=device)
        for chosen in order.split(batch_size):
            batch = _as_floats(self.images.index_select(0, chosen))
            if self.flips and shuffle:
                mirrored = torch.rand(len(batch), 1, 1, 1, device=device) < 0.5
                batch = torch.where(mirrored, batch.flip(3), batch)
            # Three times faster than torch.bernoulli on a CPU.
            yield torch.rand_like(batch).lt_(batch) if self.dynamic else batch

    def hold_out(self, share: float = 0.1, seed: int = 0) -> tuple["Split", "Split"]:
        """The images in two random parts, to train on and to choose on: ``train, validation = split.hold_out()``.

        Settings are chosen on the validation images, so that the test images judge what was chosen only once.

        Parameters
        ----------
        share : float
            Part of the images that is held out, above 0 and below 1: at least one image, and not all.
        seed : int
            The same seed gives the same parts.

        Raises
        ------
        ValueError
            If ``share`` is not between 0 and 1, or there are fewer than 2 images.
        """
        if not 0 < share < 1:
            raise ValueError(f"share must lie between 0 and 1, got {share}: 0.1 holds out a tenth")
        if len(self) < 2:
            raise ValueError(f"nothing can be held out of {len(self)} image: give at least 2")
        count = min(max(1, round(share * len(self))), len(self) - 1)
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return tuple(self[chosen.sort().values.to(self.images.device)] for chosen in (order[count:], order[:count]))

    def with_flips(self) -> "Split":
        """The same images, each mirrored left to right with probability ½ in every epoch of training.

        This doubles the training images if mirrored ones are valid data: those of faces are, those of digits are not.
        Batches that are not shuffled, as in all evaluation, do not change.
        """
        return replace(self, flips=True)

    def binarized(self, kind: str = "dynamic", seed: int = 0) -> "Split":
        """Black and white images, drawn from the grey values as probabilities (Salakhutdinov and Murray, 2008).

        Parameters
        ----------
        kind : "dynamic" or "static"
            A fresh draw in each batch, or one draw made now. Fixed draws are easier to overfit: state which you used.
        seed : int
            Seed of the static draw.

        Raises
        ------
        ValueError
            If the kind is another.
        """
        if kind == "dynamic":
            return replace(self, dynamic=True)
        if kind != "static":
            raise ValueError(f"binarisation {kind!r} is unknown: choose dynamic or static")
        if isinstance(self.images, PackedImages):  # black and white already
            return replace(self, dynamic=False)
        with seeded(seed, self.images.device):
            drawn = torch.bernoulli(self.as_floats()).mul_(255).to(torch.uint8)
        return replace(self, images=drawn)


def _as_floats(images: Tensor | PackedImages) -> Tensor:
    """Values from 0 to 255 as floats in [0, 1]; float images are copied."""
    return images.float().div_(255) if images.dtype == torch.uint8 else images.clone()


@dataclass(frozen=True)
class ImageSet:
    """A data set.

    Parameters
    ----------
    name : str
    train, test : Split
    source : str
        Origin of the images, in words that a reader can check.
    label_names, factor_names : tuple of str, optional
    """

    name: str
    train: Split
    test: Split
    source: str
    label_names: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.train.image_shape

    def binarized(self, kind: str = "dynamic", seed: int = 0) -> "ImageSet":
        """Both splits binarised (see :meth:`Split.binarized`)."""
        train, test = self.train.binarized(kind, seed), self.test.binarized(kind, seed + 1)
        return replace(self, train=train, test=test, source=f"{self.source}, {kind} binarisation")
