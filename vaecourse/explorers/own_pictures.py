"""Pictures of a reader, prepared for a model: a digit as those of MNIST were, other pictures by a square crop.

``page/preparing.js`` has the preparation of digits again, for what is drawn on a page.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from vaecourse.data import Split
from vaecourse.models import ImageModel
from vaecourse.models.networks import ImageShape
from vaecourse.randomness import seeded

MEASURED_AT_MOST = 1000  # images, the pictures among them
DIGIT_SHAPE = (1, 28, 28)
SIDE, BOX = DIGIT_SHAPE[1], 20
TIE = 1e-6  # so that both languages round halves up, whatever the last digits of their sums

Picture = str | Path | Image.Image | np.ndarray | Tensor


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """Prepare ink as the digits of MNIST were (LeCun et al., 1998, section III): 20 of 28 pixels, centred by mass.

    The bounding box of all ink above 0 is scaled by averages over areas, so that its longer side is 20 pixels. It is
    then moved by whole pixels, so that its centre of mass lies in the middle of the 28×28 pixels.

    Parameters
    ----------
    ink : array of shape (H, W)
        Ink of each pixel in [0, 1]: 0 is paper.

    Returns
    -------
    array of shape (28, 28), in [0, 1]
        Zeros if there is no ink.
    """
    prepared = np.zeros((SIDE, SIDE))
    rows, columns = np.nonzero(ink > 0)
    if not len(rows):
        return prepared
    box = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float)
    height, width = (max(1, int(side * BOX / max(box.shape) + 0.5)) for side in box.shape)
    small = _averaging(box.shape[0], height) @ box @ _averaging(box.shape[1], width).T
    top = _offset(small.sum(1))
    left = _offset(small.sum(0))
    prepared[top : top + height, left : left + width] = small
    return prepared


def _averaging(count: int, size: int) -> np.ndarray:
    """The matrix (size, count) of averages over ``size`` equal parts of a line of ``count`` pixels."""
    edges = np.arange(size + 1) * count / size
    pixels = np.arange(count)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return overlap.clip(min=0) * size / count


def _offset(masses: np.ndarray) -> int:
    """Where a line of masses begins among 28 pixels, so that its centre of mass is in pixel 14."""
    centre = (masses * np.arange(len(masses))).sum() / masses.sum()
    return int(np.clip(np.floor(SIDE // 2 - centre + 0.5 + TIE), 0, SIDE - len(masses)))


def are_digits(images: Tensor) -> bool:
    """Whether images (N, C, H, W) are prepared as MNIST's were: in 20 of 28 pixels, their mass around pixel 14."""
    if tuple(images.shape[1:]) != DIGIT_SHAPE:
        return False
    inked = images[:, 0] > 0
    sides = torch.stack([_extent(inked.any(2)), _extent(inked.any(1))]).amax(0)
    masses = images.sum((1, 2, 3)).clamp(min=torch.finfo(images.dtype).tiny)
    places = torch.arange(SIDE)
    centres = torch.stack([(images.sum((1, axis)) * places).sum(1) / masses for axis in (2, 3)])
    off = (centres - SIDE // 2).abs().amax(0)
    return bool(sides.max() <= BOX and sides.float().median() > 0.8 * BOX and off.median() <= 1)


def _extent(inked: Tensor) -> Tensor:
    """The distance (N,) from the first to the last true value of lines (N, n), both included; 0 if there is none."""
    first, last = inked.float().argmax(1), inked.shape[1] - inked.flip(1).float().argmax(1)
    return (last - first) * inked.any(1)


def prepared(picture: Picture, image_shape: ImageShape) -> tuple[Tensor, str]:
    """A picture of any size as an image (C, H, W) in [0, 1] for a model, and one line that says what was done.

    A picture of the model's size is taken as it is. For a model of 28×28 grey pixels, any other is prepared like a
    digit of MNIST (:func:`vaecourse.explorers.own_pictures.as_mnist`): what differs from the median of the border, by
    more than the border itself does, is ink. For other models the middle of the picture is cropped to the shape of the
    images, and shrunk or enlarged.

    Parameters
    ----------
    picture : path, PIL image, or array
        Array of shape (H, W), (H, W, C) or (C, H, W): uint8 values to 255, or floats in [0, 1].
    image_shape : (C, H, W)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError
        If it is not a picture, its values lie elsewhere, or there is nothing on it.
    """
    channels, height, width = image_shape
    opened = _opened(picture)
    name = Path(picture).name if isinstance(picture, str | Path) else "your picture"
    told = f"{name} ({opened.width}×{opened.height})"
    opened = opened.convert("L" if channels == 1 else "RGB")
    if opened.size == (width, height):
        return _as_tensor(opened), f"{told} has the size of the model's images: it is taken as it is."
    if tuple(image_shape) != DIGIT_SHAPE:
        fitted = ImageOps.fit(opened, (width, height), Image.Resampling.BICUBIC)
        return _as_tensor(fitted), f"{told}: its middle is cropped and scaled to {width}×{height}."
    grey = np.asarray(opened) / 255
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(border)
    strength = grey - paper if paper < 0.5 else paper - grey
    faint = np.abs(border - paper).max()
    if strength.max() <= faint:
        raise ValueError(f"{told}: nothing stands out from the border, so there is no digit: leave a blank border")
    ink = ((strength - faint) / (strength.max() - faint)).clip(0, 1)
    turned = "" if paper < 0.5 else "inverted, "
    image = torch.from_numpy(as_mnist(ink)).float()[None]
    return image, f"{told}: {turned}its bounding box scaled to {BOX} pixels and centred by mass in {SIDE}×{SIDE}."


def reference_with(
    model: ImageModel, split: Split | None, pictures: list[Picture], seed: int = 0
) -> tuple[Split, list[int], list[str]]:
    """A split to measure units on that ends with a reader's pictures, their indices in it, and a line on each.

    Parameters
    ----------
    split : Split, optional
        Images to measure on, of which at most 1,000 are taken. By default the model draws them from its prior.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError
        If the model has no prior to draw from, and for the errors of :func:`prepared`.
    """
    if split is None and not model.has_prior:
        raise TypeError(
            f"{type(model).__name__} has no prior to draw images from: explore a split, with your pictures as starts"
        )
    images, told = zip(*(prepared(picture, model.image_shape) for picture in pictures), strict=True)
    if split is None:
        measured = model.generate(MEASURED_AT_MOST, seed).cpu()
    else:
        with seeded(seed):
            measured = split[torch.randperm(len(split))[: MEASURED_AT_MOST - len(images)]].as_floats().cpu()
    together = (torch.cat([measured, torch.stack(images)]) * 255).round().to(torch.uint8)
    return Split(together), list(range(len(measured), len(together))), list(told)


def as_pictures(given) -> list[Picture] | None:
    """The pictures that a reader gave: one, a list, or an array (N, C, H, W); None for anything else."""
    if isinstance(given, np.ndarray | Tensor) and given.ndim == 4:
        return list(given)
    if isinstance(given, Picture):
        return [given]
    if isinstance(given, list | tuple) and given and all(isinstance(one, Picture) for one in given):
        return list(given)
    return None


def _opened(picture: Picture) -> Image.Image:
    """A PIL image of bytes, without transparency."""
    if isinstance(picture, str | Path):
        try:
            picture = Image.open(picture)
        except UnidentifiedImageError as error:
            raise ValueError(f"{Path(picture).name} is not a picture: give a PNG or JPEG file") from error
    if isinstance(picture, Image.Image):
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    if not isinstance(picture, np.ndarray | Tensor):
        raise TypeError(f"a picture is a path, a PIL image or an array, not {type(picture).__name__}")
    values = np.asarray(picture.detach().cpu() if isinstance(picture, Tensor) else picture)
    if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] not in (1, 3):
        values = values.transpose(1, 2, 0)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] != 3) or not values.size:
        raise ValueError(f"an array of a picture has shape (H, W), (H, W, 3) or (3, H, W), got {values.shape}")
    if values.dtype != np.uint8:
        low, high = values.min(), values.max()
        if not (low >= 0 and high <= 1):
            raise ValueError(f"an array of a picture is uint8, or floats in [0, 1], got {low:g} to {high:g}: scale it")
        values = (values * 255).round().astype(np.uint8)
    return Image.fromarray(values)


def _as_tensor(picture: Image.Image) -> Tensor:
    values = torch.from_numpy(np.array(picture)).float() / 255
    return values[None] if values.ndim == 2 else values.permute(2, 0, 1)
