"""Levels that are maps of codes on the static page: painted, mixed and drawn, as PyTorch does it."""

import pytest
import torch
from browsing import WIDTHS, watched_tab
from page_models import SHAPED
from page_reader import LISTEN, after, assert_drawn, codes_of, opened, picture_of, show, slider

pytest_plugins = ["page_site"]

PRIORS = """async (codes) => {
  const model = await new vaecourse.Files(document.querySelector(".explorer")).model(0);
  return codes.slice(1).map((_, level) => model.prior(level, codes));
}"""


def is_map(exploration, level):
    return len(exploration.model.latent_shapes[level - 1]) > 1


def map_of(explorer, exploration, level, channel=1):
    name = (
        f"map {channel} of level {level}"
        if exploration.model.latent_shapes[level - 1][0] > 1
        else f"map of level {level}"
    )
    return explorer.get_by_role("application", name=name)


def point(exploration, surface, level, row, column):
    """Where the middle of a cell is on the screen."""
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    _, height, width = exploration.model.latent_shapes[level - 1]
    return box["x"] + box["width"] * (column + 0.5) / width, box["y"] + box["height"] * (row + 0.5) / height


def assert_codes(found, expected, close=1e-3):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=close)


@pytest.mark.parametrize("name", SHAPED)
def test_pictures_priors_and_codes_are_those_of_torch(tab, address, models, name):
    exploration = models[name]
    explorer = opened(tab, address, name)
    codes = codes_of(tab)
    assert_codes(codes, exploration.start(0)[0], 1e-5)
    assert_drawn(explorer, exploration, codes)
    shape = exploration.model.latent_shapes
    priors = tab.evaluate(PRIORS, [code.tolist() for code in codes])
    for level, prior in enumerate(priors, start=1):
        mean, std = exploration.prior_of(codes, level)
        torch.testing.assert_close(torch.tensor(prior["mean"]), mean, rtol=0, atol=1e-3)
        torch.testing.assert_close(torch.tensor(prior["std"]), std, rtol=0, atol=1e-3)
        assert mean.std() > 0.01  # they say something
    for level in reversed(range(1, len(shape) + 1)):
        show(explorer, exploration, level)
        if is_map(exploration, level):
            x, y = point(exploration, map_of(explorer, exploration, level), level, 1, 2)
            moved = after(tab, lambda: tab.mouse.click(x, y))  # noqa: B023
        else:
            unit = exploration.levels[level - 1].order[0]
            value = exploration.levels[level - 1].high[unit].item()
            moved = after(tab, lambda: slider(explorer, exploration, level, unit).fill(f"{value:.3f}"))  # noqa: B023
        assert not torch.equal(moved[level - 1], codes[level - 1])
        assert_codes(moved, exploration.replace(codes, level, moved[level - 1]))
        assert_drawn(explorer, exploration, moved)
        codes = moved


def test_a_brush_adds_its_strength_in_sigmas_of_the_prior_and_erases(tab, address, models):
    exploration, level = models["spatial"], 2
    explorer = opened(tab, address, "spatial")
    show(explorer, exploration, level)
    start = codes_of(tab)
    _, std = exploration.prior_of(start, level)
    surface = map_of(explorer, exploration, level, channel=3)
    explorer.get_by_role("slider", name="strength of the brush").fill("0.5")
    ends = [point(exploration, surface, level, row, 1) for row in (0, 3)]
    tab.mouse.move(*ends[0])
    after(tab, tab.mouse.down)
    after(tab, lambda: tab.mouse.move(*ends[1]))  # cells between two reports of the pointer are painted too
    tab.mouse.up()
    painted = codes_of(tab)
    change = ((painted[level - 1] - start[level - 1]) / std).view(3, 4, 4)
    expected = torch.zeros(3, 4, 4)
    expected[2, :, 1] = 0.5
    torch.testing.assert_close(change, expected, rtol=0, atol=1e-3)
    assert torch.equal(painted[level], start[level])
    assert_codes(painted, exploration.replace(start, level, painted[level - 1]))
    assert_drawn(explorer, exploration, painted)
    explorer.get_by_role("radio", name="subtract").check()
    less = after(tab, lambda: tab.mouse.click(*ends[0]))
    assert ((less[level - 1] - painted[level - 1]) / std).view(3, 4, 4)[2, 0, 1].item() == pytest.approx(-0.5, abs=1e-3)
    explorer.get_by_role("radio", name="erase").check()
    erased = after(tab, lambda: tab.mouse.click(*ends[1]))
    assert erased[level - 1].view(3, 4, 4)[2, 3, 1].item() == pytest.approx(
        start[level - 1].view(3, 4, 4)[2, 3, 1].item(), abs=1e-4
    )
    again = after(tab, lambda: explorer.get_by_role("button", name="Erase all").click())
    assert_codes(again, start, 1e-4)
    bare = after(tab, lambda: explorer.get_by_role("button", name="Only what is expected").click())
    torch.testing.assert_close(bare[level - 1], exploration.prior_of(start, level)[0], rtol=0, atol=1e-3)


def test_keys_move_the_cursor_and_change_a_cell(tab, address, models):
    exploration = models["spatial"]
    explorer = opened(tab, address, "spatial")
    start = codes_of(tab)
    explorer.get_by_role("radio", name="level 1", exact=True).focus()
    for _ in range(3):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.role") == "application":
            break
    assert "map 1 of level 1" in tab.evaluate("document.activeElement.ariaLabel")
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft"):  # from the middle to the first row, and not beyond
        tab.keyboard.press(key)
    assert "Row 1, column 2" in explorer.get_by_role("status").text_content()
    _, std = exploration.prior_of(start, 1)
    more = after(tab, lambda: tab.keyboard.press("+"))
    expected = torch.zeros(2, 4, 4)
    expected[0, 0, 1] = 1
    torch.testing.assert_close((more[0] - start[0]) / std, expected.flatten(), rtol=0, atol=1e-3)
    less = after(tab, lambda: [tab.keyboard.press("-"), tab.keyboard.press("-")])
    assert ((less[0] - start[0]) / std)[1].item() < 0.5
    tab.wait_for_timeout(100)
    erased = after(tab, lambda: tab.keyboard.press("Delete"))
    assert_codes(erased, start, 1e-4)
    assert_drawn(explorer, exploration, erased)


@pytest.mark.parametrize("name", ["spatial-deep", "hdvae-all"])
def test_levels_of_two_images_are_mixed_one_by_one(tab, address, models, name):
    exploration = models[name]
    explorer = opened(tab, address, name)
    count = len(exploration.levels)
    whole = after(tab, lambda: explorer.get_by_role("radio", name="levels of two").check())
    keeper = explorer.get_by_role("slider", name="levels of the first image")
    assert "level 1 from the second" in keeper.get_attribute("aria-valuetext")
    assert_codes(whole, exploration.mix_levels(0, 1, 2), 0.02)
    for kept in (count - 1, count, 0):
        mixed = after(tab, lambda: keeper.fill(str(kept)))  # noqa: B023
        assert_codes(mixed, exploration.mix_levels(0, 1, kept + 1), 0.02)
        assert_drawn(explorer, exploration, mixed)
    assert keeper.get_attribute("aria-valuetext") == "all levels from the first image"
    assert_codes(mixed, exploration.start(0)[0], 1e-4)
    tab.wait_for_timeout(300)
    other = after(tab, lambda: explorer.locator(".explorer-strip canvas:visible").last.click())
    assert_codes(other, exploration.start(1)[0], 1e-4)
    assert keeper.input_value() == str(count)


def test_a_model_without_a_hierarchy_offers_no_levels_of_two(tab, address):
    explorer = opened(tab, address, "vae-colour")
    assert not explorer.get_by_role("radio", name="levels of two").is_visible()
    assert not explorer.get_by_role("slider", name="temperature").is_visible()
    explorer.get_by_role("radio", name="prior").check()
    assert explorer.get_by_role("slider", name="temperature").is_visible()


def test_temperature_narrows_draws_of_the_prior_and_below_a_held_level(tab, address, models):
    exploration = models["spatial-deep"]
    explorer = opened(tab, address, "spatial-deep")
    temperature = explorer.get_by_role("slider", name="temperature of draws")
    one = after(tab, lambda: explorer.get_by_role("radio", name="prior").check())
    assert abs(torch.cat([exploration.noise(one, level) for level in range(1, 8)]).std().item() - 1) < 0.06
    half = after(tab, lambda: temperature.fill("0.5"))
    for level in range(1, 8):  # the same draw, with half the noise
        assert_codes([exploration.noise(half, level)], [0.5 * exploration.noise(one, level)], 0.02)
    assert_drawn(explorer, exploration, half)
    none = after(tab, lambda: temperature.fill("0"))
    assert_codes(none, [code[0] for code in exploration.model.descend(torch.zeros(1, 8))], 2e-3)
    after(tab, lambda: explorer.get_by_role("radio", name="test image", exact=True).check())
    start = codes_of(tab)
    show(explorer, exploration, 6)
    temperature.fill("0.7")
    drawn = after(tab, lambda: explorer.get_by_role("button", name="Hold level 6, redraw below").click())
    assert all(torch.equal(drawn[level], start[level]) for level in (5, 6))
    assert abs(torch.cat([exploration.noise(drawn, level) for level in range(1, 6)]).std().item() - 0.7) < 0.06
    assert_drawn(explorer, exploration, drawn)


def test_the_strip_of_a_map_leads_from_what_is_expected_to_twice_its_noise(tab, address, models):
    exploration = models["spatial"]
    explorer = opened(tab, address, "spatial")
    start = codes_of(tab)
    expected = exploration.amplify(start, 1, torch.tensor([0.0, 2.0]))
    tab.wait_for_timeout(300)
    for step, picture in (("first", 0), ("last", 1)):
        strip = explorer.locator(".explorer-strip canvas")
        found = after(tab, lambda: getattr(strip, step).click())  # noqa: B023
        assert_codes(found, [code[picture] for code in expected])
    assert "times 0 to 2" in explorer.locator(".explorer-strip figcaption").text_content()


def test_maps_that_carry_next_to_nothing_are_folded_away_and_sigma_is_told(tab, address, models):
    exploration = models["spatial-deep"]
    explorer = opened(tab, address, "spatial-deep")
    assert "σ of the pixels 1.0" in explorer.locator(".explorer-scores").text_content()
    for level in range(1, 7):
        explorer.get_by_role("radio", name=f"level {level}", exact=True).check()
        active = exploration.levels[level - 1].active.view(exploration.model.latent_shapes[level - 1][0], -1).any(1)
        folded = explorer.locator(".explorer-painter:visible details .explorer-map")
        assert folded.count() == (~active).sum()


def test_a_finger_paints_at_390_pixels(browser, address, models):
    exploration = models["spatial-deep"]
    with watched_tab(browser, address, 390, has_touch=True) as tab:
        tab.add_init_script(LISTEN)
        explorer = opened(tab, address, "spatial-deep")
        show(explorer, exploration, 1)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        surface = map_of(explorer, exploration, 1, channel=2)
        assert surface.evaluate("node => getComputedStyle(node).touchAction") == "none"
        start, before = codes_of(tab), picture_of(explorer)
        painted = after(tab, lambda: tab.touchscreen.tap(*point(exploration, surface, 1, 8, 8)))
        changed = (painted[0] - start[0]).view(2, 16, 16)[1].abs() > 1e-6
        assert changed.sum() == 9  # the brush is three cells wide
        assert changed[7:10, 7:10].all()
        assert not torch.equal(picture_of(explorer), before)
        assert_drawn(explorer, exploration, painted)
        for target in explorer.locator(
            "button:visible, label:visible, summary:visible, input[type=range]:visible"
        ).all():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 40, target.evaluate("node => node.outerHTML")
        picture = explorer.locator(".explorer-picture canvas").bounding_box()
        assert 0 <= picture["y"] < 400  # it stays in sight
        assert not tab.problems


@pytest.mark.parametrize("tab", WIDTHS, indirect=True)
def test_seven_levels_fit(tab, address):
    explorer = opened(tab, address, "spatial-deep")
    for kind in ("levels of two", "prior", "test image"):
        explorer.get_by_role("radio", name=kind, exact=True).check()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
