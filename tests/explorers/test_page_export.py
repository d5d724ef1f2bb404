"""What the explorer of a page carries: everything that its model needs, and nothing that a browser cannot run."""

import pytest
import torch
from page_format import PageModel, read_page
from page_models import IN_BYTES, NAMES, SHAPED, explored, noise_split
from torch import nn

import vaecourse as vc
from vaecourse.explorers import Exploration
from vaecourse.explorers.page import export as page


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_layers_are_those_of_the_model(name):
    exploration = explored(name)
    manifest, (data,) = read_page(page.html({name: exploration}))
    (part,) = manifest["models"]
    assert part["bytes"] == len(data)
    read = PageModel(part, data)
    for index, start in enumerate(part["starts"]):
        codes, widths = exploration.start(index)
        for level, code in enumerate(codes):
            torch.testing.assert_close(torch.tensor(start["codes"][level]), code, rtol=1e-5, atol=1e-5)
            if start["widths"] is not None and start["widths"][level] is not None:
                torch.testing.assert_close(torch.tensor(start["widths"][level]), widths[level], rtol=1e-2, atol=0)
        picture = exploration.decode(codes).permute(1, 2, 0).flatten()
        assert (read.decode([torch.tensor(code) for code in start["codes"]]) - picture).abs().max() < 1 / 255
        assert picture.std() > 0.1
    codes = [torch.stack(pair) for pair in zip(*(exploration.start(index)[0] for index in (0, 1)), strict=True)]
    for level in range(1, len(codes) if exploration.model.is_hierarchy else 1):
        with torch.no_grad():
            expected = exploration.model.prior(*codes[level:])
        mean, std = read.prior(codes[level:])
        close = 1e-3 if name in SHAPED else 5e-3  # half precision changes the weights of the others
        torch.testing.assert_close(mean, expected.mean, rtol=0, atol=close)
        torch.testing.assert_close(std, expected.std, rtol=0, atol=close)


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(IN_BYTES)])
def test_weights_of_bytes_travel_as_bytes_and_lose_nothing(name):
    exploration = explored(name)
    manifest, (data,) = read_page(page.html({name: exploration}))
    (part,) = manifest["models"]
    assert part["type"] == "int8"
    read = PageModel(part, data)
    codes, _ = exploration.start(0)
    picture = exploration.decode(codes).permute(1, 2, 0).flatten()
    torch.testing.assert_close(read.decode(codes), picture, rtol=0, atol=1e-5)
    _, (halves,) = read_page(page.html({name: explored(name.removesuffix(IN_BYTES))}))
    assert len(data) < 0.65 * len(halves)


def test_manifest_tells_what_the_reader_sees():
    exploration = explored("hdvae-bottom-up")
    (part,) = read_page(page.html({"three <levels>": exploration}))[0]["models"]
    assert (part["name"], part["hierarchy"], part["hasPrior"], part["reads"]) == ("three <levels>", True, True, "first")
    for level, told in zip(exploration.levels, part["levels"], strict=True):
        assert told["name"] == level.level
        assert (told["order"], told["active"]) == (level.order, level.active_count)
        assert told["labels"] == [level.label(unit) for unit in range(len(level.order))]
        torch.testing.assert_close(torch.tensor(told["low"]), level.low)
        torch.testing.assert_close(torch.tensor(told["high"]), level.high)
    assert part["starts"][1]["scores"] == pytest.approx(exploration.scores(1), abs=1e-4)


def test_an_autoencoder_has_neither_prior_nor_widths():
    (part,) = read_page(page.html({"AE": explored("autoencoder")}))[0]["models"]
    assert not part["hasPrior"]
    assert part["starts"][0]["widths"] is None


def test_the_poster_is_described_and_names_the_units():
    html = page.html({"VAE": explored("vae-colour")})
    assert 'src="data:image/webp;base64,' in html
    assert 'alt="Test image 44, below it its reconstruction' in html


def test_models_of_different_starts_are_refused():
    one = explored("vae-colour")
    other = Exploration(one.model, noise_split(one.model.image_shape), starts=3, seed=5)
    with pytest.raises(ValueError, match="the same images"):
        page.html({"one": one, "other": other})
    with pytest.raises(ValueError, match="at least one"):
        page.html({})


def test_weights_beyond_half_precision_are_refused():
    exploration = explored("vae-colour")
    with torch.no_grad():
        exploration.model.decoder.layers[0].weight[0, 0] = 1e5
    with pytest.raises(ValueError, match="half precision"):
        page.html({"VAE": exploration})


def test_a_convolution_that_the_page_cannot_compute_is_refused():
    exploration = explored("spatial")
    exploration.model.stages[0].enter.append(nn.Conv2d(10, 10, 3, padding=1, dilation=1, groups=2))
    with pytest.raises(TypeError, match="Conv2d with groups 2, only 1"):
        page.html({"maps": exploration})
    exploration.model.stages[0].enter[-1] = nn.Conv2d(10, 10, 5, padding=2)
    with pytest.raises(TypeError, match=r"Conv2d with kernel_size \(5, 5\)"):
        page.html({"maps": exploration})


def test_a_diffusion_model_is_refused():
    split = noise_split((1, 8, 8))
    exploration = Exploration(vc.DiffusionModel((1, 8, 8), 3), split, starts=2)
    with pytest.raises(TypeError, match="diffusion models"):
        page.html({"diffusion": exploration})


def test_a_map_has_rates_and_no_sliders_and_costs_little():
    exploration = explored("spatial-deep")
    html = page.html({"maps": exploration})
    (part,) = read_page(html)[0]["models"]
    level, found = part["levels"][3], exploration.levels[3]
    assert level["shape"] == [3, 8, 8]
    assert level["rates"] == pytest.approx(found.importance.view(3, -1).sum(1).tolist(), rel=0.01, abs=0.01)
    assert "labels" not in level
    assert part["starts"][0]["widths"][3] is None
    assert len(part["starts"][0]["widths"][6]) == 8
    assert part["sigma"] == pytest.approx(1)


def test_an_unknown_layer_is_refused():
    exploration = explored("vae-colour")
    exploration.model.decoder.layers.insert(1, nn.Tanh())
    with pytest.raises(TypeError, match="Tanh"):
        page.html({"VAE": exploration})


def test_an_explorer_of_faces_is_small_enough_for_a_page_with_two_of_them():
    shapes = (*[(2, 16, 16)] * 4, *[(3, 8, 8)] * 2, (32,))
    model = vc.SpatialHDVAE((3, 64, 64), shapes, hidden=(24, 32, 64, 96), likelihood="gaussian", sigma=0.1)
    html = page.html({"faces": Exploration(model, noise_split((3, 64, 64), 20), starts=16)})
    assert len(html.encode()) < 2.9e6  # weights in half precision; a chapter may weigh 6 MB with everything
