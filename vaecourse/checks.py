"""Checks of arguments that several parts of the package share. Each error is one line that says what to do."""


def one_of(value: str, choices: tuple[str, ...], what: str) -> str:
    """Return the value, or raise ValueError if it is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{what} {value!r} is unknown: choose one of {', '.join(choices)}")
    return value


def check_level(level: int, count: int) -> None:
    """Raise ValueError unless ``level`` is a level number from 1 to ``count``."""
    if not isinstance(level, int) or not 1 <= level <= count:
        raise ValueError(f"there is no level {level!r}: this model has levels 1 to {count}, 1 nearest to the image")


def at_least(least: int, **setting: int) -> None:
    """Raise ValueError, with the name of the setting, if a setting is below ``least``."""
    for name, value in setting.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
