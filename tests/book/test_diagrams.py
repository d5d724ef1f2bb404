"""Drawings of the notebooks: each is a file of ``book/diagrams``, put into the page so that it shows on Colab too."""

import base64
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
DIAGRAMS = {path.read_bytes(): path.name for path in (ROOT / "book" / "diagrams").glob("*.svg")}
EMBEDDED = re.compile(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]+)">')


def drawings():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
            if cell.cell_type == "markdown":
                yield from ((path.stem, *found) for found in EMBEDDED.findall(cell.source))


@pytest.mark.parametrize(("notebook", "alt", "data"), list(drawings()), ids=lambda value: value[:30])
def test_a_drawing_in_a_notebook_is_that_of_its_file(notebook, alt, data):
    assert len(alt) > 50
    assert base64.b64decode(data) in DIAGRAMS, f"a drawing of {notebook} is not in book/diagrams: put in the file again"


def test_every_file_is_in_a_notebook():
    assert {DIAGRAMS.get(base64.b64decode(data)) for _, _, data in drawings()} == set(DIAGRAMS.values())
