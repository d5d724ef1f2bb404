"""Pictures of the widget explorer as PNG: enlarged images, coloured differences and strips."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

# Blue and vermilion of Okabe and Ito (2008), distinct for colour-blind readers. page/pictures.js has the same values.
DARKER, BRIGHTER = torch.tensor([[0x00, 0x72, 0xB2], [0xD5, 0x5E, 0x00]]) / 255
FULL_COLOUR_AT = 0.5
GAP = 4  # screen pixels between the pictures of a strip


def zoom_for(image_shape: tuple[int, int, int], size: int) -> int:
    """Factor that enlarges an image so that its longer side is about ``size`` screen pixels."""
    return max(1, round(size / max(image_shape[1:])))


def png(picture: Tensor, zoom: int = 1) -> bytes:
    """PNG of a picture (C, H, W) in [0, 1], each pixel enlarged to ``zoom`` × ``zoom``; C = 4 includes opacity."""
    return _encoded(_enlarged(picture, zoom))


def difference(picture: Tensor, start: Tensor) -> Tensor:
    """Difference as a picture (4, H, W): vermilion where brighter than the start, blue where darker, else transparent.

    The colour is opaque from a difference of ±0.5 on, averaged over the channels.
    """
    return signed((picture - start).mean(0, keepdim=True) / FULL_COLOUR_AT)[0]


def signed(values: Tensor) -> Tensor:
    """Pictures (N, 4, H, W) of values (N, H, W): vermilion above 0 and blue below, opaque at ±1 and beyond."""
    colour = torch.where(values[:, None] > 0, BRIGHTER[:, None, None], DARKER[:, None, None])
    return torch.cat([colour, values.abs().clamp(max=1)[:, None]], dim=1)


def strip(pictures: Tensor, zoom: int = 1) -> bytes:
    """PNG of pictures (N, C, H, W) side by side, with transparent gaps; C as for :func:`png`."""
    tiles = []
    for picture in pictures:
        coloured = (
            picture if len(picture) == 4 else torch.cat([picture.expand(3, -1, -1), torch.ones_like(picture[:1])])
        )
        tile = _enlarged(coloured, zoom)
        tiles += [tile, np.zeros((len(tile), GAP, 4), np.uint8)]
    return _encoded(np.concatenate(tiles[:-1], axis=1))


def _enlarged(picture: Tensor, zoom: int) -> np.ndarray:
    picture = picture.nan_to_num()  # pixels that overflow at the end of a traversal become black
    pixels = picture.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)


def _encoded(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()
