"""The layout of the package: imports point one way, and every file has a name of its own and a size to be read."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import vaecourse

PACKAGE = Path(vaecourse.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
# From what uses to what is used. Parts of one line know nothing of one another.
FLOORS = [
    {"__main__"},
    {"pretrained", "plots"},
    {"explorers"},
    {"training"},
    {"evaluation"},
    {"losses"},
    {"models"},
    {"data", "distributions", "metrics", "teaching"},
    {"answers", "checks", "files", "notices", "precision", "randomness", "terminal"},
]
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}


def imported(path: Path) -> set[str]:
    """The parts of the package that a file imports, inside functions too."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module != "vaecourse"]
    modules += [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    modules += [
        f"vaecourse.{name.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "vaecourse"
        for name in node.names
    ]
    return {module.split(".")[1] for module in modules if module.startswith("vaecourse.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    below = {name for name in FLOOR if FLOOR[name] > FLOOR[part]} | ({part} if path.parent != PACKAGE else set())
    assert imported(path) - below == set()


def test_metrics_know_nothing_of_the_package():
    assert {name for path in FILES if "metrics" in path.parts for name in imported(path)} == {"metrics"}


def test_no_file_is_long_and_no_two_share_a_name():
    names = Counter(path.name for path in FILES)
    assert [name for name, count in names.items() if count > 1 and name != "__init__.py"] == []
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 250} == {}


@pytest.mark.parametrize("question", ["hasattr(model", "getattr(model"])
def test_nobody_asks_a_model_what_it_is(question):
    assert [path.name for path in FILES if question in path.read_text()] == []
