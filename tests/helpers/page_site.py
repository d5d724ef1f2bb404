"""A site of explorers in a browser without a kernel: fixtures, as a plugin of pytest."""

import pytest
from browsing import WIDTHS, watched_tab
from page_models import NAMES, explored
from page_reader import LISTEN
from page_writer import write_site


@pytest.fixture(scope="module")
def models():
    return {name: explored(name) for name in NAMES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, models):
    """A site with one page for each model, and one with several models, made as the book makes its pages."""
    folder = tmp_path_factory.mktemp("site")
    several = {"AE": models["autoencoder"], "PH-VAE": models["ph-vae-sum"], "HDVAE": models["hdvae-bottom-up"]}
    write_site(folder, {name: {name: one} for name, one in models.items()} | {"gallery": several})
    return folder


@pytest.fixture
def tab(request, browser, address):
    """On a desktop, unless a test asks for another width."""
    with watched_tab(browser, address, WIDTHS[getattr(request, "param", "desktop")]) as tab:
        tab.add_init_script(LISTEN)
        yield tab
        assert not tab.problems, "\n".join(tab.problems)
