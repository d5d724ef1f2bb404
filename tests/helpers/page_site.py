"""A site of explorers in a browser without a kernel: fixtures, as a plugin of pytest."""

import functools
from contextlib import ExitStack

import pytest
from browsing import WIDTHS, watched_tab
from page_models import NAMES, explored
from page_reader import LISTEN
from page_writer import write_site


@pytest.fixture(scope="session")
def models():
    return {name: explored(name) for name in NAMES}


@pytest.fixture(scope="session")
def site(tmp_path_factory, models):
    """A site with one page for each model, and one with several models, made as the book makes its pages."""
    folder = tmp_path_factory.mktemp("site")
    several = {"AE": models["autoencoder"], "PH-VAE": models["ph-vae-sum"], "HDVAE": models["hdvae-bottom-up"]}
    write_site(folder, {name: {name: one} for name, one in models.items()} | {"gallery": several})
    return folder


@pytest.fixture(scope="module")
def folder(site):
    return site


@pytest.fixture(scope="module")
def shared_tabs(browser, address):
    """A tab of a width, shared by all who ask for it: a new one would start a process."""
    with ExitStack() as tabs:

        @functools.cache
        def shared(width):
            tab = tabs.enter_context(watched_tab(browser, address, WIDTHS[width]))
            tab.add_init_script(LISTEN)
            return tab

        yield shared


@pytest.fixture
def tab(request, shared_tabs):
    """On a desktop, unless a test asks for another width."""
    tab = shared_tabs(getattr(request, "param", "desktop"))
    yield tab
    problems = tab.forget()
    assert not problems, "\n".join(problems)
