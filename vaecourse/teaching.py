"""What the notebooks use to teach: exercises that check an answer, and source code shown where it is explained."""

import inspect

import numpy as np
import torch
from IPython.display import Markdown


def check(answer, expected, tolerance: float = 1e-3) -> None:
    """Print whether the answer to an exercise is right: "not tried yet", "not right: …" or "right".

    Parameters
    ----------
    answer : number, array, Tensor or None
        ``None`` or ``...`` mean that the reader has not tried yet.
    expected : number, array or Tensor
    tolerance : float
        Allowed difference, absolute, or relative to the expected value where that is above 1.
    """
    if answer is None or answer is ...:
        print("not tried yet")
        return
    answer, expected = _as_array(answer), _as_array(expected)
    if answer.shape != expected.shape:
        print(f"not right: your shape {answer.shape}, expected {expected.shape}")
        return
    allowed = tolerance * np.maximum(np.abs(expected), 1)
    wrong = ~(np.abs(answer - expected) <= allowed)
    if wrong.any():
        where = tuple(np.argwhere(wrong)[0])
        print(f"not right: your value {answer[where]:.4g}, expected {expected[where]:.4g}")
    else:
        print("right")


def _as_array(value) -> np.ndarray:
    if torch.is_tensor(value):
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=float)


def show_source(*objects) -> Markdown:
    """The source of functions, methods or classes of the package, as highlighted Markdown."""
    source = "\n\n".join(inspect.getsource(thing).rstrip() for thing in objects)
    return Markdown(f"```python\n{inspect.cleandoc(source) if len(objects) == 1 else source}\n```")
