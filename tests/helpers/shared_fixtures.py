"""Fixtures that all tests may use: small inputs, a machine without data, and a browser.

``conftest.py`` offers them.
"""

import pytest
import torch
from browsing import address, browser, shared_tabs  # noqa: F401

import vaecourse as vc
from vaecourse.data import cache, downloads
from vaecourse.pretrained import runs


@pytest.fixture
def random_split():
    """200 random grey images of 1×12×12."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (200, 1, 12, 12), dtype=torch.uint8, generator=generator)
    return vc.Split(images, labels=torch.arange(200) % 10)


@pytest.fixture
def striped_split():
    """400 images of 1×12×12 with one white row each: a set that a small VAE learns in seconds."""
    rows = torch.arange(400) % 12
    images = torch.zeros(400, 1, 12, 12, dtype=torch.uint8)
    images[torch.arange(400), 0, rows] = 255
    return vc.Split(images, labels=rows)


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """An empty ``$VAECOURSE_DATA`` on a machine with an empty cache and no network."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("VAECOURSE_DATA", str(folder))
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "available", lambda class_name: False)
    return folder


@pytest.fixture
def striped_mnist(striped_split, tmp_path, monkeypatch):
    """The stripes in the cache, under the name of MNIST, so that recipes and other processes find them there."""
    monkeypatch.delenv("VAECOURSE_DATA", raising=False)
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "cache"))
    cache.write("mnist", {"train": striped_split[:300], "test": striped_split[300:]}, "stripes")
    runs.images_of.cache_clear()
    yield
    runs.images_of.cache_clear()
