"""What every model returns, and what every model accepts."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.networks import ImageShape


@dataclass
class Level:
    """One latent level.

    Parameters
    ----------
    codes : Tensor of shape (N, d)
        The codes of this level: drawn from the posterior, or its means.
    posterior, prior : DiagonalGaussian, optional
        The distribution that codes are drawn from, and the one that the generative model draws them from: q(z|x)
        and p(z); in a hierarchy given the neighbouring level. A plain autoencoder has neither.
    prior_depends_on_sample : bool
        The prior was computed from codes that were themselves drawn given the codes of this level, as in a hierarchy
        inferred bottom-up. Then the closed-form KL from posterior to prior is not the rate of this level.
    """

    codes: Tensor
    posterior: DiagonalGaussian | None = None
    prior: DiagonalGaussian | None = None
    prior_depends_on_sample: bool = False


@dataclass
class Output:
    """The distribution over images that the decoder gives, and the latent levels, nearest to the image first."""

    reconstruction: ImageLikelihood
    levels: list[Level]


def check_images(images: Tensor, image_shape: ImageShape, read_values: bool = True) -> None:
    """Refuse what a model cannot mean: wrong shape, wrong type, values outside [0, 1], NaN.

    ``read_values=False`` looks at the shape and type only. Models use it while they train on a GPU, where
    reading a value would make every step wait for the device.

    Raises
    ------
    TypeError
        If ``images`` is not a floating-point tensor.
    ValueError
        If its shape is not (N, C, H, W) with the model's C, H and W, or a value is outside [0, 1] or NaN.
    """
    if not torch.is_tensor(images) or not images.is_floating_point():
        kind = images.dtype if torch.is_tensor(images) else type(images).__name__
        raise TypeError(f"images must be a floating-point tensor in [0, 1], got {kind}: divide uint8 images by 255")
    if images.ndim != 4 or tuple(images.shape[1:]) != tuple(image_shape):
        expected = ", ".join(map(str, image_shape))
        raise ValueError(f"images must have shape (N, {expected}), got {tuple(images.shape)}")
    if not read_values or not len(images):
        return
    low, high = (bound.item() for bound in images.aminmax())
    if low != low or high != high:
        raise ValueError("images contain NaN: look for a division by zero where they were prepared")
    if low < 0 or high > 1:
        raise ValueError(f"images must lie in [0, 1], got {low:g} to {high:g}: divide 0–255 images by 255")


def check_codes(codes: Tensor, latent_dim: int) -> None:
    """Raise ValueError unless ``codes`` has shape (N, latent_dim)."""
    if codes.ndim != 2 or codes.shape[1] != latent_dim:
        raise ValueError(f"codes must have shape (N, {latent_dim}), got {tuple(codes.shape)}")
