"""Checks of arguments that several parts of the package share. Each error is one line that says what to do."""

from collections.abc import Collection, Iterable

import torch
from torch import Tensor

# How far values may lie outside [0, 1]: a quarter of a grey level, more than any rounding of pixels.
ROUNDING = 1e-3


def one_of(value: str, choices: tuple[str, ...], what: str) -> str:
    """Return the value, or raise ValueError if it is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{what} {value!r} is unknown: choose one of {', '.join(choices)}")
    return value


def as_list(values: str | Iterable) -> list:
    """Return the values as a list; a single name is a list of one, and not of its letters."""
    return [values] if isinstance(values, str) else list(values)


def adam_fits(state: dict, parameters: list[Tensor], still: Collection[int] = ()) -> bool:
    """Return whether a state of Adam holds a step and two moments for each parameter, of its shape and type.

    Its fused step would write beyond a moment of another shape. ``still`` are the places of the parameters that have
    none, because they never got a gradient: frozen ones, and those that the loss does not depend on.
    """
    try:
        states, moved = state["state"], [place for place in range(len(parameters)) if place not in still]
        return list(states) == moved and all(
            found["step"].numel() == 1
            and all(
                found[name].shape == parameters[place].shape and found[name].dtype == parameters[place].dtype
                for name in ("exp_avg", "exp_avg_sq")
            )
            for place, found in states.items()
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def check_level(level: int, count: int) -> None:
    """Raise ValueError unless ``level`` is a level number from 1 to ``count``."""
    if not isinstance(level, int) or not 1 <= level <= count:
        raise ValueError(f"there is no level {level!r}: this model has levels 1 to {count}, 1 nearest to the image")


def at_least(least: int, **setting: int) -> None:
    """Raise ValueError, with the name of the setting, if a setting is below ``least``."""
    for name, value in setting.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")


def new_tensors_on_cpu() -> None:
    """Raise ValueError if the caller has told torch to make new tensors elsewhere than on the CPU."""
    if (device := torch.get_default_device()).type != "cpu":
        raise ValueError(
            f"torch makes new tensors on {device} by default, which vaecourse does not expect: call "
            "torch.set_default_device(None). vc.fit finds the GPU itself"
        )
