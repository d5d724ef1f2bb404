"""A site of explorers in a browser without a kernel: fixtures, as a plugin of pytest."""

import sys
from pathlib import Path

import pytest
from browsing import WIDTHS, watched_tab
from page_models import NAMES, explored
from page_reader import LISTEN

from vaecourse.explorers.page import SCRIPTS
from vaecourse.explorers.page import export as page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import explorers as extension  # noqa: E402


@pytest.fixture(scope="module")
def models():
    return {name: explored(name) for name in NAMES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, models):
    """A site with one page for each model, and one with several models, made as the book makes its pages."""
    folder = tmp_path_factory.mktemp("site")
    extension.copy_files(folder / "explorer")
    links = "".join(f'<script defer src="explorer/{script.name}"></script>' for script in SCRIPTS)
    several = {"AE": models["autoencoder"], "PH-VAE": models["ph-vae-sum"], "HDVAE": models["hdvae-bottom-up"]}
    for name, explorations in {**{name: {name: one} for name, one in models.items()}, "gallery": several}.items():
        body = extension.take_out_weights(page.html(explorations), folder / "files", "files")
        (folder / f"{name}.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="stylesheet" href="explorer/explorer.css">{links}<body>{body}</body></html>'
        )
    return folder


@pytest.fixture
def tab(request, browser, address):
    """On a desktop, unless a test asks for another width."""
    with watched_tab(browser, address, WIDTHS[getattr(request, "param", "desktop")]) as tab:
        tab.add_init_script(LISTEN)
        yield tab
        assert not tab.problems, "\n".join(tab.problems)
