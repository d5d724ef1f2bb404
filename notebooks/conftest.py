"""Notebooks that ``pytest --nbval-lax`` executes are written into the folder
$VAECOURSE_EXECUTED, if it is set: a book can be built from them.

A cell that shows an explorer or a lab is executed as readers do, and then
again as the book does: a widget needs a kernel, and a page needs no frame.
"""

import os
from pathlib import Path

import nbformat
import pytest

from vaecourse.explorers import PAGE_VARIABLE

EXECUTED = os.environ.get("VAECOURSE_EXECUTED")
WIDGET = "application/vnd.jupyter.widget-view+json"
FRAME = "<iframe"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if EXECUTED and item.path.suffix == ".ipynb":
        _keep(item, Path(EXECUTED))
    return result


def _differs_in_the_book(output) -> bool:
    data = output.get("data", {})
    return WIDGET in data or FRAME in data.get("text/html", "")


def _keep(item, folder: Path) -> None:
    """Keep the outputs of a cell; after the last one, write the notebook,
    unless a cell has failed."""
    file, kernel = item.parent, item.parent.kernel
    if any(map(_differs_in_the_book, item.test_outputs)):
        environment = f"__import__('os').environ['{PAGE_VARIABLE}'] = "
        for value in ("'1'", "''"):
            number = kernel.execute_cell_input(environment + value)
            kernel.await_reply(number)
            kernel.await_idle(number, timeout=60)
            if value == "'1'":
                item.runtest()
    kept = file.__dict__.setdefault("kept", {})
    kept[item.cell_num] = item.test_outputs
    code = [cell for cell in file.nb.cells if cell.cell_type == "code"]
    if len(kept) == len(code):
        for number, cell in enumerate(code):
            cell.outputs, cell.execution_count = kept[number], number + 1
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(file.nb, folder / item.path.name)
