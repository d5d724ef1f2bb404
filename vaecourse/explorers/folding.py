"""Which units explorers fold away, and what the fold is called."""

from dataclasses import replace

from vaecourse.evaluation import Units

LEAST_RATE = 0.05  # nats; explorers fold away the units of a hierarchy that carry less


def folded(levels: list[Units], is_hierarchy: bool) -> list[Units]:
    """Levels whose active units are those that explorers show at once."""
    if not is_hierarchy:
        return levels
    return [replace(units, active=units.active & (units.importance >= LEAST_RATE)) for units in levels]


def fold_title(level: Units, count: int, is_hierarchy: bool) -> str:
    """The title of ``count`` units of a level that an explorer folds away."""
    units = f"unit{'s' if count > 1 else ''}"
    if is_hierarchy:
        return f"{count} {units} below {LEAST_RATE:g} nats"
    return f"{count} {'collapsed' if 'nats' in level.label(0) else 'nearly constant'} {units}"
