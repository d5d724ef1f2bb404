"""A reader's own pictures in the explorers with a kernel, and the drawing pad in a frame of a notebook."""

from pathlib import Path

import numpy as np
import pytest
import torch
from browsing import watched_tab
from digit_models import digits, model_of
from page_reader import LISTEN
from PIL import Image

import vaecourse as vc
from vaecourse.explorers import save_page, show_page


@pytest.fixture(scope="module")
def vae():
    return vc.load_pretrained("vae2-mnist")


@pytest.fixture
def photograph():
    """A digit, dark on bright paper."""
    paper = np.full((200, 320), 240, dtype=np.uint8)
    paper[20:160, 60:200] -= (200 * digits().as_floats()[5, 0].numpy().repeat(5, 0).repeat(5, 1)).astype(np.uint8)
    return Image.fromarray(paper)


def test_own_pictures_are_starts_and_what_was_done_is_said(vae, photograph, tmp_path, capsys):
    photograph.save(tmp_path / "five.png")
    explorer = vc.explore(vae, [tmp_path / "five.png", np.asarray(photograph)])
    exploration = explorer.exploration
    assert len(exploration.images) == 2
    torch.testing.assert_close(exploration.images[0], digits().as_floats()[5], rtol=0, atol=0.02)
    with torch.no_grad():
        posterior = vae.encode(exploration.images).mean
    for index in (0, 1):
        torch.testing.assert_close(exploration.start(index)[0][0], posterior[index])
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" (")[0] for line in told] == ["five.png", "your picture"]
    assert all("its bounding box scaled to 20 pixels" in line for line in told)


def test_units_are_measured_on_the_models_own_images_or_on_the_split(vae, photograph):
    from_prior = vc.explore(vae, photograph).exploration
    assert len(from_prior.measured) == 1000
    on_split = vc.explore(vae, digits(), starts=photograph).exploration
    assert len(on_split.measured) == 401
    torch.testing.assert_close(on_split.images, from_prior.images)
    expected = vc.explore(vae, digits()).exploration.levels[0].importance
    torch.testing.assert_close(on_split.levels[0].importance, expected, rtol=0.05, atol=0.05)


def test_several_models_get_the_same_picture_and_refusals_name_the_model(vae, photograph, capsys):
    both = {"VAE": vae, "HDVAE": vc.load_pretrained("hdvae2-mnist")}
    explorer = vc.explore(both, photograph)
    assert len(explorer.explorations) == 2
    assert len(capsys.readouterr().out.splitlines()) == 1  # it is prepared alike, and said once
    with pytest.raises(TypeError, match=r"AE: Autoencoder has no prior to draw images from: explore a split"):
        vc.explore(both | {"AE": model_of("autoencoder-conv")}, photograph)
    assert vc.explore(model_of("autoencoder-conv"), digits(), starts=photograph).exploration.images.shape[0] == 1
    with pytest.raises(TypeError, match=r"on a split of images, as mnist\.test, or on your pictures, not dict"):
        vc.explore(vae, {})


def test_colour_pictures_fit_a_model_of_faces(photograph):
    model = vc.VAE((3, 16, 16), 3, hidden=(8,))
    exploration = vc.explore(model, photograph.convert("RGB")).exploration
    assert exploration.images.shape == (1, 3, 16, 16)


def test_a_saved_page_calls_own_pictures_by_what_they_are(vae, photograph, tmp_path):
    save_page(tmp_path / "page.html", vae, photograph)
    page = (tmp_path / "page.html").read_text()
    assert '"names":["picture 1"]' in page
    assert "Picture 1, below it its reconstruction" in page


def test_the_pad_works_in_a_frame_without_a_network(browser, vae, tmp_path):
    path = Path(tmp_path, "notebook.html")
    path.write_text(f'<!doctype html><link rel="icon" href="data:,">{show_page(vae, digits(), height=700).data}')
    with watched_tab(browser, path.as_uri(), 1000) as tab:
        tab.add_init_script(LISTEN)
        tab.goto(path.as_uri())
        frame = tab.frame_locator("iframe")
        frame.get_by_role("button", name="Explore it yourself").click()
        frame.get_by_role("radio", name="draw", exact=True).check()
        pad = frame.locator(".explorer-pad")
        pad.click()
        frame.locator(".explorer-report tr").last.wait_for()
        assert tab.locator("iframe").bounding_box()["height"] == 700
        assert not tab.problems
