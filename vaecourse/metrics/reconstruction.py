"""Similarity of reconstructions to images: MSE, PSNR and SSIM of each image, for a whole batch at once."""

from collections.abc import Callable

import torch
from torch import Tensor

WINDOW = 7
# Wang et al. (2004), equation 6 with K1 = 0.01, K2 = 0.03 and pixels in [0, 1].
MEAN_CONSTANT = 0.01**2
VARIANCE_CONSTANT = 0.03**2
# How far pixels may lie outside [0, 1]: a quarter of a grey level, more than any rounding.
ROUNDING = 1e-3
# Number of values processed at once. Intermediate results then stay in the processor's cache, and torch uses one
# thread (it uses more from 32,768 values on), which is faster for steps this small.
VALUES_AT_ONCE = 32_000


def mse(images: Tensor, reconstructions: Tensor) -> Tensor:
    """Return the mean squared error over the pixels and channels of each image.

    Parameters
    ----------
    images, reconstructions : floating-point Tensors of shape (N, C, H, W), values in [0, 1] but for 0.001 of rounding

    Returns
    -------
    float64 Tensor of shape (N,)

    Raises
    ------
    TypeError, ValueError
        If the two are not floating-point tensors of one shape (N, C, H, W), or a value is NaN or outside this range.
    """
    _check(images, reconstructions)
    return _by_chunks(_mse, images, reconstructions)


def psnr(images: Tensor, reconstructions: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of each image, in decibels: 10 log10(1 / MSE) for pixels in [0, 1].

    It is infinite if an image and its reconstruction are identical, and then an average over images is infinite too.

    Parameters, returned shape and errors are those of :func:`mse`.
    """
    return -10 * mse(images, reconstructions).log10()


def ssim(images: Tensor, reconstructions: Tensor) -> Tensor:
    """Return the structural similarity of each image, from −1 to 1 if identical (Wang et al., 2004, equation 13).

    The values equal those of scikit-image's ``structural_similarity`` with its defaults: a uniform window of 7×7,
    sample covariance, windows inside the image only, and a mean over the channels.

    Parameters and returned shape are those of :func:`mse`.

    Raises
    ------
    TypeError, ValueError
        For the errors of :func:`mse`, or if the images are smaller than the window.
    """
    _check(images, reconstructions)
    if min(images.shape[2:]) < WINDOW:
        height, width = images.shape[2:]
        raise ValueError(f"SSIM needs images of at least {WINDOW}×{WINDOW} pixels, its window: got {height}×{width}")
    return _by_chunks(_ssim, images, reconstructions)


def _check(images: Tensor, reconstructions: Tensor) -> None:
    for name, pictures in {"images": images, "reconstructions": reconstructions}.items():
        if not torch.is_tensor(pictures) or not pictures.is_floating_point():
            kind = pictures.dtype if torch.is_tensor(pictures) else type(pictures).__name__
            raise TypeError(f"{name} must be a floating-point tensor in [0, 1], got {kind}")
        if pictures.ndim != 4:
            raise ValueError(f"{name} must have shape (N, C, H, W), got {tuple(pictures.shape)}")
        if pictures.numel():
            low, high = (bound.item() for bound in pictures.aminmax())
            if low != low or high != high:
                raise ValueError(f"{name} contain NaN: no score means anything then")
            if low < -ROUNDING or high > 1 + ROUNDING:
                raise ValueError(f"{name} must lie in [0, 1], got {low:g} to {high:g}: divide 0–255 pixels by 255")
    if images.shape != reconstructions.shape:
        raise ValueError(
            f"images and reconstructions must have one shape, got {tuple(images.shape)} "
            f"and {tuple(reconstructions.shape)}"
        )


def _by_chunks(score: Callable[[Tensor, Tensor], Tensor], images: Tensor, reconstructions: Tensor) -> Tensor:
    size = max(1, VALUES_AT_ONCE // max(1, images[:1].numel()))
    # Squares of small errors are 0 in half precision.
    both = (pictures.to(torch.promote_types(pictures.dtype, torch.float32)) for pictures in (images, reconstructions))
    pairs = zip(*(pictures.split(size) for pictures in both), strict=True)
    return torch.cat([score(one, other) for one, other in pairs]).double()


def _mse(images: Tensor, reconstructions: Tensor) -> Tensor:
    return ((images - reconstructions) ** 2).flatten(1).mean(1)


def _ssim(images: Tensor, reconstructions: Tensor) -> Tensor:
    # float64, because variances are differences of squares, and that of a flat window must be 0 compared with 0.0009.
    x, y = images.double(), reconstructions.double()
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    unbiased = WINDOW**2 / (WINDOW**2 - 1)
    covariance = unbiased * (_window_mean(x * y) - product)
    variances = unbiased * (_window_mean(x**2 + y**2) - squares)
    likeness = (2 * product + MEAN_CONSTANT) * (2 * covariance + VARIANCE_CONSTANT)
    return (likeness / ((squares + MEAN_CONSTANT) * (variances + VARIANCE_CONSTANT))).flatten(1).mean(1)


def _window_mean(pictures: Tensor) -> Tensor:
    """Return the mean over each window inside the image: (N, C, H, W) to (N, C, H − 6, W − 6)."""
    return _sums_of_seven(_sums_of_seven(pictures, 2), 3) / WINDOW**2


def _sums_of_seven(values: Tensor, axis: int) -> Tensor:
    """Return sums of seven neighbours along an axis, as 4 + 2 + 1 values. avg_pool2d takes three times as long."""
    size = values.shape[axis]
    twos = values.narrow(axis, 0, size - 1) + values.narrow(axis, 1, size - 1)
    fours = twos.narrow(axis, 0, size - 3) + twos.narrow(axis, 2, size - 3)
    ends = size - WINDOW + 1
    return fours.narrow(axis, 0, ends) + twos.narrow(axis, 4, ends) + values.narrow(axis, 6, ends)
