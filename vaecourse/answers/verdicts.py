"""Kinds of answers, and the verdict on each: "not tried yet", "not right: …" without the expected value, or "right"."""

import hashlib
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

NOT_TRIED = "not tried yet"
LONGEST_SHOWN = 60  # characters of an answer or of an argument in a verdict


class Untouched(Exception):
    """The reader's function returns nothing yet."""


@dataclass(frozen=True)
class Value:
    """A number, an array or a text, or a function that computes it from objects of the notebook.

    Parameters
    ----------
    expected : number, array, Tensor, text or callable
        A callable receives the named objects that the notebook gives to ``check``.
    tolerance : float
        Allowed difference of numbers, absolute, or relative to the expected value where that is above 1.
    """

    expected: object
    tolerance: float = 1e-3

    def given(self) -> set[str]:
        return _parameters(self.expected) if callable(self.expected) else set()

    def verdict(self, answer, **given) -> str:
        expected = self.expected(**given) if callable(self.expected) else self.expected
        return compare(answer, expected, self.tolerance)


@dataclass(frozen=True)
class Exact:
    """A text, whole numbers in order, or a set of either, of which only the digest is known."""

    digest: str

    def given(self) -> set[str]:
        return set()

    def verdict(self, answer, number: str) -> str:
        return "right" if digest(number, answer) == self.digest else _not_right(answer)


@dataclass(frozen=True)
class Holds:
    """A condition that many answers meet: a function of the answer and of objects of the notebook."""

    condition: Callable

    def given(self) -> set[str]:
        return _parameters(self.condition, skip=1)

    def verdict(self, answer, **given) -> str:
        try:
            right = bool(self.condition(answer, **given))
        except (TypeError, ValueError, IndexError):  # an answer of another form
            right = False
        return "right" if right else _not_right(answer)


@dataclass(frozen=True)
class Function:
    """A function that the reader writes: on prepared inputs it must give what the reference gives.

    Parameters
    ----------
    reference : callable
        A right function.
    trials : list of tuples or callable
        Arguments of each trial, or a function that makes the list from objects of the notebook.
    view : callable or None
        What is compared, as a function of the function and the arguments of a trial. By default it is what the
        function returns.
    """

    reference: Callable
    trials: list[tuple] | Callable
    tolerance: float = 1e-3
    view: Callable | None = None

    def given(self) -> set[str]:
        return _parameters(self.trials) if callable(self.trials) else set()

    def verdict(self, answer, **given) -> str:
        if not callable(answer):
            return f"not right: yours is a {type(answer).__name__}, wanted the function itself, without a call"
        trials = self.trials(**given) if callable(self.trials) else self.trials
        for trial in trials:
            try:
                drawn = self._seen(_guarded(answer), trial)
            except Untouched:
                return NOT_TRIED
            except Exception as error:  # whatever the reader's code raises is the verdict on it
                return f"not right: your function stops{_line(error, answer)}: {type(error).__name__}: {error}"
            said = compare(drawn, self._seen(self.reference, trial), self.tolerance)
            if said != "right":
                return said.replace("not right: ", f"not right: {_call(answer, trial)}", 1)
        return "right"

    def _seen(self, function, trial):
        return self.view(function, *trial) if self.view else function(*trial)


def digest(number: str, answer) -> str:
    """The digest of an exact answer to the exercise of that number, for the tables of this package."""
    return hashlib.sha256(f"vaecourse {number} {_canonical(answer)!r}".encode()).hexdigest()[:16]


def is_open(answer) -> bool:
    """Whether an answer is ``None`` or ``...``, or a list that still has one of them."""
    if isinstance(answer, list | tuple | set):
        return any(is_open(part) for part in answer)
    return answer is None or answer is ...


def compare(answer, expected, tolerance: float) -> str:
    """The verdict on an answer beside the expected number, array or text."""
    if isinstance(expected, str):
        return "right" if _canonical(answer) == _canonical(expected) else _not_right(answer)
    expected = _as_array(expected)
    wanted = "a number" if expected.ndim == 0 else f"numbers of shape {expected.shape}"
    if isinstance(answer, str):
        return f"not right: yours is the text {answer!r}, wanted {wanted}"
    try:
        answer = _as_array(answer)
    except (TypeError, ValueError):
        return f"not right: yours is a {type(answer).__name__}, wanted {wanted}"
    if answer.shape != expected.shape:
        return f"not right: yours has shape {answer.shape}, wanted {wanted}"
    with np.errstate(invalid="ignore"):  # inf − inf
        close = np.abs(answer - expected) <= tolerance * np.maximum(np.abs(expected), 1)
    wrong = ~np.where(np.isfinite(expected), close, answer == expected)
    if not wrong.any():
        return "right"
    where = tuple(int(index) for index in np.argwhere(wrong)[0])
    place = f" at {list(where)}" if where else ""
    return f"not right: yours {answer[where]:.6g}{place}"


def _not_right(answer) -> str:
    shown = repr(answer)
    return f"not right: yours {shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + '…'}"


def _canonical(answer):
    """Equal for answers that mean the same: case, spaces, the type of a whole number and the order in a set."""
    if isinstance(answer, str):
        return "".join(answer.casefold().split())
    if isinstance(answer, set | frozenset):
        return "set", sorted((_canonical(part) for part in answer), key=repr)
    if torch.is_tensor(answer) or isinstance(answer, np.ndarray | np.generic):
        answer = answer.tolist()
    if isinstance(answer, list | tuple):
        return [_canonical(part) for part in answer]
    return int(answer) if isinstance(answer, bool | float) and answer == answer // 1 else answer


def _as_array(value) -> np.ndarray:
    if isinstance(value, list | tuple) and any(torch.is_tensor(part) for part in value):
        value = [_as_array(part) for part in value]
    if torch.is_tensor(value):
        value = value.detach().cpu().double().numpy()
    return np.asarray(value, dtype=float)


def _parameters(function, skip: int = 0) -> set[str]:
    return set(list(inspect.signature(function).parameters)[skip:])


def _guarded(function):
    """The same function, but one that returns nothing, or is not implemented, counts as untouched."""

    def guarded(*arguments):
        try:
            result = function(*arguments)
        except NotImplementedError as error:
            raise Untouched from error
        if is_open(result):
            raise Untouched
        return result

    return guarded


def _line(error: Exception, function) -> str:
    """Where in the reader's own function an error arose."""
    code = getattr(function, "__code__", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if code and frame.name == code.co_name]
    return f" in its line {lines[-1] - code.co_firstlineno + 1}" if lines else ""


def _call(function, trial) -> str:
    """``"f(1, 2): "`` where the arguments are short enough to be read."""
    call = f"{getattr(function, '__name__', 'f')}({', '.join(repr(argument) for argument in trial)})"
    return f"{call}: " if len(call) <= LONGEST_SHOWN and "\n" not in call else ""
