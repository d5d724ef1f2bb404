"""The active units of a model."""

import torch
from torch import Tensor

ACTIVE = 0.01


def active_units(means: Tensor, threshold: float = ACTIVE) -> Tensor:
    """Return which units are active: their posterior mean varies over the images (Burda et al., 2016, section 5.2).

    Parameters
    ----------
    means : floating-point Tensor of shape (N, d)
        Posterior means of N ≥ 2 images, as ``vc.encode(model, split)`` gives them.
    threshold : float
        Variance over the images that the posterior mean of an active unit exceeds.

    Returns
    -------
    bool Tensor of shape (d,)

    Raises
    ------
    TypeError, ValueError
        If ``means`` is not a tensor of this kind, or holds values that are not finite.
    """
    if not torch.is_tensor(means) or not means.is_floating_point():
        raise TypeError(f"means must be a floating-point tensor, as vc.encode returns, got {type(means).__name__}")
    if means.ndim != 2 or len(means) < 2 or not means.shape[1]:
        raise ValueError(f"means must have shape (N, d) with at least 2 images, got {tuple(means.shape)}")
    if not means.isfinite().all():
        raise ValueError("means contain NaN or infinity: the model has diverged")
    return means.var(0) > threshold
