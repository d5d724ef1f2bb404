"""Levels that are maps of codes in the widget explorer: directions, heat maps, mixing, temperature."""

from io import BytesIO

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from explored_models import MODELS, hierarchy, shaped
from PIL import Image

import vaecourse as vc
from vaecourse.evaluation.codes import codes_of
from vaecourse.explorers import Exploration
from vaecourse.explorers.pictures import signed


@pytest.fixture
def exploration(random_split):
    return Exploration(shaped(), random_split, starts=4)


@pytest.fixture
def explorer(random_split):
    return vc.explore(shaped(), random_split, starts=4)


def pixels(image) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(image.value)))


def assert_shows(explorer, codes):
    picture = pixels(explorer.now.image)[:: explorer.zoom, :: explorer.zoom]
    expected = explorer.exploration.decode(codes)[0] * 255
    assert (torch.from_numpy(picture.astype(np.float32)) - expected).abs().max() <= 0.51
    for one, other in zip(explorer.codes, codes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def noise_of(exploration, codes):
    return [exploration.noise(codes, level) for level in range(1, len(codes) + 1)]


def test_directions_are_principal_components_of_the_noise(exploration, random_split):
    codes = codes_of(exploration.model, random_split)
    with torch.no_grad():
        prior = exploration.model.prior(*codes[1:])
    noise = ((codes[0] - prior.mean) / prior.std).double()
    found = exploration.directions(1)
    covariance = noise.T.cov()
    variances = torch.linalg.eigvalsh(covariance).flip(0)
    torch.testing.assert_close(found.spread.double() ** 2, variances[:6], rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(found.share.double(), variances[:6] / variances.sum(), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(found.vectors @ found.vectors.T, torch.eye(6), rtol=0, atol=1e-4)
    along = found.vectors.double() @ covariance @ found.vectors.double().T
    torch.testing.assert_close(along.diagonal(), variances[:6], rtol=1e-3, atol=1e-5)


def test_a_move_along_a_direction_changes_that_coordinate_only_and_levels_below_keep_their_noise(exploration):
    codes, _ = exploration.start(1)
    moved = exploration.move_along(codes, 3, 2, 1.7)
    before, after = noise_of(exploration, codes), noise_of(exploration, moved)
    coordinates = exploration.directions(3).coordinates(before[2])
    coordinates[2] = 1.7
    torch.testing.assert_close(exploration.directions(3).coordinates(after[2]), coordinates, rtol=0, atol=1e-4)
    for level in (0, 1, 3):
        torch.testing.assert_close(after[level], before[level], rtol=1e-3, atol=1e-3)
    assert not torch.isclose(moved[0], codes[0]).all()
    several = exploration.move_along(codes, 3, 2, torch.tensor([0.0, 1.7]))
    for one, other in zip(several, moved, strict=True):
        torch.testing.assert_close(one[1], other, rtol=1e-4, atol=1e-3)  # sums of another order


def test_noise_times_nothing_is_the_mean_of_the_prior_and_times_one_changes_nothing(exploration):
    codes, _ = exploration.start(0)
    none, same = exploration.amplify(codes, 2, torch.tensor([0.0, 1.0]))[1]
    torch.testing.assert_close(none, exploration.prior_of(codes, 2)[0])
    torch.testing.assert_close(same, codes[1])


@pytest.mark.parametrize("build", [shaped, hierarchy])
def test_upper_levels_of_one_image_with_the_noise_of_another_below(random_split, build):
    exploration = Exploration(build(), random_split, starts=4)
    count = len(exploration.levels)
    one, other = exploration.start(2)[0], exploration.start(3)[0]
    for kept, whole in ((1, one), (count + 1, other)):
        assert all(map(torch.equal, exploration.mix_levels(2, 3, kept), whole))
    mixed = exploration.mix_levels(2, 3, 3)
    assert all(map(torch.equal, mixed[2:], one[2:]))
    for level in (0, 1):
        expected = noise_of(exploration, other)[level]
        torch.testing.assert_close(noise_of(exploration, mixed)[level], expected, rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match=f"kept must be 1 to {count + 1}, got 0"):
        exploration.mix_levels(2, 3, 0)


def test_temperature_scales_the_noise_of_draws(exploration):
    warm, cool = exploration.prior(5), exploration.prior(5, temperature=0.5)
    for one, other in zip(noise_of(exploration, warm), noise_of(exploration, cool), strict=True):
        torch.testing.assert_close(other, 0.5 * one, rtol=1e-3, atol=1e-3)
    codes, _ = exploration.start(0)
    cold = exploration.resample_below(codes, 3, seed=1, temperature=0)
    torch.testing.assert_close(cold[1], exploration.prior_of(codes, 2)[0])


def test_units_of_a_hierarchy_that_carry_next_to_nothing_are_not_active(random_split):
    model = shaped()
    with torch.no_grad():
        for weights in model.stages[1].posterior_head[-1].parameters():
            weights.zero_()  # the posterior is the prior: rate 0, though its mean varies with the levels above
    exploration = Exploration(model, random_split)
    assert vc.evaluation.measure_units(model, random_split)[1].active.any()
    assert not exploration.levels[1].active.any()
    assert exploration.levels[0].active.any()


def test_sliders_of_a_map_move_the_picture_and_its_heat_maps(explorer):
    exploration = explorer.exploration
    for level in (1, 2, 3):
        explorer.tabs.selected_index = level - 1
        explorer.reset.click()
        codes, _ = exploration.start(0)
        panel = explorer.panels[level - 1]
        control = panel.sliders[1]
        control.slider.value = control.slider.max
        expected = exploration.move_along(codes, level, 1, control.slider.max)
        assert_shows(explorer, expected)
        channels, height, width = panel.shape
        zoom = round(120 / height)
        drawn = pixels(panel.heat_map)[::zoom, ::1]
        maps = signed(exploration.noise(expected, level).view(panel.shape) / 3).mul(255).round()
        for channel in range(channels):
            begin = channel * (zoom * width + 4)
            found = torch.from_numpy(drawn[:, begin : begin + zoom * width : zoom].copy()).permute(2, 0, 1).float()
            assert (found[3] - maps[channel][3]).abs().max() <= 1
        assert f"direction 2 · {100 * panel.directions.share[1]:.0f} % of level {level}" in explorer.strip_title.value
    explorer.reset.click()
    assert_shows(explorer, codes)


def test_levels_of_two_images(explorer):
    exploration = explorer.exploration
    explorer.source.value = "levels of two"
    assert_shows(explorer, exploration.mix_levels(0, 3, 2))
    assert "levels 2 to 4 from the first image, level 1 from the second" in explorer.start.text.value
    strip = explorer.strip.value
    explorer.kept.value = 5
    assert_shows(explorer, exploration.start(3)[0])
    assert explorer.strip.value == strip
    zoom = explorer.strip_zoom
    pictures = pixels(explorer.strip)[::zoom]
    assert pictures.shape[1] == 5 * (12 * zoom + 4) - 4
    explorer.first.buttons.value = 1
    assert explorer.strip.value != strip


def test_only_hierarchies_offer_levels_of_two(random_split):
    explorer = vc.explore({"VAE": MODELS["vae"](), "maps": shaped()}, random_split)
    assert "levels of two" not in explorer.source.options
    explorer.model.value = "maps"
    explorer.source.value = "levels of two"
    explorer.model.value = "VAE"
    assert explorer.source.value == "a test image"


def test_temperature_governs_the_draw_that_is_shown(explorer):
    exploration = explorer.exploration
    explorer.source.value = "the prior"
    explorer.temperature.value = 0.4
    assert_shows(explorer, exploration.prior(0, 0.4))
    explorer.source.value = "a test image"
    held = explorer.codes
    header = explorer.panels[2].children[0]
    (button,) = (part for part in header.children if isinstance(part, widgets.Button))
    button.click()
    assert_shows(explorer, exploration.resample_below(held, 3, 1, 0.4))
    explorer.temperature.value = 1.1  # the same draw, warmer
    assert_shows(explorer, exploration.resample_below(held, 3, 1, 1.1))
    explorer.reset.click()
    explorer.temperature.value = 0.2
    assert_shows(explorer, held)


def test_sigma_of_the_pixels_is_told(random_split):
    explorer = vc.explore(vc.VAE((1, 12, 12), 3, likelihood="gaussian", sigma=0.2), random_split)
    assert "σ of the pixels 0.2" in explorer.start.text.value
    assert Exploration(MODELS["vae"](), random_split).sigma is None


def test_the_note_on_bars_is_shown_where_there_are_bars(explorer):
    shown = {}
    for level in range(1, len(explorer.panels) + 1):
        explorer.tabs.selected_index = level - 1
        shown[level] = explorer._bar_text.layout.display != "none"
    has_bars = [len(shape) == 1 for shape in explorer.exploration.model.latent_shapes]
    assert list(shown.values()) == has_bars
    assert set(has_bars) == {True, False}


def test_a_long_text_does_not_stretch_its_picture(explorer):
    assert explorer.start.image.layout.align_self == "flex-start"
