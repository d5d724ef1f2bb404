"""Helpers of the notebooks: answers to exercises are checked, source code is shown, settings follow the scale."""

import inspect
import os
import textwrap

import numpy as np
import torch
from IPython.display import Markdown

SCALES = ("smoke", "quick", "full")


def check(answer, expected, tolerance: float = 1e-3) -> None:
    """Print whether the answer to an exercise is right: "not tried yet", "not right: …" or "right".

    Parameters
    ----------
    answer : number, array, Tensor, text or None
        Answer of the reader. ``None`` or ``...``, also inside a list, means that it is still open.
    expected : number, array, Tensor or text
        Right answer. Texts are compared without regard to case and surrounding space.
    tolerance : float
        Allowed difference of numbers: absolute, or relative to the expected value if its size is above 1.
    """
    print(_verdict(answer, expected, tolerance))


def _verdict(answer, expected, tolerance: float) -> str:
    if _is_open(answer):
        return "not tried yet"
    if isinstance(expected, str):
        right = isinstance(answer, str) and answer.strip().casefold() == expected.strip().casefold()
        return "right" if right else f"not right: your answer {answer!r}, expected another text"
    expected = _as_array(expected)
    kind = "a number" if expected.ndim == 0 else f"numbers of shape {expected.shape}"
    if isinstance(answer, str):
        return f"not right: your answer is the text {answer!r}, expected {kind}"
    try:
        answer = _as_array(answer)
    except (TypeError, ValueError):
        return f"not right: your answer is a {type(answer).__name__}, expected {kind}"
    if answer.shape != expected.shape:
        return f"not right: your shape {answer.shape}, expected {expected.shape}"
    with np.errstate(invalid="ignore"):  # inf − inf
        close = np.abs(answer - expected) <= tolerance * np.maximum(np.abs(expected), 1)
    wrong = ~np.where(np.isfinite(expected), close, answer == expected)
    if not wrong.any():
        return "right"
    where = tuple(np.argwhere(wrong)[0])
    return f"not right: your value {answer[where]:.6g}, expected {expected[where]:.6g}"


def _is_open(answer) -> bool:
    if isinstance(answer, list | tuple):
        return any(_is_open(part) for part in answer)
    return answer is None or answer is ...


def _as_array(value) -> np.ndarray:
    if isinstance(value, list | tuple) and any(torch.is_tensor(part) for part in value):
        value = [_as_array(part) for part in value]
    if torch.is_tensor(value):
        value = value.detach().cpu().double().numpy()
    return np.asarray(value, dtype=float)


def show_source(*objects) -> Markdown:
    """Return the source of functions, methods, properties or classes as highlighted Markdown.

    Raises
    ------
    TypeError
        If an object is anything else, such as an instance of a class.
    """
    return Markdown("```python\n" + "\n\n".join(_source(thing) for thing in objects) + "\n```")


def _source(thing) -> str:
    code = thing.fget if isinstance(thing, property) else thing
    try:
        return textwrap.dedent(inspect.getsource(code)).rstrip()
    except TypeError as error:
        kind = type(thing).__name__
        raise TypeError(f"show_source takes functions, methods or classes, got {kind}: name its class") from error


def current_scale() -> str:
    """Return ``$VAECOURSE_SCALE``. The default is ``full`` if a CUDA device is present, else ``quick``."""
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
        If ``$VAECOURSE_SCALE`` is not one of these three names.
    """
    return {"smoke": smoke, "quick": quick, "full": full}[current_scale()]
