"""The book's extension moves weights out of pages, adds scripts where they are needed, and refuses dead widgets."""

import base64
import io
import os
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from page_format import read_page
from page_models import explored
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from vaecourse.explorers.page import export as page

EXTENSIONS = Path(__file__).parents[2] / "book" / "_extensions"
sys.path.append(str(EXTENSIONS))

from lighter_pages import with_lazy_images  # noqa: E402

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Builds a book of one notebook with these outputs, and one page without any; returns its folder."""
    monkeypatch.setattr(sys, "path", [str(EXTENSIONS), *sys.path])
    monkeypatch.setenv("VAECOURSE_PAGE_EXPLORERS", "")  # the extension sets it; afterwards it is as before

    def make(outputs, tags=(), first="index"):
        source, built = tmp_path / "source", tmp_path / "built"
        (source / "notebooks").mkdir(parents=True)
        (source / f"{first}.md").write_text("# Start\n\n```{toctree}\nnotebooks/one\n```\n")
        cell = nbformat.v4.new_code_cell("show()", outputs=outputs, metadata={"tags": list(tags)})
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# One"), cell])
        nbformat.write(notebook, source / "notebooks" / "one.ipynb")
        settings = {
            "extensions": ["myst_nb", "chapters", "explorers", "lighter_pages"],
            "nb_execution_mode": "off",
            "nb_mime_priority_overrides": [["html", "text/html", 5]],
            "nb_ipywidgets_js": {},
            "html_theme": "basic",
            "html_title": "The course",
            "master_doc": first,
        }
        log = io.StringIO()
        with docutils_namespace():
            app = Sphinx(source, None, built, tmp_path / "doctrees", "html", settings, status=None, warning=log)
            app.build()
        assert app.statuscode == 0, log.getvalue()
        return built

    return make


def display(data):
    return nbformat.v4.new_output("display_data", data=data)


def test_figures_keep_their_pixels_as_webp(build):
    pixels = np.random.default_rng(0).integers(0, 256, size=(20, 30, 4), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    built = build([display({"image/png": base64.b64encode(png.getvalue()).decode()})])
    (address,) = re.findall(r'<img[^>]*src="\.\./([^"]+)"', (built / "notebooks" / "one.html").read_text())
    with Image.open(built / address) as shown:
        assert shown.format == "WEBP"
        assert np.array_equal(np.asarray(shown), pixels)


def test_figures_of_photographs_lose_bytes_and_nothing_that_one_sees(build):
    x, y = np.meshgrid(np.linspace(0, 6, 300), np.linspace(0, 6, 200))
    waves = np.stack([np.sin(x + y), np.cos(x * y / 3), np.sin(x - 2 * y), np.ones_like(x)], axis=-1)
    pixels = (127 * waves + 128 + np.random.default_rng(0).normal(0, 2, (200, 300, 1))).clip(0, 255).astype(np.uint8)
    pixels[..., 3] = 255
    png, same = io.BytesIO(), io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    Image.fromarray(pixels).save(same, "WEBP", lossless=True)
    built = build([display({"image/png": base64.b64encode(png.getvalue()).decode()})])
    (address,) = re.findall(r'<img[^>]*src="\.\./([^"]+)"', (built / "notebooks" / "one.html").read_text())
    assert (built / address).stat().st_size < len(same.getvalue()) / 3
    with Image.open(built / address) as shown:
        errors = np.asarray(shown.convert("RGB")).astype(float) - pixels[..., :3]
    assert np.abs(errors).mean() < 4


@pytest.mark.parametrize(("side", "apart"), [(50, False), (150, True)])
def test_a_large_picture_within_the_page_becomes_a_file(build, side, apart):
    pixels = np.random.default_rng(0).integers(0, 256, size=(side, side, 3), dtype=np.uint8)
    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "WEBP", lossless=True)
    inline = f"data:image/webp;base64,{base64.b64encode(picture.getvalue()).decode()}"
    built = build([display({"text/html": f'<img src="{inline}" alt="noise">'})])
    (address,) = re.findall(r'<img[^>]*src="([^"]+)"', (built / "notebooks" / "one.html").read_text())
    assert (address != inline) == apart
    if apart:
        assert (built / "notebooks" / address).read_bytes() == picture.getvalue()


def test_labels_of_folded_cells_are_valid_and_styled(build):
    built = build([display({"text/plain": "shown"})], ["hide-input"])
    text = (built / "notebooks" / "one.html").read_text()
    labels = re.findall(r'<(\w+) class="(\w+) admonition-title">', text)
    assert labels == [("span", "collapsed"), ("span", "expanded")]  # HTML allows no paragraph in a summary
    (sheet,) = (built / "_static").glob("mystnb*.css")
    assert "details.hide[open]>summary>.collapsed {" in sheet.read_text()


def test_the_address_of_the_book_leads_to_its_first_page(build):
    built = build([display({"text/plain": "shown"})], first="intro")
    text = (built / "index.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>The course</title>" in text
    assert 'content="0; url=intro.html"' in text
    assert (built / "intro.html").exists()


def test_an_image_is_told_once_how_to_load():
    page = '<article><img src="a.png"><img src="b.png"><img alt="" loading="eager" src="c.png"></article>'
    expected = page.replace('<img src="b', '<img loading="lazy" src="b')
    assert with_lazy_images(page) == expected == with_lazy_images(expected)


def test_weights_become_files_and_scripts_come_where_they_are_needed(build):
    html = page.html({"VAE": explored("vae-colour")})
    built = build([display({"text/html": html, "text/plain": "<explorer>"})])
    text = (built / "notebooks" / "one.html").read_text()
    (address,) = re.findall(r'class="explorer-weights" data-src="([^"]+)"></script>', text)
    _, (data,) = read_page(html)
    assert (built / "notebooks" / address).read_bytes() == data
    script = (built / "notebooks" / address).with_suffix(".js").read_text()
    assert script.startswith(f'vaecourse.receive("{Path(address).name}", "')
    scripts = re.findall(r'<script defer="defer" src="\.\./(_static/explorer/[a-z]+\.js)', text)
    assert [Path(name).stem for name in scripts][-1] == "opening"
    assert all((built / name).is_file() for name in [*scripts, "_static/explorer/explorer.css"])
    assert "_static/explorer" not in (built / "index.html").read_text()
    assert len(text) < len(html)
    assert os.environ["VAECOURSE_PAGE_EXPLORERS"] == "1"


def test_an_output_with_a_picture_beside_the_widget_shows_the_picture(build):
    built = build([display({WIDGET: {"model_id": "a"}, "text/html": "<b>shown</b>"})])
    text = (built / "notebooks" / "one.html").read_text()
    assert "<b>shown</b>" in text
    assert "jupyter.widget" not in text


@pytest.mark.parametrize(
    "output",
    [
        display({WIDGET: {"model_id": "a"}, "text/plain": "IntSlider(value=0)"}),
        display({"text/html": "<p>Failed to display Jupyter Widget of type VBox</p>"}),
        display({"text/plain": "Error displaying widget: model not found"}),
    ],
    ids=["widget", "html", "text"],
)
def test_a_dropped_widget_stops_the_build(build, output):
    with pytest.raises(ExtensionError, match=r"notebooks/one: an output is a widget that needs a kernel"):
        build([output])


@pytest.mark.parametrize(("tags", "shown"), [(["exercise"], False), ([], True)])
def test_the_book_leaves_out_what_an_untried_exercise_prints(build, tags, shown):
    printed = nbformat.v4.new_output("stream", name="stdout", text="not tried yet\n")
    text = (build([printed], tags) / "notebooks" / "one.html").read_text()
    assert "show()" in re.sub(r"<[^>]+>", "", text)
    assert ("not tried yet" in text) == shown
