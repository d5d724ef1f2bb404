"""What a training was started with, in plain values, and how a training that resumes it differs."""

import math
import zlib
from collections.abc import Callable
from types import NoneType

import torch
from torch import nn
from torch.optim import Optimizer

from vaecourse.data import Split

IMAGES_COMPARED = 256
MOST_NUMBERS = 1000  # of an array; a larger one is described by its shape
DEEPEST = 4  # objects within objects
# The weights, moments and random numbers of a checkpoint belong to these; a change of any other setting is followed.
FIXED = ("data", "model", "loss", "seed")


def settings_of(images: Split, model: nn.Module, loss: Callable, seed: int, **others) -> dict:
    """Return the settings of a call of ``fit``, which a checkpoint stores."""
    step = -(-len(images) // IMAGES_COMPARED)
    some = images.images.index_select(0, torch.arange(0, len(images), step, device=images.images.device))
    data = {
        "number of images": len(images),
        "shape": list(images.image_shape),
        "pixels": zlib.crc32(some.cpu().numpy().tobytes()),  # of some images, in their order
        "dynamic": images.dynamic,
        "flips": images.flips,
    }
    made_with = {name: value for name, value in model.__dict__.get("settings", {}).items() if name != "seed"}
    found = {"data": data, "model": {"class": type(model).__name__, **made_with}, "loss": loss, "seed": seed, **others}
    return {name: described(value) for name, value in found.items()}


def described(value, depth: int = 0):
    """Return a setting as numbers, texts, lists and dicts: an object by its class and its public settings."""
    if hasattr(value, "tolist"):  # of NumPy or torch; a float of NumPy is a float too, but no plain one
        return value.tolist() if math.prod(value.shape) <= MOST_NUMBERS else str(tuple(value.shape))
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, list | tuple):
        return [described(each, depth + 1) for each in value]
    if hasattr(value, "__qualname__"):
        return value.__qualname__
    if depth > DEEPEST:
        return type(value).__name__
    named = value if isinstance(value, dict) else {"class": type(value).__name__, **getattr(value, "__dict__", {})}
    learned = (nn.Module, Optimizer)  # a checkpoint holds their state
    public = {str(name): each for name, each in named.items() if not isinstance(each, (*learned, NoneType))}
    return {name: described(each, depth + 1) for name, each in public.items() if not name.startswith("_")}


def check_same_run(before: dict, now: dict, path) -> None:
    """Raise ValueError if data, model, loss or seed are not those of a checkpoint, and say which settings change.

    The learning rate, its schedule, the largest gradient and the batch size are the caller's, as in a training that
    begins.
    """
    changes = [change for name in before for change in _changes(name, before[name], now.get(name))]
    refused = [text for name, text in changes if name in FIXED]
    if refused:
        raise ValueError(
            f"{path} is a checkpoint of another run ({', '.join(refused)}): give this run its own file, or delete that "
            "one to train anew"
        )
    if changes:
        print(f"The run of {path} goes on with other settings: {', '.join(text for _, text in changes)}.")


def _changes(name: str, before, now) -> list[tuple[str, str]]:
    if name == "loss" and not (isinstance(before, dict) and isinstance(now, dict)):
        return []  # a function: nothing is known of its settings
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return [(name, f"{name}: {key} {before.get(key)} before, {now.get(key)} now") for key in keys]
    if before == now:
        return []
    return [(name, f"{name} {before} before, {now} now")]
