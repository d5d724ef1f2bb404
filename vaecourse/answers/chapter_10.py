"""The answers of chapter 10."""

import math
from statistics import NormalDist

from vaecourse.answers.verdicts import Value

ANSWERS = {
    "10.1": Value([math.sqrt(0.00025 / 2), math.sqrt(12_288 * 0.00025 / 2)], tolerance=0.01),
    "10.2": Value([4, 7]),
    "10.3": Value([NormalDist().inv_cdf(1 - 0.025 / tests) / math.sqrt(1_000) for tests in (8_960, 40)], 0.005),
    "10.4": Value([0.98, 0.5, 0.897, 0.825]),
    "10.5": Value([1, 0.8]),
}
