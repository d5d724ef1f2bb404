"""Warnings of this package: plain lines of output, where Python would show the path of a kernel's file in red.

They stay warnings: filters hide them or make them errors, and ``warnings.catch_warnings(record=True)`` records them.
"""

import textwrap
import warnings

COLUMNS = 79


class CourseWarning(UserWarning):
    """Something in a result that a reader should know; the text says what to do."""


def warn(text: str, category: type[CourseWarning] = CourseWarning) -> None:
    """Warn whoever called the function that calls the function that warns: both are of this package."""
    warnings.warn(text, category, stacklevel=4)


def wrapped(text: str) -> str:
    """Break a text into lines that fit the pages of the book, which show outputs as they are."""
    return textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _show(message, category, filename, lineno, file=None, line=None) -> None:
    if issubclass(category, CourseWarning) and file is None:
        print(wrapped(str(message)))
    else:
        _show_others(message, category, filename, lineno, file, line)


# Both when the package is imported. Filters that stand already come before this one.
_show_others, warnings.showwarning = warnings.showwarning, _show
warnings.simplefilter("always", CourseWarning, append=True)
