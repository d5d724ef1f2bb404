"""The widget explorer, driven by its widgets: what it shows is what torch decodes. For ipywidgets 7.7 and 8."""

import base64
import html
import re
import sys
from io import BytesIO
from types import ModuleType

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
import torch
from explored_models import MODELS, SHAPE, hierarchy, lively
from IPython.core.interactiveshell import InteractiveShell
from nbconvert import HTMLExporter
from PIL import Image

import vaecourse as vc
from vaecourse.explorers import pictures
from vaecourse.explorers.controls import UnitSlider
from vaecourse.explorers.folding import fold_title

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]()


@pytest.fixture
def vae():
    return MODELS["vae"]()


def pixels(image) -> np.ndarray:
    """The pixels (H, W, channels) of an image widget, or of a PNG."""
    return np.asarray(Image.open(BytesIO(getattr(image, "value", image))))


def shown(image, zoom: int) -> torch.Tensor:
    """The picture (C, H, W) in an image widget, after proof that every pixel is a square of equal ones."""
    found = pixels(image)
    found = found[..., None] if found.ndim == 2 else found
    small = found[::zoom, ::zoom]
    assert np.array_equal(found, small.repeat(zoom, axis=0).repeat(zoom, axis=1))
    return torch.from_numpy(small.copy()).permute(2, 0, 1)


def as_bytes(picture: torch.Tensor) -> torch.Tensor:
    return picture.mul(255).round().to(torch.uint8)


def assert_shows(explorer, codes) -> None:
    """The picture is what the model decodes, to the rounding of a byte."""
    with torch.no_grad():
        expected = explorer.exploration.model.decode(*(code[None] for code in codes)).mean[0]
    assert (shown(explorer.now.image, explorer.zoom).float() - 255 * expected).abs().max() <= 0.51


def strip_pictures(explorer) -> list[torch.Tensor]:
    found = pixels(explorer.strip)
    zoom, width = explorer.strip_zoom, explorer.strip_zoom * explorer.exploration.images.shape[3]
    starts = range(0, found.shape[1], width + pictures.GAP)
    assert (found[:, width : width + pictures.GAP, 3] == 0).all()
    return [torch.from_numpy(found[::zoom, at : at + width : zoom, 0].copy()) for at in starts]


def open_level(explorer, level: int) -> dict[int, UnitSlider]:
    """Turn to a level, unfold all of its units, and return their sliders."""
    if explorer.tabs:
        explorer.tabs.selected_index = level - 1
    panel = explorer.panels[level - 1]
    for place in range(len(panel.accordion.children)):
        panel.accordion.selected_index = place
    return panel.sliders


def test_every_slider_of_every_model_moves_the_picture_as_torch_does(model, random_split):
    explorer = vc.explore(model, random_split)
    exploration = explorer.exploration
    for level in range(1, len(exploration.levels) + 1):
        sliders = open_level(explorer, level)
        assert set(sliders) == set(range(model.latent_dims[level - 1]))
        for unit, control in sliders.items():
            explorer.reset.click()
            codes, _ = exploration.start(0)
            assert_shows(explorer, codes)
            value = control.slider.max if control.slider.value < 0 else control.slider.min
            control.slider.value = value
            assert_shows(explorer, exploration.move(codes, level, unit, value))


def test_levels_below_follow_and_their_sliders_show_it(random_split):
    explorer = vc.explore(hierarchy(), random_split)
    codes, _ = explorer.exploration.start(0)
    open_level(explorer, 3)[1].slider.value = 2.0
    moved = explorer.exploration.move(codes, 3, 1, 2.0)
    for unit, control in open_level(explorer, 1).items():
        assert control.slider.value == pytest.approx(moved[0][unit].item(), abs=control.slider.step)
    assert_shows(explorer, moved)  # looking at a level does not round its codes to the sliders' steps


def test_opening_is_the_reconstruction_beside_the_original_with_its_scores(random_split):
    model = hierarchy()
    explorer = vc.explore(model, random_split)
    index = explorer.exploration.indices[0]
    original = random_split.as_floats()[[index]]
    reconstruction = vc.reconstruct(model, random_split[[index]])
    assert torch.equal(shown(explorer.original.image, explorer.zoom), random_split.images[index])
    for picture in (explorer.start, explorer.now):
        assert torch.equal(shown(picture.image, explorer.zoom), as_bytes(reconstruction[0]))
    for name, text in {"mse": "MSE {:.4f}", "psnr": "PSNR {:.1f} dB", "ssim": "SSIM {:.3f}"}.items():
        assert text.format(getattr(vc.metrics, name)(original, reconstruction).item()) in explorer.start.text.value
    assert (shown(explorer.change.image, explorer.zoom)[3] == 0).all()  # transparent: nothing has changed


def test_another_test_image_and_reset(vae, random_split):
    explorer = vc.explore(vae, random_split)
    explorer.first.buttons.value = 5
    codes, _ = explorer.exploration.start(5)
    assert_shows(explorer, codes)
    assert torch.equal(shown(explorer.original.image, explorer.zoom), as_bytes(explorer.exploration.images[5]))
    for control in open_level(explorer, 1).values():
        control.slider.value = control.slider.min
    assert not torch.equal(explorer.codes[0], codes[0])
    explorer.reset.click()
    assert torch.equal(explorer.codes[0], codes[0])
    for unit, control in open_level(explorer, 1).items():
        assert control.slider.value == pytest.approx(codes[0][unit].item(), abs=control.slider.step)
    assert torch.equal(explorer.codes[0], codes[0])


def test_the_prior_gives_another_picture_with_each_draw(random_split):
    explorer = vc.explore(hierarchy(), random_split)
    explorer.source.value = "the prior"
    assert_shows(explorer, explorer.exploration.prior(0))
    assert explorer.original.layout.display == "none"
    explorer.draw.click()
    assert_shows(explorer, explorer.exploration.prior(1))
    assert "MSE" not in explorer.start.text.value


def test_an_autoencoder_offers_no_prior(random_split):
    explorer = vc.explore(MODELS["autoencoder"](), random_split)
    assert list(explorer.source.options) == ["a test image", "a mix of two"]
    assert "variance" in next(iter(open_level(explorer, 1).values())).name.description
    assert all(control.posterior.value == "" for control in open_level(explorer, 1).values())


def test_a_mix_of_two_and_its_path(random_split):
    explorer = vc.explore(hierarchy(), random_split)
    explorer.source.value = "a mix of two"
    explorer.first.buttons.value, explorer.second.buttons.value = 3, 9
    before = explorer.strip.value
    explorer.share.value = 0.3
    assert_shows(explorer, explorer.exploration.mix(3, 9, 0.3))
    assert explorer.strip.value == before
    path = strip_pictures(explorer)
    assert len(path) == 9
    for picture, index in ((path[0], 3), (path[-1], 9)):
        assert torch.equal(picture, as_bytes(explorer.exploration.decode(explorer.exploration.start(index)[0]))[0])
    open_level(explorer, 3)[0].slider.value = 1.5  # the unit is now in hand: its strip, not the path's
    assert "unit 0" in explorer.strip_title.value
    explorer.share.value = 0.6
    assert explorer.strip.value == before


def test_holding_a_level_and_resampling_below(random_split):
    explorer = vc.explore(hierarchy(), random_split)
    held = [code.clone() for code in explorer.codes]
    (button,) = (part for part in explorer.panels[1].children[0].children if isinstance(part, widgets.Button))
    assert button.description == "hold level 2, resample below"
    drawn = []
    for _ in range(2):
        button.click()
        assert torch.equal(explorer.codes[1], held[1])
        assert torch.equal(explorer.codes[2], held[2])
        assert_shows(explorer, explorer.codes)
        drawn.append(explorer.codes[0])
    assert not torch.equal(*drawn)
    assert not any(isinstance(part, widgets.HBox) for part in explorer.panels[0].children)


def test_the_strip_follows_the_unit_in_hand_and_stays_while_it_is_dragged(vae, random_split):
    explorer = vc.explore(vae, random_split)
    sliders = open_level(explorer, 1)
    sliders[2].slider.value = 0.5
    before = explorer.strip.value
    assert explorer.strip_title.value == f"<b>{explorer.exploration.levels[0].label(2)}</b>"
    _, expected = explorer.exploration.traversal(explorer.codes, 1, 2)
    for found, picture in zip(strip_pictures(explorer), expected, strict=True):
        assert (found.float() - 255 * picture[0]).abs().max() <= 0.51
    sliders[2].slider.value = -1.5
    assert explorer.strip.value == before
    sliders[0].name.click()
    assert explorer.strip.value != before
    assert "unit 0" in explorer.strip_title.value
    marked = [unit for unit, control in sliders.items() if "vaecourse-in-hand" in control._dom_classes]
    assert marked == [0]


def test_a_drag_renews_nothing_but_the_picture_and_the_difference(random_split):
    explorer = vc.explore(hierarchy(), random_split)
    control = open_level(explorer, 3)[0]
    control.slider.value = 0.5
    changed = []
    parts = {name: getattr(explorer, name) for name in ("original", "start", "now", "change")}
    for name, picture in parts.items():
        picture.image.observe(lambda _, name=name: changed.append(name), "value")
    explorer.strip.observe(lambda _: changed.append("strip"), "value")
    for other in open_level(explorer, 3).values():
        if other is not control:
            other.slider.observe(lambda _: changed.append("slider"), "value")
    control.slider.value = -2.0
    assert sorted(changed) == ["change", "now"]


def test_the_difference_is_transparent_where_nothing_changed_and_takes_sides():
    before = torch.full((1, 2, 3), 0.5)
    after = torch.tensor([[[0.5, 1.0, 0.0], [0.5, 0.6, 0.5]]])
    colours = as_bytes(pictures.difference(after, before)).permute(1, 2, 0).tolist()
    brighter, darker = [0xD5, 0x5E, 0x00], [0x00, 0x72, 0xB2]
    assert colours[0][1:] == [[*brighter, 255], [*darker, 255]]
    assert colours[0][0][3] == colours[1][0][3] == colours[1][2][3] == 0
    assert colours[1][1] == [*brighter, 51]  # a fifth of the way
    in_colour = pictures.difference(after.expand(3, -1, -1), before.expand(3, -1, -1))
    assert torch.equal(as_bytes(in_colour).permute(1, 2, 0), torch.tensor(colours, dtype=torch.uint8))


def test_a_move_that_leads_beyond_all_numbers_is_not_made(random_split):
    model = hierarchy()
    with torch.no_grad():
        model.priors[0][-1].weight.mul_(1e6)
    explorer = vc.explore(model, random_split)
    control, codes, before = open_level(explorer, 2)[0], explorer.codes, explorer.now.image.value
    for value in (control.slider.min, control.slider.max):
        control.slider.value = value
    assert "too far" in explorer.now.text.value
    assert explorer.now.image.value == before
    assert all(torch.equal(one, other) for one, other in zip(explorer.codes, codes, strict=True))
    explorer.reset.click()
    assert explorer.now.text.value == ""


def test_posterior_widths_stand_on_the_sliders_of_a_test_image_only(vae, random_split):
    explorer = vc.explore(vae, random_split)
    sliders = open_level(explorer, 1)
    mean, width = (values[0] for values in explorer.exploration.start(0))
    for unit, control in sliders.items():
        low, high = control.slider.min, control.slider.max
        ends = [(mean[unit].item() + side * width[unit].item() - low) / (high - low) for side in (-1, 1)]
        left, right = (min(max(end, 0), 1) for end in ends)
        assert f"left:{100 * left:.1f}%;width:{100 * (right - left):.1f}%" in control.posterior.value
        assert f"± {width[unit]:.2f}" in control.posterior.value
    explorer.source.value = "the prior"
    assert all(control.posterior.value == "" for control in sliders.values())


def test_sliders_stand_in_order_of_rate_with_short_names(vae, random_split):
    explorer = vc.explore(vae, random_split)
    level = explorer.exploration.levels[0]
    (grid,) = (part for part in explorer.panels[0].children[-1].children if isinstance(part, widgets.GridBox))
    assert [control.name.description for control in grid.children] == [level.label(unit) for unit in level.order]


@pytest.mark.parametrize("active", [0, 3, 200])
def test_of_many_units_the_most_important_are_shown_and_the_rest_is_made_when_unfolded(active, random_split):
    model = lively(vc.VAE(SHAPE, 200, hidden=(16,)))
    with torch.no_grad():
        model.encoder.layers[-1].weight[active:200] = 0
    explorer = vc.explore(model, random_split)
    panel = explorer.panels[0]
    assert len(panel.sliders) == min(active, 24)
    titles = [panel.accordion.get_title(place) for place in range(len(panel.accordion.children))]
    kind = "more" if active == 200 else "collapsed"
    folded = 200 - len(panel.sliders)
    assert titles == [f"{min(40, folded - at)} {kind} units" for at in range(0, folded, 40)]
    panel.accordion.selected_index = 1
    assert len(panel.sliders) == min(active, 24) + 40
    unit = panel.level.order[min(active, 24) + 40]
    codes, _ = explorer.exploration.start(0)
    panel.sliders[unit].slider.value = 1.0
    assert_shows(explorer, explorer.exploration.move(codes, 1, unit, 1.0))


def test_several_models_share_the_start_and_have_their_own_sliders(random_split):
    models = {"AE": MODELS["autoencoder"](), "VAE": MODELS["vae"](), "HDVAE": hierarchy()}
    explorer = vc.explore(models, random_split)
    explorer.first.buttons.value = 4
    for name in ("HDVAE", "VAE", "AE", "HDVAE"):
        explorer.model.value = name
        assert explorer.exploration.model is models[name]
        assert len(explorer.panels) == len(models[name].latent_dims)
        assert_shows(explorer, explorer.explorations[name].start(4)[0])
    explorer.source.value = "the prior"
    explorer.model.value = "AE"
    assert explorer.source.value == "a test image"
    assert_shows(explorer, explorer.explorations["AE"].start(4)[0])
    explorer.source.value = "a mix of two"
    explorer.share.value = 0.2
    explorer.model.value = "VAE"
    assert_shows(explorer, explorer.explorations["VAE"].mix(4, 15, 0.2))
    assert repr(explorer) == "<Explorer of AE, VAE, HDVAE>"


def test_an_explorer_opens_at_a_level_with_its_best_digit_and_says_what_to_try(random_split):
    models = {"VAE": MODELS["vae"](), "HDVAE": hierarchy()}
    explorer = vc.explore(models, random_split, level=2, task="Move <i>one</i> unit.")
    assert "Move &lt;i&gt;one&lt;/i&gt; unit." in explorer.task.value
    assert explorer.level == 1  # a VAE has no other
    explorer.model.value = "HDVAE"
    assert explorer.level == 2
    assert explorer.strip_title.value.endswith("of level 2</b>")
    found = explorer.explorations.values()
    errors = [sum(one.scores(place)["MSE"] / one.images[place].square().mean() for one in found) for place in range(16)]
    assert np.argmin(errors) == 0
    assert_shows(explorer, explorer.exploration.start(0)[0])
    assert vc.explore(models, random_split, starts=[7, 3, 5]).exploration.indices == [7, 3, 5]  # as they were named
    with pytest.raises(ValueError, match="no level 4: this model has levels 1 to 3"):
        vc.explore(models, random_split, level=4)


def test_units_that_are_folded_away_are_called_by_their_reason(vae, random_split):
    with torch.no_grad():
        vae.encoder.layers[-1].weight[:2] = 0
    panel = vc.explore(vae, random_split).panels[0]
    assert panel.accordion.get_title(0) == "2 collapsed units"
    for model, reason in ((hierarchy(), "1 unit below 0.05 nats"), (MODELS["autoencoder"](), "1 nearly constant unit")):
        level = vc.explore(model, random_split).exploration.levels[0]
        assert fold_title(level, 1, model.is_hierarchy) == reason


def test_colour_pictures():
    generator = torch.Generator().manual_seed(0)
    split = vc.Split(torch.randint(0, 256, (30, 3, 16, 20), dtype=torch.uint8, generator=generator))
    model = lively(vc.HDVAE((3, 16, 20), (4, 3), network="conv", hidden=(8, 16)))
    explorer = vc.explore(model, split)
    codes, _ = explorer.exploration.start(0)
    open_level(explorer, 2)[0].slider.value = 2.0
    assert_shows(explorer, explorer.exploration.move(codes, 2, 0, 2.0))
    assert len(strip_pictures(explorer)) == 9


def test_fewer_images_than_starts(vae, random_split):
    explorer = vc.explore(vae, random_split[:2])
    assert len(explorer.first.buttons.options) == 2
    explorer.source.value = "a mix of two"
    assert explorer.second.value == 1


def test_errors_name_the_model_of_several(vae, random_split):
    broken = MODELS["vae"]()
    with torch.no_grad():
        broken.encoder.layers[-1].bias.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"^weights of the model are NaN") as caught:
        vc.explore(broken, random_split)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^second: weights of the model are NaN"):
        vc.explore({"first": vae, "second": broken}, random_split)
    with pytest.raises(ValueError, match="images of 1×12×12, the model is made for 1×28×28"):
        vc.explore(vc.VAE((1, 28, 28), 2), random_split)
    with pytest.raises(ValueError, match="the dict is empty"):
        vc.explore({}, random_split)


def test_ranges_are_such_that_no_browser_rounds_a_value_it_was_given():
    # noUiSlider, of ipywidgets 8, goes from value to percent and back, and reports every difference as a move.
    generator = np.random.default_rng(0)
    for _ in range(60):
        low = generator.uniform(-30, 10)
        high = low + 10 ** generator.uniform(-3, 3)
        slider = UnitSlider("unit", low, high, None, None).slider
        assert slider.min <= low < high <= slider.max
        assert slider.max - slider.min < 1.5 * (high - low)
        reach = slider.max - slider.min
        percent_of_step = slider.step * 100 / reach
        for step in range(round(reach / slider.step) + 1):
            value = slider.min + step * slider.step
            percent = round((value - slider.min) * 100 / reach / percent_of_step) * percent_of_step
            assert percent * reach / 100 + slider.min == value


def test_a_slider_grows_for_a_value_beyond_its_range_and_reports_only_moves():
    moves = []
    control = UnitSlider("unit", -3.0, 3.0, moves.append, None)
    for value in (1.0, -7.3, 9.9, 0.0):
        control.show(value)
        assert control.slider.min <= value <= control.slider.max
        assert control.slider.value == pytest.approx(value, abs=control.slider.step)
    assert moves == []
    control.slider.value = 2.5
    control.slider.value = control.slider.min
    assert moves == [2.5, control.slider.min]


def test_where_no_kernel_runs_a_notebook_shows_the_picture(model, random_split):
    explorer = vc.explore(model, random_split)
    bundle, metadata = InteractiveShell().display_formatter.format(explorer)
    assert bundle[VIEW]["model_id"] == explorer.comm.comm_id
    first = explorer.exploration.levels[0]
    text = bundle["text/plain"].removeprefix(f"{explorer!r}: ")
    assert first.label(first.order[0]).replace(" · ", ", ") in text
    picture = pixels(base64.b64decode(bundle["image/png"]))[:: explorer.strip_zoom, :: explorer.strip_zoom]
    height, width = random_split.image_shape[1:]
    expected = as_bytes(explorer.exploration.images[0]).permute(1, 2, 0)
    assert (picture[:height, :width, :3] == expected.numpy()).all()

    shown = nbformat.v4.new_output("display_data", bundle, metadata=metadata)
    cell = nbformat.v4.new_code_cell("vc.explore(model, test)", outputs=[shown])
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (image,) = re.findall(r"<img[^>]*>", page)
    assert f'alt="{html.escape(text)}"' in image
    assert f'src="data:image/png;base64,{bundle["image/png"]}"' in image
    assert "Explorer of" not in page


def test_where_the_book_is_built_it_is_a_page_and_no_widget(vae, random_split, monkeypatch):
    page, made = ModuleType("page"), []
    page.html = lambda explorations, task, level: f"<p>{task} {level}: {', '.join(explorations)}</p>"
    monkeypatch.setitem(sys.modules, "vaecourse.explorers.page.export", page)
    monkeypatch.setattr("vaecourse.explorers.page.export", page, raising=False)
    monkeypatch.setenv("VAECOURSE_PAGE_EXPLORERS", "1")
    widgets.Widget.on_widget_constructed(made.append)
    try:
        shown = vc.explore({"one": vae, "two": vae}, random_split, task="Compare")
    finally:
        widgets.Widget.on_widget_constructed(None)
    assert made == []
    assert shown._repr_html_() == "<p>Compare 1: one, two</p>"
    assert not hasattr(shown, "_repr_mimebundle_")
    assert not hasattr(shown, "_ipython_display_")
