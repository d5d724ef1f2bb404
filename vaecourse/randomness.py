"""Repeatable randomness that does not change the caller's random state."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

LARGEST_SEED = 2**64 - 1


@contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Run a block with the generators of the CPU and of ``device`` seeded, and restore their states afterwards.

    The generators of other devices are not touched: a model made on the CPU while another one trains on a GPU does not
    change the order of that one's images.

    Raises
    ------
    ValueError
        If the seed is not a whole number that torch can take.
    """
    device = torch.device(device)
    if int(seed) != seed or not -(2**63) <= seed <= LARGEST_SEED:
        raise ValueError(f"a seed is a whole number from −2⁶³ to 2⁶⁴ − 1, got {seed}: choose a smaller one")
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(int(seed))  # torch.manual_seed would seed every GPU too
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(int(seed))
        elif device.type not in ("cpu", "meta"):
            torch.get_device_module(device).manual_seed(int(seed))
        yield
