"""Exercises judge every kind of answer; source is shown as it stands."""

import ast
import math

import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse import answers
from vaecourse.answers.verdicts import Exact, Function, Holds, Value

NAN, INF = math.nan, math.inf


@pytest.fixture
def exercise(monkeypatch):
    """A function that makes "1.1" an exercise that expects what it is given."""

    def make(expected):
        monkeypatch.setitem(answers.table(1), "1.1", expected)

    return make


def said(capsys, answer, **given) -> str:
    vc.check("1.1", answer, **given)
    return capsys.readouterr().out.removesuffix("\n")


def root_not_written(x):
    raise NotImplementedError


@pytest.mark.parametrize("answer", [None, ..., [..., 2.0], (1.0, [None])])
@pytest.mark.parametrize(
    "expected", [Value([1.0, 2.0]), Exact("0" * 16), Holds(lambda answer: True), Function(math.sqrt, [(4,)])]
)
def test_an_open_answer_is_not_tried_yet(exercise, capsys, answer, expected):
    exercise(expected)
    assert said(capsys, answer) == "not tried yet"


@pytest.mark.parametrize("stub", [lambda x: None, lambda x: ..., lambda x: [..., 1], root_not_written])
def test_a_function_that_is_not_written_is_not_tried_yet(exercise, capsys, stub):
    exercise(Function(math.sqrt, [(4,)]))
    assert said(capsys, stub) == "not tried yet"


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
        (" B c", "bC"),
    ],
)
def test_right_values(exercise, capsys, answer, expected):
    exercise(Value(expected))
    assert said(capsys, answer) == "right"


@pytest.mark.parametrize(
    ("answer", "expected", "verdict"),
    [
        (2.0, 34.5, "yours 2"),
        (1.0011, 1.0, "yours 1.0011"),
        (1001.1, 1000.0, "yours 1001.1"),
        ([1.0, 5.0, 7.0], [1.0, 234.5, 345.6], "yours 5 at [1]"),
        ([[1.0, 2.0], [4.0, 4.0]], [[1.0, 2.0], [345.6, 4.0]], "yours 4 at [1, 0]"),
        (NAN, 34.5, "yours nan"),
        ([1.0, NAN], torch.tensor([1.0, 234.5]), "yours nan at [1]"),
        (INF, 34.5, "yours inf"),
        (3.0, INF, "yours 3"),
        (-3.0, -INF, "yours -3"),
        (False, True, "yours 0"),
        (torch.ones(1), 34.5, "yours has shape (1,), wanted a number"),
        (torch.ones(2, 3), torch.ones(3, 2), "yours has shape (2, 3), wanted numbers of shape (3, 2)"),
        ("3", 34.5, "yours is the text '3', wanted a number"),
        ("3", [34.5, 4.0], "yours is the text '3', wanted numbers of shape (2,)"),
        (len, 34.5, "yours is a builtin_function_or_method, wanted a number"),
        ([[1.0], [2.0, 3.0]], [1.0, 234.5], "yours is a list, wanted numbers of shape (2,)"),
        ("a", "secret", "yours 'a'"),
        (1, "secret", "yours 1"),
    ],
)
def test_wrong_values_show_the_readers_side_only(exercise, capsys, answer, expected, verdict):
    exercise(Value(expected))
    assert said(capsys, answer) == f"not right: {verdict}"


def test_tolerance_can_be_chosen(exercise, capsys):
    exercise(Value(1.0, tolerance=0.1))
    assert said(capsys, 1.05) == "right"
    exercise(Value(1.0, tolerance=0.01))
    assert said(capsys, 1.05) == "not right: yours 1.05"


def test_a_value_is_computed_from_objects_of_the_notebook(exercise, capsys):
    exercise(Value(lambda images, labels: images.sum() + len(labels)))
    images = torch.ones(3)
    assert said(capsys, 5, images=images, labels=[1, 2]) == "right"
    assert said(capsys, 4, images=images, labels=[1, 2]) == "not right: yours 4"


@pytest.mark.parametrize("given", [{}, {"images": 1}, {"images": 1, "labels": 2, "model": 3}])
def test_other_objects_than_the_exercise_needs_are_refused(exercise, given):
    exercise(Value(lambda images, labels: 1))
    with pytest.raises(TypeError, match=r"exercise 1\.1 is checked with .* images=images, labels=labels"):
        vc.check("1.1", ..., **given)


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        ({2, 3}, [{3, 2}, {2.0, np.int64(3)}], [{2}, {2, 3, 4}, [2, 3], "23", 5]),
        ([2, 3, 2], [(2, 3, 2), np.array([2, 3, 2]), torch.tensor([2.0, 3.0, 2.0])], [[3, 2, 2], {2, 3}, [2, 3, NAN]]),
        ("top down", ["Top Down", " topdown"], ["bottom up", 3, len]),
        ({"a", "b"}, [{"B", "A"}], [{"a"}, ["a", "b"], INF]),
        (3, [3, 3.0, torch.tensor(3)], [4, "3", 3.5, NAN]),
    ],
)
def test_exact_answers_are_known_by_their_digest(exercise, capsys, expected, right, wrong):
    exercise(Exact(answers.digest("1.1", expected)))
    assert [said(capsys, answer) for answer in right] == ["right"] * len(right)
    assert all(said(capsys, answer).startswith("not right: yours ") for answer in wrong)


def test_a_digest_belongs_to_one_exercise():
    assert answers.digest("1.1", {2, 3}) != answers.digest("1.2", {2, 3})


def test_a_condition_that_many_answers_meet(exercise, capsys):
    exercise(Holds(lambda answer, limit: answer[0] + answer[1] < limit))
    assert said(capsys, [1, 2], limit=4) == "right"
    assert said(capsys, [1, 3], limit=4) == "not right: yours [1, 3]"
    assert said(capsys, 5, limit=4) == "not right: yours 5"


def test_a_long_answer_is_cut(exercise, capsys):
    exercise(Holds(lambda answer: False))
    assert len(said(capsys, list(range(1000)))) < 100


def test_functions_are_tried_on_prepared_inputs(exercise, capsys):
    def product(a, b):
        return a * b

    exercise(Function(lambda a, b: a * b, [(1, 1), (2, 5), (torch.ones(40), 3)]))
    assert said(capsys, product) == "right"
    assert said(capsys, lambda a, b: a**b) == "not right: <lambda>(2, 5): yours 32"
    assert said(capsys, lambda a, b: a * b if b < 3 else torch.ones(())) == "not right: <lambda>(2, 5): yours 1"
    assert said(capsys, lambda a, b: 1 if b == 1 else NAN) == "not right: <lambda>(2, 5): yours nan"
    assert said(capsys, 12) == "not right: yours is a int, wanted the function itself, without a call"


def test_inputs_can_be_objects_of_the_notebook_and_another_view_be_compared(exercise, capsys):
    exercise(Function(math.sin, lambda points: [(x,) for x in points], 1e-3, lambda f, x: f(x + 1e-4) - f(x)))
    assert said(capsys, lambda x: math.sin(x) + 7, points=[0.1, 0.2]) == "right"
    assert said(capsys, lambda x: None, points=[0.1]) == "not tried yet"


def test_an_error_in_the_readers_function_is_the_verdict(exercise, capsys):
    def inverse(x):
        half = x / 2
        return 1 / half

    exercise(Function(lambda x: 1.0, [(0,)]))
    assert said(capsys, inverse) == (
        "not right: your function stops in its line 3: ZeroDivisionError: float division by zero"
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("3.99", "there is no exercise '3.99': chapter 3 has 3.1, 3.2"),
        ("77.1", "there is no exercise '77.1': give the number in its heading, such as '3.2'"),
        ("", "there is no exercise ''"),
        (3.2, "there is no exercise 3.2: give the number"),
    ],
)
def test_an_unknown_number_is_refused(number, message):
    with pytest.raises(ValueError, match=message) as caught:
        vc.check(number, 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("chapter", answers.CHAPTERS)
def test_no_verdict_on_a_wrong_value_contains_the_expected_one(capsys, chapter):
    for number, entry in answers.table(chapter).items():
        if not isinstance(entry, Value) or callable(entry.expected):
            continue
        expected = np.asarray(entry.expected, dtype=float)
        vc.check(number, (expected + 12_345).tolist())
        verdict = capsys.readouterr().out
        assert verdict.startswith("not right: yours ")
        assert not any(f"{value:.6g}" in verdict for value in expected.flat if value > 10 or value % 1)


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


@pytest.mark.parametrize("thing", [vc.check, vc.VAE, vc.VAE.forward, vc.losses.BetaVAE])
def test_docstrings_are_shown_on_demand_only(thing):
    code, whole = vc.show_source(thing).data, vc.show_source(thing, docstring=True).data
    assert '"""' in whole
    assert '"""' not in code
    lines = [line for line in code.splitlines() if line.strip()]
    assert [line for line in whole.splitlines() if line in lines] == lines
    assert "\n\n    return" not in code


def test_a_docstring_that_is_the_whole_body_stays():
    class Empty:
        """Nothing else."""

    assert '"""Nothing else."""' in vc.show_source(Empty).data


def test_a_table_is_markdown_with_numbers_at_the_right():
    rows = [{"model": "a|b", "β": 2, "rate": torch.tensor(-1.255)}, {"model": "vae", "β": 12, "rate": 1234.5}]
    assert vc.table(rows).data.splitlines() == [
        "| model | β | rate |",
        "| :--- | ---: | ---: |",
        r"| a\|b | 2 | −1.25 |",
        "| vae | 12 | 1,234.50 |",
    ]
    assert "| 1,234.5 |" in vc.table(rows, digits=1).data


@pytest.mark.parametrize(("rows", "message"), [([], "give at least one"), ([{"a": 1}, {"b": 1}], r"keys \['a'\]")])
def test_a_table_without_rows_or_with_other_columns_is_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        vc.table(rows)


def test_source_of_an_instance_is_refused():
    with pytest.raises(TypeError, match="show_source takes functions, methods or classes, got BetaVAE: name its class"):
        vc.show_source(vc.losses.BetaVAE())
