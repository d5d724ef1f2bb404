"""Ctrl-C: held back where it would break torch, and never hidden in a notebook cell that trains several models."""

import sys

from vaecourse.terminal import held_back

_last_fit: tuple[int | None, bool] = (None, False)  # the cell of the last call of fit, and whether it was interrupted


def import_whole() -> None:
    """Import what torch's optimisers import when the first one is made: half-imported, no training runs any more."""
    with held_back():
        import torch._dynamo  # noqa: F401


def stop_if_interrupted_before() -> None:
    """Raise KeyboardInterrupt if a training of this notebook cell was interrupted: the cell trains several models."""
    if _cell() is not None and _last_fit == (_cell(), True):
        raise KeyboardInterrupt("a training in this cell was interrupted: the cell ends here, run it again")


def note(interrupted: bool) -> None:
    """Note the end of a call of fit, and raise KeyboardInterrupt if it was not the first one of its cell.

    A table made by the cell would otherwise show a model of a few epochs beside others of all epochs.
    """
    global _last_fit
    earlier, _last_fit = _last_fit, (_cell(), interrupted)
    if interrupted and _cell() is not None and earlier[0] == _cell():
        raise KeyboardInterrupt("a training was interrupted in a cell that trains several models: the cell ends here")


def _cell() -> int | None:
    """Return the number of the notebook cell that runs, or None outside of notebooks."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return None if shell is None else shell.execution_count
