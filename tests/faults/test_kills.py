"""Trainings and caches that are killed at random moments, by SIGKILL, SIGTERM and Ctrl-C, and three at one recipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "helpers" / "killed.py"
AREAS = {
    "trainings": ("train, killed three times and resumed", 3, 30),
    "caches": ("cache, killed while it is made", 6, 120),
    "at_once": ("three trainings of one recipe at once", 1, 10),
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither these signals nor fork")
@pytest.mark.parametrize("share", [0, pytest.param(1, marks=pytest.mark.faults)], ids=["few", "many"])
@pytest.mark.parametrize("kind", AREAS)
def test_whatever_is_killed_is_whole_the_next_time(kind, share, striped_mnist, tmp_path, count):
    area, *tries = AREAS[kind]
    command = [sys.executable, PROGRAM, kind, str(tries[share]), str(share), tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TQDM_DISABLE": "1"})
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]
    for outcome in found:
        count(area, outcome)
    assert len(found) == tries[share], done.stderr
    assert [outcome for outcome in found if outcome != "accepted"] == []
