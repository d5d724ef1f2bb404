"""One command runs all benchmarks: none is left out, and the table has the ratio of each comparison."""

import runpy
import subprocess
import sys
from pathlib import Path

ALL = Path(__file__).parents[1] / "benchmarks" / "all.py"


def run(*arguments):
    return subprocess.run([sys.executable, str(ALL), *arguments], capture_output=True, text=True, timeout=300)


def test_no_benchmark_is_left_out():
    scripts = {path.stem for path in ALL.parent.glob("*.py")} - {"all", "gpu_smoke"}
    assert set(runpy.run_path(str(ALL))["QUICK"]) == scripts


def test_the_table_has_the_ratio_of_each_comparison():
    done = run("--quick", "image_metrics")
    assert done.returncode == 0, done.stderr
    _, _, table = done.stdout.partition("== Ratios")
    rows = [line.split() for line in table.splitlines()[1:]]
    assert [row[-2] for row in rows] == ["1×28×28", "3×64×64"]
    assert all(float(row[-1]) > 0 for row in rows)


def test_an_unknown_benchmark_is_refused():
    done = run("nothing")
    assert done.returncode == 2
    assert "unknown benchmarks: nothing" in done.stderr
