"""Drawings: one script draws them, notebooks hold copies that Colab can show, and the book shows the SVG itself."""

import io
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import nbformat
import pytest
from browsing import browser  # noqa: F401
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[2]
DIAGRAMS = ROOT / "book" / "diagrams"
sys.path += [str(DIAGRAMS), str(ROOT / "book" / "_extensions")]

from draw import DRAWINGS  # noqa: E402
from drawings import ALONE  # noqa: E402
from embed import fingerprint, origin  # noqa: E402

NAMES = {drawing.name for drawing in DRAWINGS}
PICTURE = re.compile(r'<img alt="([^"]*)" width="540" src="([^"]+)">\n\n(.*)')


def copies():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
            if cell.cell_type == "markdown":
                assert cell.source.count("<img ") == len(PICTURE.findall(cell.source)), f"{path.stem} {cell.id}"
                for alt, source, caption in PICTURE.findall(cell.source):
                    yield pytest.param(alt, *origin(source), caption, id=f"{path.stem}-{origin(source)[0]}")


COPIES = list(copies())


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_the_files_are_what_the_script_draws(drawing):
    assert (DIAGRAMS / f"{drawing.name}.svg").read_text() == str(drawing), "run book/diagrams/draw.py, then embed.py"
    assert ALONE in str(drawing)
    ids = [part.get("id") for part in ElementTree.fromstring(str(drawing)).iter() if part.get("id")]
    assert all(name.startswith(f"{drawing.name}-") for name in ids)  # several of them may stand on one page


@pytest.mark.parametrize(("alt", "name", "made_of", "caption"), COPIES)
def test_a_copy_is_that_of_its_drawing(alt, name, made_of, caption):
    assert made_of == fingerprint(name), "run book/diagrams/embed.py"
    assert len(alt) > 100
    assert re.fullmatch(r"\*[^*]+\.\*", caption), "a drawing has a caption: one paragraph in italics"


def test_every_drawing_is_shown_and_every_file_is_drawn():
    assert {copy.values[1] for copy in COPIES} | {"course_map"} == NAMES
    assert {path.stem for path in DIAGRAMS.glob("*.svg")} == NAMES
    assert "diagrams/course_map.svg" in (ROOT / "book" / "intro.md").read_text()


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_letters_are_large_enough_within_the_drawing_and_apart(browser, drawing):  # noqa: F811
    page = browser.new_page()
    page.set_content(str(drawing))
    boxes = page.evaluate(
        """[...document.querySelectorAll('svg text')].map(text => {
            const {x, y, width, height} = text.getBBox();
            return [text.textContent, {x, y, width, height}, text.getAttribute('font-size')];
        })"""
    )
    page.close()
    assert min(float(size) for *_, size in boxes) >= 16
    for text, box, _ in boxes:
        assert box["x"] >= -1, text
        assert box["x"] + box["width"] <= 541, text
        assert box["y"] >= -1, text
        assert box["y"] + box["height"] <= drawing.height + 1, text
    for k, (text, one, _) in enumerate(boxes):
        for other, two, _ in boxes[:k]:
            beside = one["x"] + one["width"] <= two["x"] or two["x"] + two["width"] <= one["x"]
            line = min(one["height"], two["height"]) * 0.7
            assert beside or abs(one["y"] - two["y"]) >= line, f"{text!r} lies on {other!r}"


@pytest.fixture
def page(tmp_path):
    """The HTML of a book of one page: a notebook with the first copy of a drawing in the course."""
    first = next(path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if "data:image/png" in path.read_text())
    cells = nbformat.read(first, as_version=4).cells
    cell = next(cell for cell in cells if "data:image/png" in cell.source)
    cell.source = "# One\n\n" + PICTURE.search(cell.source)[0] + "\n\nThe text goes on."
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "index.ipynb")
    settings = {
        "extensions": ["myst_nb", "drawings"],
        "nb_execution_mode": "off",
        "myst_enable_extensions": ["html_image"],
        "html_theme": "basic",
    }
    log = io.StringIO()
    built = tmp_path / "built"
    with docutils_namespace():  # another test of this process may have set up the same extensions
        app = Sphinx(tmp_path, None, built, tmp_path / "doctrees", "html", settings, status=None, warning=log)
        app.build()
    assert (app.statuscode, log.getvalue()) == (0, "")
    return (built / "index.html").read_text()


def test_the_book_shows_the_drawing_itself(page):
    alt, _, _, caption = COPIES[0].values
    assert f'<svg role="img" aria-label="{alt}"' in page
    assert "data:image" not in page
    assert ALONE not in page
    chapter, number = re.match(r"\*Figure (\d+)\.(\d+)\.", caption).groups()
    assert f'<figure class="numbered align-default" id="figure-{chapter}-{number}">' in page
    figcaption = re.search(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)[1]
    assert caption.strip("*") in figcaption
    assert page.count(caption.strip("*")) == 1
    assert "The text goes on." in page
