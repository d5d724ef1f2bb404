"""What the exercises expect, one module a chapter: here, and not in the notebooks, where it would be read too early.

An answer is computed from mathematics, PyTorch and the objects that the notebook hands over, never with the package's
own code: then an exercise that both get wrong in the same way cannot pass.
"""

from importlib import import_module

from vaecourse.answers.verdicts import NOT_TRIED, Exact, digest, is_open

CHAPTERS = range(13)

__all__ = ["CHAPTERS", "digest", "table", "verdict"]


def table(chapter: int) -> dict[str, object]:
    """The answers of a chapter by the number of the exercise."""
    return import_module(f"vaecourse.answers.chapter_{chapter:02}").ANSWERS


def verdict(number: str, answer, **given) -> str:
    """What ``vaecourse.check`` prints.

    Raises
    ------
    ValueError
        If there is no exercise of that number.
    TypeError
        If ``given`` are not the objects that the exercise is checked with.
    """
    expected = _find(number)
    if set(given) != expected.given():
        wanted = ", ".join(f"{name}={name}" for name in sorted(expected.given())) or "nothing else"
        raise TypeError(f"exercise {number} is checked with its number, the answer and {wanted}")
    if is_open(answer):
        return NOT_TRIED
    return expected.verdict(answer, number) if isinstance(expected, Exact) else expected.verdict(answer, **given)


def _find(number: str):
    chapter = number.partition(".")[0] if isinstance(number, str) else ""
    if not chapter.isdecimal() or int(chapter) not in CHAPTERS:
        raise ValueError(f"there is no exercise {number!r}: give the number in its heading, such as '3.2'")
    answers = table(int(chapter))
    if number not in answers:
        raise ValueError(f"there is no exercise {number!r}: chapter {chapter} has {', '.join(answers)}")
    return answers[number]
