"""Text for a terminal: nothing in it controls the terminal, and no terminal is too poor to show it."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 1000
KEPT_AT_THE_END = 400  # where a message says what to do


def printable(text: object) -> str:
    """The text in one line of at most 1,000 characters.

    What a terminal would obey instead of showing it (escape sequences, line breaks, changes of direction, bytes that
    are not text) is written as in a string of Python: ``\\x1b``. The middle of a longer text is left out.
    """
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(text))
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[: LONGEST - KEPT_AT_THE_END - 3]} … {shown[-KEPT_AT_THE_END:]}"


class OneLineError(ValueError):
    """An error that a user can correct; its message is one printable line, whatever the names that it quotes."""

    def __init__(self, message: object):
        super().__init__(printable(message))


def say(text: str) -> None:
    """Print a line; signs that the output cannot encode become question marks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))


def prepare_streams() -> None:
    """Make output possible everywhere: a missing stream discards it, a poor encoding replaces what it lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed, or a Windows program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (for the life of the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def give_up_output() -> None:
    """Discard what a closed pipe or a full device did not take, so that Python does not try again when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM, which batch systems send when the time is up, interrupt the block as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # only there may signals be handled
        yield
        return

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def held_back() -> Iterator[None]:
    """Run a block to its end: Ctrl-C, or SIGTERM where it interrupts, takes effect afterwards.

    Imports that stop half-way, and libraries that make another error of an interrupt, need this.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one is interrupted
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    arrived = []
    for number in handlers:
        signal.signal(number, lambda *signal_and_frame: arrived.append(signal_and_frame))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if arrived:
        handlers[arrived[0][0]](*arrived[0])
