"""Numbers that the chapter on faces quotes are those of the records in ``results``."""

import json
import re
from pathlib import Path
from statistics import mean

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def text():
    cells = nbformat.read(ROOT / "notebooks/10_celeba_traversal.ipynb", as_version=4).cells
    return "\n".join(cell.source for cell in cells)


@pytest.fixture(scope="module")
def record():
    return json.loads((ROOT / "results/face_levels/spatial-celeba_seed0.json").read_text())


def shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def test_the_table_of_probes_is_the_record(text, record):
    rows = dict(re.findall(r"^\| (\w+) \| (\..*) \|$", text, re.M))
    assert len(rows) >= 9
    probes = record["probes"]
    for name, row in rows.items():
        k = record["attributes"].index(name)
        top, upper, all_levels = (probes[part] for part in ("6", "4–6", "1–6"))
        interval = f"[{shown(top['low'][k])}, {shown(top['high'][k])}]"
        accuracies = f"{shown(top['accuracy'][k])} {interval} | {shown(upper['accuracy'][k])}"
        assert row == f"{shown(record['guess'][k])} | {accuracies} | {shown(all_levels['accuracy'][k])}"
    means = [record["guess"], *(probes[part]["accuracy"] for part in ("6", "4–6", "1–6"))]
    assert f"| mean of all 40 | {' | '.join(shown(mean(values)) for values in means)} |" in text


def test_the_counts_above_guessing_are_the_record(text, record):
    counts = [sum(np.array(record["probes"][part]["low"]) > record["guess"]) for part in ("6", "4–6", "1–6")]
    assert (
        f"for {counts[0]} of the 40 attributes; levels 4 to 6 do for {counts[1]}, and all levels for {counts[2]}"
        in text
    )
    smile = record["attributes"].index("Smiling")
    assert f'"Smiling" {100 * record["probes"]["1"]["accuracy"][smile]:.0f} % of the time' in text


def test_the_units_shown_are_those_that_were_chosen(text, record):
    rows = re.findall(r'"(\w+) \(level (\d)\)": \((\d), (\d+)\)', text)
    assert len(rows) == 6
    for name, level, same, unit in rows:
        found = record["best_units"][level]
        k = record["attributes"].index(name)
        assert (same, int(unit)) == (level, found["unit"][k])
        assert found["correlation"][k] * np.sign(found["training"][k]) > found["bar"]
    top = record["best_units"]["6"]
    passed = sum(np.array(top["correlation"]) * np.sign(top["training"]) > top["bar"])
    assert f"the bar is {top['bar']:.2f}".replace("0.", ".") in text
    assert f"and {passed} of the 40 attributes pass" in text
    largest = max(abs(value) for value in top["correlation"])
    assert f"$|r|$ = {largest:.2f}".replace("0.", ".") in text
    smile = record["attributes"].index("Smiling")
    fourth, third, sixth = (abs(record["best_units"][level]["correlation"][smile]) for level in "436")
    assert f"$|r|$ = {fourth:.2f} and {third:.2f} against {sixth:.2f}".replace("0.", ".") in text
