"""One switch for how long a notebook runs."""

import os

import torch

SCALES = ("smoke", "quick", "full")


def current_scale() -> str:
    """``$VAECOURSE_SCALE``; by default ``full`` where a CUDA device is present, else ``quick``."""
    default = "full" if torch.cuda.is_available() else "quick"
    name = os.environ.get("VAECOURSE_SCALE", default)
    if name not in SCALES:
        raise ValueError(f"VAECOURSE_SCALE is {name!r}: set it to one of {', '.join(SCALES)}")
    return name


def scale(*, smoke, quick, full):
    """Choose a setting by the scale of the run: ``epochs=vc.scale(smoke=1, quick=4, full=40)``.

    ``smoke`` is for tests (seconds), ``quick`` for a laptop (a chapter in about a minute), ``full`` for a GPU.

    Raises
    ------
    ValueError
        If ``$VAECOURSE_SCALE`` holds another name.
    """
    return {"smoke": smoke, "quick": quick, "full": full}[current_scale()]
