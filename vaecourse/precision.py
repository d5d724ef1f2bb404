"""Half precision and autocast: where sums and products of many numbers must not lose digits."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """Return the values in float32 if they are in half precision; float32 and float64 stay what they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def without_autocast(device: torch.device) -> AbstractContextManager:
    """Return a context in which products are computed in the precision of their factors, whatever the caller's."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
