"""A training whose threads wait for each other because other programs run: noticed, and said in one line."""

import os
import time

import torch

from vaecourse.notices import CourseWarning, warn

# A thread that computes, or waits in a loop for the others as torch's do, has a processor for itself: share 1.00.
# Beside one busy program on two processors it has .67, and a step takes 2 to 5 times as long, beside two .50 and 4 to
# 80 times (benchmarks/busy_machine.py).
LEAST_SHARE = 0.85
LEAST_SECONDS = 0.5  # below that a share is chance


class CrowdedWarning(CourseWarning):
    """Other programs use the processors of a training with several threads, which then wait for each other."""


class Stopwatch:
    """Time that has passed, and how much of it this thread had a processor."""

    def __init__(self):
        self._started, self._worked = time.perf_counter(), time.thread_time()

    def warn_if_crowded(self, device: torch.device | str) -> None:
        """Warn if a training on the CPU, with several threads, had to wait for a processor."""
        passed, worked = time.perf_counter() - self._started, time.thread_time() - self._worked
        # Threads that wait asleep leave their processors to others, and lose little.
        sleeps = os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive"
        if torch.device(device).type != "cpu" or torch.get_num_threads() == 1 or sleeps:
            return
        if passed > LEAST_SECONDS and worked < LEAST_SHARE * passed:
            warn(
                f"Other programs use this machine: training had a processor for {worked / passed:.0%} of the time, "
                f"and {torch.get_num_threads()} threads wait for each other. torch.set_num_threads(1) before fit is "
                "faster.",
                CrowdedWarning,
            )
