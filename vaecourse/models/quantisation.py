"""Weights in one byte each, as pretrained models are stored."""

import torch
from torch import Tensor

# 127 steps would fit too, but with half as many a wheel, which is compressed, is an eighth smaller.
STEPS = 63
SCALE = ".scale"


def quantised(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of two dimensions or more as int8 from -63 to 63 with one scale for each row; the others in float16.

    A row is an index of the first axis, for dense layers and convolutions an output, and its scale, float16 under
    the name ``NAME.scale``, its greatest absolute value over 63.
    """
    stored = {}
    for name, value in state.items():
        if value.ndim < 2 or not value.is_floating_point():
            stored[name] = value.half() if value.is_floating_point() else value
            continue
        rows = value.flatten(1)
        # Not smaller than float16 can say, or a row near 0 would be divided by 0.
        scale = (rows.abs().amax(1) / STEPS).clamp(min=torch.finfo(torch.float16).tiny).half()
        steps = (rows / scale.float()[:, None]).round().clamp(-STEPS, STEPS)
        stored[name] = steps.to(torch.int8).view_as(value)
        stored[name + SCALE] = scale
    return stored


def dequantised(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The float32 weights of what :func:`quantised` returned, and of weights stored in float16 or float32."""
    state = {}
    for name, value in stored.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in stored:
            continue
        scale = stored.get(name + SCALE)
        value = value.float() if value.is_floating_point() or scale is not None else value
        state[name] = value if scale is None else value * scale.float().view(-1, *[1] * (value.ndim - 1))
    return state
