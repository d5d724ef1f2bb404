"""A site of explorers in a browser without a kernel: fixtures, as a plugin of pytest."""

import pytest
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


@pytest.fixture
def tab(request, shared_tabs):
    """On a desktop, unless a test asks for another width."""
    tab = shared_tabs(getattr(request, "param", "desktop"), LISTEN)
    yield tab
    problems = tab.forget()
    assert not problems, "\n".join(problems)
