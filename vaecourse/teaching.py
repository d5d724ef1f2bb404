"""Helpers of the notebooks: checked answers, tables, source code, and settings that follow the scale."""

import ast
import inspect
import numbers
import os
import textwrap
from collections.abc import Iterable, Mapping

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


def table(rows: Iterable[Mapping[str, object]], digits: int = 2) -> Markdown:
    """Return a table as Markdown, which a notebook shows: ``vc.table({"β": b, "rate": r} for b, r in rates.items())``.

    Parameters
    ----------
    rows : iterable of dict
        One for each row, all with the same keys, which are the heads of the columns. Numbers stand at the right.
    digits : int
        Digits behind the point of numbers that are not whole.

    Raises
    ------
    ValueError
        If there is no row, or a row has other keys than the first.
    """
    rows = list(rows)
    if not rows:
        raise ValueError("a table needs rows: give at least one")
    heads = list(rows[0])
    for row in rows:
        if list(row) != heads:
            raise ValueError(f"all rows need the keys {heads}, got {list(row)}")
    right = [all(_is_number(row[head]) for row in rows) for head in heads]
    lines = [map(str, heads), ("---:" if aligned else ":---" for aligned in right)]
    lines += [[_cell(row[head], digits) for head in heads] for row in rows]
    return Markdown("\n".join("| " + " | ".join(cells) + " |" for cells in lines))


def _is_number(value) -> bool:
    return isinstance(value, numbers.Real) or (torch.is_tensor(value) and value.ndim == 0)


def _cell(value, digits: int) -> str:
    if not _is_number(value):
        return str(value).replace("|", "\\|")
    value = value.item() if hasattr(value, "item") else value
    text = str(value) if isinstance(value, int) else f"{value:,.{digits}f}"
    return text.replace("-", "−")


def show_source(*objects, docstring: bool = False) -> Markdown:
    """Return the source of functions, methods, properties or classes as highlighted Markdown.

    Parameters
    ----------
    *objects : functions, methods, properties or classes
    docstring : bool
        Whether their docstrings are shown too.

    Raises
    ------
    TypeError
        If an object is anything else, such as an instance of a class.
    """
    sources = [_source(thing) for thing in objects]
    if not docstring:
        sources = [_without_docstrings(source) for source in sources]
    return Markdown("```python\n" + "\n\n".join(sources) + "\n```")


def _source(thing) -> str:
    code = thing.fget if isinstance(thing, property) else thing
    try:
        return textwrap.dedent(inspect.getsource(code)).rstrip()
    except TypeError as error:
        kind = type(thing).__name__
        raise TypeError(f"show_source takes functions, methods or classes, got {kind}: name its class") from error


def _without_docstrings(source: str) -> str:
    """The source without the lines of docstrings; one that is a body by itself stays."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        is_documented = isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None
        if is_documented and len(node.body) > 1:
            text = node.body[0]
            after = text.end_lineno
            blank = after < len(lines) and not lines[after].strip()
            lines[text.lineno - 1 : after + blank] = [None] * (after + blank - text.lineno + 1)
    return "\n".join(line for line in lines if line is not None)


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
