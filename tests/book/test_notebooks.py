"""What every notebook must keep to, so that it runs on Colab, stays small and can be read by everyone.

That they run, and that their stored outputs are right, nbval tests (``make test``).
"""

import ast
import itertools
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from number_figures import CAPTION, REFERENCE, numbered
from number_figures import NOTEBOOKS as NUMBERED
from packaging.requirements import Requirement

import vaecourse as vc
from vaecourse import answers
from vaecourse.models.residual_networks import Stage

ROOT = Path(__file__).parents[2]
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
DISTRIBUTIONS = packages_distributions()
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS_WITHOUT_EXERCISES = {"00_start_here", "explorer_gallery"}
CHECKED = "# NBVAL_CHECK_OUTPUT"
COLUMNS = 80  # what a page of the book shows without scrolling, on a small laptop
SHOWN_COLUMNS = 84  # the same on one of 1280 pixels
SHELL = re.compile(r"^(\s*)[%!].*")
SETUP = f"""\
import sys
from importlib.metadata import distributions

from IPython.core.error import UsageError

if "google.colab" in sys.modules:
    course = "git+{ADDRESS}"
    if any(distributions(name="vaecourse")):
        print("vaecourse is installed already: nothing to do")
    else:
        print("Installing vaecourse: 15 MB, half a minute")
        !pip install -q --no-deps {{course}} 2> pip.log
        if not any(distributions(name="vaecourse")):
            raise UsageError("not installed (pip.log says why): run again")

"""
FIGURES = ("vc.plots.", "vc.animations.")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


@pytest.fixture
def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _shown(code) -> list:
    """Cells whose source a page shows unfolded, besides exercises."""
    return [cell for cell in code if not {"hide-input", "hide-cell", "exercise"} & set(_tags(cell))]


def _syntax(cell) -> ast.Module:
    return ast.parse("\n".join(SHELL.sub(r"\1pass", line) for line in _lines(cell)))


def _lines(cell) -> list[str]:
    return cell.source.splitlines()


def _makes_figure(cell) -> bool:
    body = _syntax(cell).body
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return False
    return ast.unparse(last.value.func).startswith(FIGURES)


def test_all_chapters_are_there():
    assert {path.stem for path in NOTEBOOKS} >= {"00_start_here", "01_autoencoder", "02_vae", "03_beta_vae"}


def test_is_valid(notebook):
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_kernel_is_everyones(notebook):
    assert notebook.metadata.kernelspec.name == "python3"


def _widgets_without_state(notebook) -> list[str]:
    """Parts of widgets that are stored without the state to show them: metadata, or views in outputs."""
    metadata = notebook.metadata.get("widgets", {})
    known = {model for saved in metadata.values() for model in saved.get("state", {})}
    bundles = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    views = [bundle[WIDGET_VIEW]["model_id"] for bundle in bundles if WIDGET_VIEW in bundle]
    return [kind for kind, saved in metadata.items() if "state" not in saved] + [v for v in views if v not in known]


def test_widgets_are_stored_with_their_state(notebook):
    # Colab stores the metadata without the state, and GitHub then refuses to show the notebook.
    assert _widgets_without_state(notebook) == []


def test_widgets_without_state_are_found():
    state = "application/vnd.jupyter.widget-state+json"
    view = nbformat.v4.new_output("display_data", {WIDGET_VIEW: {"model_id": "slider"}})
    shown = nbformat.v4.new_code_cell("explorer", outputs=[view])
    for cells, widgets, faults in (
        ([], {state: {"version_major": 2}}, [state]),
        ([shown], {}, ["slider"]),
        ([shown], {state: {"state": {"another": {}}}}, ["slider"]),
        ([shown], {state: {"state": {"slider": {}}}}, []),
    ):
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"widgets": widgets})
        assert _widgets_without_state(notebook) == faults


def test_outputs_are_stored_only_where_they_are_checked(code):
    for cell in code:
        checked = CHECKED in cell.source
        assert bool(cell.outputs) == checked, cell.source
        # nbval refuses stored outputs of a cell without a count; the true one would change with every run.
        assert cell.execution_count == (1 if checked else None)
        assert "execution" not in cell.metadata
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("execution_count") is None


def test_first_cell_has_the_colab_badge(path, notebook):
    badge = "https://colab.research.google.com/assets/colab-badge.svg"
    colab = ADDRESS.replace("https://github.com", "https://colab.research.google.com/github")
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert f"[![Open in Colab]({badge})]({colab}/blob/main/notebooks/{path.name})" in first.source
    assert any(line.startswith("# ") for line in _lines(first))


def test_second_cell_installs_the_package_on_colab_only(notebook, code):
    setup = notebook.cells[1]
    assert "setup" in _tags(setup)
    assert setup.source.startswith(SETUP)
    assert sum(bool(SHELL.match(line)) for cell in code for line in _lines(cell)) == 1


def test_second_cell_imports_everything(code):
    # After a restart it is the cell that readers run first, whatever they want to go on with.
    for cell in code[1:]:
        assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(_syntax(cell))), cell.source


def test_a_chapter_shows_at_most_150_lines_besides_its_exercises(code):
    assert sum(bool(line.strip()) for cell in _shown(code) for line in _lines(cell)) <= 150


def test_what_draws_by_hand_is_folded(code):
    """Models, losses and training are open; a call of one of the package's own figures may be."""
    drawing = [cell.source for cell in _shown(code) if re.search(r"\b(sns|plt)\.|\.panels\(", cell.source)]
    assert not drawing, drawing[0]


def test_imports_are_the_package_and_what_it_depends_on(code):
    # Only then the notebook runs from any folder, and on Colab, where no other dependency is installed.
    allowed = {Requirement(line).name for line in DEPENDENCIES} | {"vaecourse"}
    for cell in code:
        for node in ast.walk(_syntax(cell)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for root in {name.partition(".")[0] for name in names} - sys.stdlib_module_names:
                assert allowed & set(DISTRIBUTIONS.get(root, [])), f"{root} is not a dependency of vaecourse"
        assert "../" not in cell.source
        assert "sys.path" not in cell.source


def test_figures_have_a_caption_and_a_description(notebook):
    for cell, after in itertools.pairwise([*notebook.cells, None]):
        display = cell.metadata.get("mystnb", {})
        if cell.cell_type != "code" or not (_makes_figure(cell) or display):
            continue
        assert display.get("image", {}).get("alt", "").strip(), f"no alternative text:\n{cell.source}"
        caption = after.source.split("\n\n")[0] if after is not None and after.cell_type == "markdown" else ""
        assert CAPTION.fullmatch(caption), f"no caption, a paragraph in italics, after\n{cell.source}"


def test_figures_are_numbered_in_their_order(path):
    written = json.loads(path.read_text())
    if path in NUMBERED:
        assert numbered(json.loads(path.read_text()), int(path.stem[:2])) == written, "python book/number_figures.py"


def test_figures_that_the_text_names_exist(path, notebook):
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    drawn = {caption["number"] for caption in map(CAPTION.fullmatch, text.split("\n\n")) if caption}
    assert {found["number"] for found in REFERENCE.finditer(text)} <= drawn


def test_code_fits_the_column(code):
    for cell in code:
        assert [line for line in _lines(cell) if len(line) > COLUMNS and "git+https" not in line] == []


def test_source_that_is_shown_fits_the_column(code):
    for cell in code:
        for call in ast.walk(_syntax(cell)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "vc.show_source":
                shown = eval(ast.unparse(call), {"vc": vc, "Stage": Stage}).data
                assert [line for line in shown.splitlines() if len(line) > SHOWN_COLUMNS] == []


def test_exercises_have_folded_solutions_that_are_right(path, code):
    exercises = [position for position, cell in enumerate(code) if "exercise" in _tags(cell)]
    assert len(exercises) >= (0 if path.stem in CHAPTERS_WITHOUT_EXERCISES else 4)
    assert len(exercises) == sum("solution" in _tags(cell) for cell in code)
    for position in exercises:
        solution = code[position + 1]
        assert {"solution", "hide-cell"} <= set(_tags(solution))
        assert solution.metadata.get("cellView") == "form"
        assert _lines(solution)[:2] == ["# @title Solution", CHECKED]
        printed = "".join(output.get("text", "") for output in solution.outputs)
        assert printed.splitlines()[-1] == "right"
        assert "not " not in printed


HEADING = re.compile(r"^### Exercise (\d+\.\d+)(.*)$", re.MULTILINE)
MARKED = re.compile(r" ★{1,3}: \S.*")


def _checks(cell) -> list[ast.Call]:
    return [
        node for node in ast.walk(_syntax(cell)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "vc.check"
    ]


def _number(check: ast.Call) -> str:
    return check.args[0].value


def _is_plain(node: ast.expr) -> bool:
    """Whether an argument is made of names alone: neither a value nor a formula."""
    parts = (ast.Name, ast.Attribute, ast.List, ast.Tuple, ast.Load)
    return all(isinstance(part, parts) for part in ast.walk(node))


def test_headings_of_exercises_have_a_number_and_a_mark_of_difficulty(path, notebook):
    found = [match for cell in notebook.cells if cell.cell_type == "markdown" for match in HEADING.findall(cell.source)]
    assert [rest for _, rest in found if not MARKED.fullmatch(rest)] == []
    assert [number for number, _ in found] == [f"{int(path.stem[:2])}.{count + 1}" for count in range(len(found))]


def test_exercises_are_those_that_the_package_checks(path, notebook):
    heading, checked = "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next((number for number, _ in reversed(HEADING.findall(cell.source))), heading)
        elif "exercise" in _tags(cell):
            numbers = [_number(check) for check in _checks(cell)]
            assert numbers, cell.source
            assert {number.rstrip("abc") for number in numbers} == {heading}
            checked += numbers
        elif "solution" in _tags(cell):
            assert [_number(check) for check in _checks(cell)] == checked[-len(_checks(cell)) :]
    if checked:
        assert checked == list(answers.table(int(path.stem[:2])))


def test_checks_contain_neither_the_expected_value_nor_its_formula(code):
    for cell in code:
        for check in _checks(cell):
            assert len(check.args) == 2, cell.source
            assert all(map(_is_plain, [check.args[1], *(keyword.value for keyword in check.keywords)])), cell.source


def test_a_value_or_formula_in_a_check_is_found():
    for argument, plain in (("answer", True), ("[mean, std]", True), ("toy.mean", True), ("f(2)", False), ("3", False)):
        assert _is_plain(ast.parse(argument, mode="eval").body) == plain


def test_the_answer_is_not_written_before_its_solution(notebook):
    before = ""
    for cell in notebook.cells:
        if "solution" not in _tags(cell):
            before += cell.source
            continue
        for number in map(_number, _checks(cell)):
            expected = getattr(answers.table(int(number.split(".")[0]))[number], "expected", None)
            for value in np.ravel(expected) if isinstance(expected, list | float) else ():
                digits = f"{value:.4g}"
                # Fewer digits stand in every text.
                assert len(digits.strip("-0.").replace(".", "")) < 4 or digits not in before, f"{number}: {digits}"
        answered = [node for node in _syntax(cell).body if isinstance(node, ast.Assign)]
        for formula in (ast.unparse(node) for node in answered if isinstance(node.value, ast.BinOp)):
            assert formula not in before, formula
