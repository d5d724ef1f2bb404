"""Quantisation of weights to one byte each, the format in which pretrained models are stored."""

import torch
from torch import Tensor

# int8 could hold ±127, but ±63 compresses better: the wheel is an eighth smaller.
STEPS = 63
SCALE = ".scale"


def quantised(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Store tensors of two dimensions or more as int8 from -63 to 63 with a scale per row, the others as float16.

    A row is one index of the first axis: one output of a dense layer, for instance. Its scale is its largest absolute
    value divided by 63, and is stored as float16 under the name ``NAME.scale``.
    """
    stored = {}
    for name, value in state.items():
        if value.ndim < 2 or not value.is_floating_point():
            stored[name] = value.half() if value.is_floating_point() else value
            continue
        rows = value.flatten(1)
        # The scale is at least the smallest normal float16, so that a row near 0 is not divided by 0.
        scale = (rows.abs().amax(1) / STEPS).clamp(min=torch.finfo(torch.float16).tiny).half()
        steps = (rows / scale.float()[:, None]).round().clamp(-STEPS, STEPS)
        stored[name] = steps.to(torch.int8).view_as(value)
        stored[name + SCALE] = scale
    return stored


def dequantised(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return float32 weights from the result of :func:`quantised`, or from weights stored as float16 or float32."""
    state = {}
    for name, value in stored.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in stored:
            continue
        scale = stored.get(name + SCALE)
        value = value.float() if value.is_floating_point() or scale is not None else value
        state[name] = value if scale is None else value * scale.float().view(-1, *[1] * (value.ndim - 1))
    return state
