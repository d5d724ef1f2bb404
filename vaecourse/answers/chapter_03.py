"""The answers of chapter 3."""

import math

from vaecourse.answers.verdicts import Exact, Function, Value


def _cosine(epoch):
    return (1 - math.cos(math.pi * min(epoch / 10, 1))) / 2


def _warm_up(epoch, length):
    return min(epoch / length, 1.0) if length else 1.0


ANSWERS = {
    "3.1": Value(math.sqrt(28 * 28 / 2)),
    "3.2": Exact("ec74f9c7a2d61e9b"),
    "3.3": Exact("ab5671d9957eadd2"),
    "3.4": Function(_cosine, [(0,), (2.5,), (5,), (10,), (14,), (math.inf,)]),
    "3.5": Function(_warm_up, [(0, 10), (2.5, 10), (9.99, 10), (10, 10), (25, 10), (3, 0)]),
    "3.6": Exact("b797561801aad7ba"),
    "3.7": Value([5.1, 2]),
}
