"""Pictures of the widget explorer as PNG: enlarged pixel by pixel, coloured differences, strips."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

# Blue and vermilion of Okabe and Ito (2008), which colour-blind eyes tell apart. The same three in page/pictures.js.
DARKER, BRIGHTER = torch.tensor([[0x00, 0x72, 0xB2], [0xD5, 0x5E, 0x00]]) / 255
FULL_COLOUR_AT = 0.5
GAP = 4  # screen pixels between the pictures of a strip


def zoom_for(image_shape: tuple[int, int, int], size: int) -> int:
    """By how much to enlarge an image so that its longer side is about ``size`` screen pixels."""
    return max(1, round(size / max(image_shape[1:])))


def png(picture: Tensor, zoom: int = 1) -> bytes:
    """A picture (1, 3 or, with opacity, 4, H, W) in [0, 1] with every pixel as ``zoom`` × ``zoom`` equal ones."""
    return _encoded(_enlarged(picture, zoom))


def difference(picture: Tensor, start: Tensor) -> Tensor:
    """(4, H, W): transparent where nothing has changed, vermilion where it is brighter now, blue where it is darker.

    Colour is opaque at a difference of ±0.5, averaged over the channels.
    """
    change = (picture - start).mean(0)
    colour = torch.where(change[None] > 0, BRIGHTER[:, None, None], DARKER[:, None, None])
    return torch.cat([colour, (change.abs() / FULL_COLOUR_AT).clamp(max=1)[None]])


def strip(pictures: Tensor, zoom: int = 1) -> bytes:
    """Pictures (N, C, H, W) side by side, with transparent gaps."""
    tiles = []
    for picture in pictures:
        tile = _enlarged(picture.expand(3, -1, -1), zoom)
        opaque = np.full_like(tile[..., :1], 255)
        tiles += [np.concatenate([tile, opaque], axis=2), np.zeros((len(tile), GAP, 4), np.uint8)]
    return _encoded(np.concatenate(tiles[:-1], axis=1))


def _enlarged(picture: Tensor, zoom: int) -> np.ndarray:
    picture = picture.nan_to_num()  # a traversal's end may be beyond all numbers: black, then
    pixels = picture.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)


def _encoded(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()
