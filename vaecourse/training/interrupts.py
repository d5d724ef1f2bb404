"""Ctrl-C: held back where it would break torch, and never hidden in a notebook cell that trains several models."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_last_fit: tuple[int | None, bool] = (None, False)  # the cell of the last call of fit, and whether it was interrupted


@contextmanager
def held_back() -> Iterator[None]:
    """Run a block to its end: a Ctrl-C meanwhile takes effect afterwards."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield  # only the main thread is interrupted
        return
    pressed = []
    signal.signal(signal.SIGINT, lambda *signal_and_frame: pressed.append(signal_and_frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if pressed:
        handler(*pressed[0])


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
