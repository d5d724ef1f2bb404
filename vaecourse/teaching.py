"""Helpers of the notebooks: answers to exercises are checked, source code is shown, settings follow the scale."""

import inspect
import os
import textwrap

import torch
from IPython.display import Markdown

from vaecourse import answers

SCALES = ("smoke", "quick", "full")


def check(number: str, answer, **given) -> None:
    """Print the verdict on the answer to an exercise: "not tried yet", "not right: yours …" or "right".

    Parameters
    ----------
    number : str
        Number of the exercise, as in its heading: ``"3.2"``.
    answer : number, array, Tensor, text, set or function
        ``None`` or ``...``, also inside a list, mean that the reader has not tried yet; so does a function that
        returns one of them or raises ``NotImplementedError``. Texts are compared without regard to case and space.
        A function is called on prepared inputs.
    **given
        Objects of the notebook that the expected value depends on, by the names that the exercise uses.

    Raises
    ------
    ValueError
        If there is no exercise of that number.
    TypeError
        If ``given`` are not the objects that the exercise is checked with.
    """
    print(answers.verdict(number, answer, **given))


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
