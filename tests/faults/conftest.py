"""The counts of the injected faults, printed after the tests as a table."""

import random
from collections import Counter

import pytest

COUNTS: dict[str, Counter] = {}


@pytest.fixture
def count():
    """A function that counts an outcome of an area, and remembers it if it is neither good one."""

    def add(area: str, outcome: str) -> None:
        COUNTS.setdefault(area, Counter())[outcome if outcome in ("accepted", "refused") else "failed"] += 1

    return add


@pytest.fixture
def generator(request):
    """Random numbers that are the same in every run of a test."""
    return random.Random(request.node.name)


def pytest_terminal_summary(terminalreporter):
    if not COUNTS:
        return
    terminalreporter.section("injected faults")
    row = "{:52} {:>6} {:>9} {:>8} {:>7}".format
    terminalreporter.line(row("kind", "tried", "accepted", "refused", "failed"))
    for area, found in COUNTS.items():
        terminalreporter.line(row(area, found.total(), found["accepted"], found["refused"], found["failed"]))
