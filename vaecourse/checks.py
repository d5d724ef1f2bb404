"""Checks of arguments that several parts of the package share. Each error is one line that says what to do."""

from collections.abc import Iterable

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


def adam_fits(state: dict, parameters: list[Tensor]) -> bool:
    """Return whether a state of Adam holds a step and two moments for each parameter, of its shape and type.

    Its fused step would write beyond a moment of another shape.
    """
    try:
        states = state["state"]
        return list(states) == list(range(len(parameters))) and all(
            found["step"].numel() == 1
            and all(
                found[name].shape == parameter.shape and found[name].dtype == parameter.dtype
                for name in ("exp_avg", "exp_avg_sq")
            )
            for found, parameter in zip(states.values(), parameters, strict=True)
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
