"""Weights in one byte each: what comes back, and by how much it is off."""

import pytest
import torch

from vaecourse.models.quantisation import STEPS, dequantised, quantised


@pytest.fixture
def state():
    noise = torch.Generator().manual_seed(0)
    shapes = {"dense.weight": (16, 40), "conv.weight": (8, 3, 4, 4), "dense.bias": (16,), "log_sigma": ()}
    weights = {name: torch.randn(shape, generator=noise) for name, shape in shapes.items()}
    return {**weights, "norm.num_batches_tracked": torch.tensor(7)}


def test_each_weight_is_off_by_half_a_step_at_most(state):
    stored = quantised(state)
    back = dequantised(stored)
    assert back.keys() == state.keys()
    for name in ("dense.weight", "conv.weight"):
        assert stored[name].dtype == torch.int8
        assert back[name].shape == state[name].shape
        step = stored[f"{name}.scale"].float().view(-1, *[1] * (state[name].ndim - 1))
        # The scale itself is rounded to float16, one part in 2,048.
        assert ((back[name] - state[name]).abs() <= 0.5 * step + state[name].abs() / 2_000).all()


def test_rows_keep_their_own_scale(state):
    """A row a thousand times as great as another does not cost the other its digits."""
    state["dense.weight"][0] *= 1_000
    back = dequantised(quantised(state))["dense.weight"]
    error = (back - state["dense.weight"]).abs().amax(1)
    assert error[0] > 0.5
    assert (error[1:] < 0.05).all()


def test_vectors_are_in_half_precision_and_counts_stay(state):
    stored = quantised(state)
    assert stored["dense.bias"].dtype == stored["log_sigma"].dtype == torch.float16
    back = dequantised(stored)
    assert torch.equal(back["dense.bias"], state["dense.bias"].half().float())
    assert torch.equal(back["norm.num_batches_tracked"], torch.tensor(7))


def test_what_the_steps_can_say_comes_back_exactly():
    weights = torch.arange(-STEPS, STEPS + 1).float()[None] / 64
    assert torch.equal(dequantised(quantised({"weight": weights}))["weight"], weights)


def test_rows_of_zeros_stay_zeros():
    assert torch.equal(dequantised(quantised({"weight": torch.zeros(3, 5)}))["weight"], torch.zeros(3, 5))


def test_other_stored_types_come_back_as_float32(state):
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    back = dequantised(half)
    assert {name: value.dtype for name, value in back.items()} == {name: value.dtype for name, value in state.items()}
    assert torch.equal(back["conv.weight"], half["conv.weight"].float())
