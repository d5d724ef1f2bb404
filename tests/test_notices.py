"""Warnings of the package are plain lines of output, and warnings nevertheless."""

import subprocess
import sys
import textwrap

import pytest

import vaecourse as vc

CODE = """
    import warnings
    import torch, vaecourse as vc
    model = vc.HDVAE((1, 4, 4), (3, 2), hidden=(4,))
    split = vc.Split(torch.zeros(20, 1, 4, 4, dtype=torch.uint8))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    def look():
        vc.level_report(model, split)
        vc.losses.HELBO((2.0, 1.0))(split.as_floats(), model(split.as_floats()))
"""


def run(*lines, options=()):
    code = textwrap.dedent(CODE) + "\n".join(lines)
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True)


def test_they_are_output_each_time_and_no_path_stands_before_them():
    found = run(
        "look()",
        "look()",
        "print('hidden')",
        "with warnings.catch_warnings():",
        "    warnings.simplefilter('ignore', vc.CollapseWarning)",
        "    look()",
        "print('recorded')",
        "with warnings.catch_warnings(record=True) as caught:",
        "    look()",
        "print(len(caught))",
        "warnings.warn('mine')",
    )
    shown, _, others = found.stdout.partition("hidden\n")
    hidden, _, recorded = others.partition("recorded\n")
    lines = shown.splitlines()
    assert max(map(len, lines)) < 80
    starts = ("level 2 has collapsed:", "bottom-up, the chain's objective has no minimum when β decreases upwards:")
    assert [start for line in lines for start in starts if line.startswith(start)] == [*starts, *starts]
    assert hidden.startswith("bottom-up,")
    assert "collapsed" not in hidden
    assert recorded == "2\n"
    mine, *more = found.stderr.splitlines()
    assert mine.endswith("UserWarning: mine")  # those of others are shown as before
    assert more in ([], ["  warnings.warn('mine')"])


def test_they_can_be_made_errors():
    last = run("look()", options=("-W", "error")).stderr.splitlines()[-1]
    assert last.startswith("vaecourse.evaluation.levels.Collapse")
    assert issubclass(vc.CollapseWarning, UserWarning)


def test_they_are_warnings_to_pytest(random_split):
    model = vc.HDVAE((1, 12, 12), (3, 2), hidden=(4,))
    with pytest.warns(UserWarning, match="no minimum"):
        vc.losses.HELBO((2.0, 1.0))(random_split.as_floats(), model(random_split.as_floats()))
