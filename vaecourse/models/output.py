"""The output of every model, and the checks of its input."""

from dataclasses import dataclass

import torch
from torch import Tensor

from vaecourse.checks import ROUNDING
from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.networks import ImageShape


@dataclass
class Level:
    """One latent level.

    Parameters
    ----------
    codes : Tensor of shape (N, d)
        Codes of this level: draws from the posterior, or its means.
    posterior, prior : DiagonalGaussian, optional
        Distributions q(z|x) of inference and p(z) of the generative model over the codes. In a hierarchy each may
        depend on a neighbouring level. A plain autoencoder has neither.
    prior_depends_on_sample : bool
        Whether the prior was computed from codes that were drawn given the codes of this level, as in a hierarchy
        inferred bottom-up. If so, the closed-form KL from posterior to prior is not the rate of this level.
    """

    codes: Tensor
    posterior: DiagonalGaussian | None = None
    prior: DiagonalGaussian | None = None
    prior_depends_on_sample: bool = False


@dataclass
class Output:
    """The decoder's distribution over images, and the latent levels, nearest to the image first."""

    reconstruction: ImageLikelihood
    levels: list[Level]


def check_images(images: Tensor, image_shape: ImageShape, read_values: bool = True) -> None:
    """Check the shape, type and values of images: they must lie in [0, 1] but for 0.001 of rounding, without NaN.

    ``read_values=False`` checks the shape and type only. It is used in training on a GPU, where reading a value
    would make every step wait for the device.

    Raises
    ------
    TypeError
        If ``images`` is not a floating-point tensor.
    ValueError
        If its shape is not (N, C, H, W) with the model's C, H and W, or a value is NaN or outside [−0.001, 1.001].
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
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ValueError(f"images must lie in [0, 1], got {low:g} to {high:g}: divide 0–255 images by 255")


def check_codes(codes: Tensor, latent_dim: int) -> None:
    """Raise TypeError or ValueError unless ``codes`` is a tensor of shape (N, latent_dim)."""
    if not torch.is_tensor(codes):
        raise TypeError(f"codes must be a tensor, got {type(codes).__name__}: use torch.as_tensor")
    if codes.ndim != 2 or codes.shape[1] != latent_dim:
        raise ValueError(f"codes must have shape (N, {latent_dim}), got {tuple(codes.shape)}")
