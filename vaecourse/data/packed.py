"""Black and white images in memory with eight pixels per byte."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

BITS = 8


@dataclass(frozen=True)
class PackedImages:
    """Images of pixels 0 and 255 for a :class:`~vaecourse.Split`, in an eighth of the memory.

    It has ``shape``, ``dtype``, ``device`` and ``len`` like a tensor of images, and ``images[which]``, for a number, a
    slice, indices or a mask, is the uint8 tensor of the selected images.

    Parameters
    ----------
    packed : uint8 Tensor of shape (N, C, H, W / 8)
        Pixels packed as by ``numpy.packbits``: the first pixel of a byte is its highest bit.
    """

    packed: Tensor
    dtype = torch.uint8
    ndim = 4

    @property
    def shape(self) -> torch.Size:
        return torch.Size((*self.packed.shape[:-1], BITS * self.packed.shape[-1]))

    @property
    def device(self) -> torch.device:
        return self.packed.device

    def __len__(self) -> int:
        return len(self.packed)

    def __getitem__(self, which) -> Tensor:
        return _unpacked(self.packed[which])

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """The images with these indices, unpacked; ``dim`` must be 0."""
        return _unpacked(self.packed.index_select(dim, index))

    def select(self, which) -> "PackedImages":
        """The images selected by a slice, indices or a mask, still packed."""
        return PackedImages(self.packed[which])

    def to(self, device: torch.device | str) -> "PackedImages":
        return PackedImages(self.packed.to(device))

    def float(self) -> Tensor:
        """All images, as a float tensor of 0 and 255."""
        return _unpacked(self.packed).float()


def _unpacked(packed: Tensor) -> Tensor:
    """Unpack each byte to eight pixels, by a table of eight-byte integers."""
    pixels = _pixels_of_byte(packed.device).index_select(0, packed.flatten().int())
    return pixels.view(torch.uint8).view(*packed.shape[:-1], BITS * packed.shape[-1])


@cache
def _pixels_of_byte(device: torch.device) -> Tensor:
    """The eight pixels of each byte, 0 or 255, as one int64."""
    pixels = 255 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return torch.from_numpy(pixels.view(np.int64)[:, 0]).to(device)
