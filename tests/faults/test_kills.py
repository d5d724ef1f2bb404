"""Trainings and caches that are killed at random moments, by SIGKILL, SIGTERM and Ctrl-C, and three at one recipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "helpers" / "killed.py"
AREAS = {
    "trainings": ("train, killed three times and resumed", 2, 30),
    "at_once": ("three trainings of one recipe at once", 1, 10),
    "caches": ("cache, killed while it is made", 3, 120),
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither these signals nor fork")
@pytest.mark.parametrize("share", [1, pytest.param(2, marks=pytest.mark.faults)], ids=["few", "many"])
def test_whatever_is_killed_is_whole_the_next_time(share, striped_mnist, tmp_path, count):
    wanted = [text for kind, settings in AREAS.items() for text in (kind, str(settings[share]))]
    command = [sys.executable, PROGRAM, str(share), tmp_path, *wanted]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TQDM_DISABLE": "1"})
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    for kind, outcome in found:
        count(AREAS[kind][0], outcome)
    assert len(found) == sum(settings[share] for settings in AREAS.values()), done.stderr
    assert [outcome for _, outcome in found if outcome != "accepted"] == []
