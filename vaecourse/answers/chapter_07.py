"""The answers of chapter 7."""

import math

from vaecourse.answers.verdicts import Function, Value


def _entropy(x):
    return -x * math.log(x) - (1 - x) * math.log(1 - x)


def _shared(first, second):
    known = {image.numpy().tobytes() for image in second.images}
    return sum(image.numpy().tobytes() in known for image in first.images)


ANSWERS = {
    "7.1": Value(1536 * (_entropy(0.2) + _entropy(0.5))),
    "7.2": Value(lambda needed: needed, tolerance=0.1),
    "7.3": Value(math.log2(10) / 20),
    "7.4": Value(-1500 + 3072 * math.log(255)),
    "7.5": Value([(-10 * math.log10(0.04) + 40) / 2, -10 * math.log10(0.02005)]),
    "7.6": Value(math.log2(25.6 * math.sqrt(2 * math.pi))),
    "7.7": Function(_shared, lambda first, second: [(first, second)], tolerance=0),
}
