"""Exercises judge every kind of answer; source is shown as it stands."""

import ast
import math

import numpy as np
import pytest
import torch

import vaecourse as vc

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("answer", [None, ..., [..., 2.0], (1.0, [None])])
def test_an_open_answer_is_not_tried_yet(capsys, answer):
    vc.check(answer, [1.0, 2.0])
    assert capsys.readouterr().out == "not tried yet\n"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (3, 3.0),
        (torch.tensor(3.0, requires_grad=True), 3),
        (np.float32(0.1), 0.1),
        ([1, 2], torch.tensor([1.0, 2.0])),
        ([torch.tensor(1.0), torch.tensor(2.0)], np.array([1, 2])),
        (torch.ones(2, dtype=torch.bfloat16), [1, 1]),
        (True, True),
        (INF, INF),
        (1.0009, 1.0),
        (1000.9, 1000.0),
        (" B ", "b"),
    ],
)
def test_right_answers(capsys, answer, expected):
    vc.check(answer, expected)
    assert capsys.readouterr().out == "right\n"


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (2.0, 3.0, "your value 2, expected 3"),
        (1.0011, 1.0, "your value 1.0011, expected 1"),
        (1001.1, 1000.0, "your value 1001.1, expected 1000"),
        ([1.0, 5.0, 7.0], [1.0, 2.0, 3.0], "your value 5, expected 2"),
        (NAN, 3.0, "your value nan, expected 3"),
        ([1.0, NAN], torch.tensor([1.0, 2.0]), "your value nan, expected 2"),
        (INF, 3.0, "your value inf, expected 3"),
        (3.0, INF, "your value 3, expected inf"),
        (-INF, INF, "your value -inf, expected inf"),
        (False, True, "your value 0, expected 1"),
        (torch.ones(1), 1.0, "your shape (1,), expected ()"),
        (torch.ones(2, 3), torch.ones(3, 2), "your shape (2, 3), expected (3, 2)"),
        ("3", 3.0, "your answer is the text '3', expected a number"),
        ("3", [3.0, 4.0], "your answer is the text '3', expected numbers of shape (2,)"),
        (len, 3.0, "your answer is a builtin_function_or_method, expected a number"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], "your answer is a list, expected numbers of shape (2,)"),
        ("a", "b", "your answer 'a', expected another text"),
        (1, "b", "your answer 1, expected another text"),
    ],
)
def test_wrong_answers_show_both_sides(capsys, answer, expected, said):
    vc.check(answer, expected)
    assert capsys.readouterr().out == f"not right: {said}\n"


def test_tolerance_can_be_chosen(capsys):
    vc.check(1.05, 1.0, tolerance=0.1)
    vc.check(1.05, 1.0, tolerance=0.01)
    assert capsys.readouterr().out.splitlines() == ["right", "not right: your value 1.05, expected 1"]


@pytest.mark.parametrize(
    "thing", [vc.check, vc.VAE, vc.VAE.forward, vc.DiagonalGaussian.variance, vc.losses.BetaVAE.__call__]
)
def test_source_is_shown_as_python_that_could_run(thing):
    lines = vc.show_source(thing).data.splitlines()
    assert lines[0] == "```python"
    assert lines[-1] == "```"
    assert len(ast.parse("\n".join(lines[1:-1])).body) == 1


def test_several_sources_follow_each_other():
    code = vc.show_source(vc.DiagonalGaussian.sample, vc.DiagonalGaussian.kl).data.splitlines()[1:-1]
    assert [part.name for part in ast.parse("\n".join(code)).body] == ["sample", "kl"]


def test_source_of_an_instance_is_refused():
    with pytest.raises(TypeError, match="show_source takes functions, methods or classes, got BetaVAE: name its class"):
        vc.show_source(vc.losses.BetaVAE())
