"""The explorer of the static page in use: touch, keys, a phone, a page opened from disk, files that are missing."""

import pytest
import torch
from browsing import WIDTHS, watched_tab
from page_models import explored, noise_split
from page_reader import CLOSE, LISTEN, after, assert_drawn, codes_of, opened, pixels_of, show, slider

from vaecourse.explorers import save_page
from vaecourse.explorers.maps import FULL_COLOUR_AT
from vaecourse.explorers.pictures import difference, signed

pytest_plugins = ["page_site"]


def test_weights_travel_at_the_first_touch_one_model_at_a_time(tab, address):
    def travelled():
        return [reply.url for reply in tab.replies if reply.url.endswith(".bin")]

    tab.goto(f"{address}gallery.html", wait_until="networkidle")
    assert travelled() == []
    assert tab.locator(".explorer-poster img").is_visible()
    tab.keyboard.press("Tab")  # the focus is a touch too
    tab.wait_for_function("window.decoded.count > 0")
    assert len(travelled()) == 1
    assert tab.locator(".explorer-poster").count() == 0
    assert tab.evaluate("document.activeElement.type") == "radio"
    after(tab, lambda: tab.get_by_role("radio", name="HDVAE").check())
    assert len(travelled()) == 2


def test_without_weights_the_picture_stays(browser, address):
    with watched_tab(browser, address, 800) as tab:
        tab.route("**/*.bin", lambda route: route.abort())
        tab.goto(f"{address}vae-colour.html")
        tab.get_by_role("button", name="Explore it yourself").click()
        status = tab.get_by_role("status")
        status.filter(has_text="could not be loaded").wait_for()
        assert tab.locator(".explorer-poster img").is_visible()
        assert not [problem for problem in tab.problems if problem.startswith("page error")]


def test_a_model_that_does_not_load_leaves_the_last_one(browser, address):
    with watched_tab(browser, address, 800) as tab:
        tab.add_init_script(LISTEN)
        explorer = opened(tab, address, "gallery")
        tab.route("**/*.bin", lambda route: route.abort())
        explorer.get_by_role("radio", name="HDVAE").click()
        explorer.get_by_role("status").filter(has_text="HDVAE could not be loaded").wait_for()
        assert explorer.get_by_role("radio", name="AE", exact=True).is_checked()


def test_a_page_opened_from_disk_works(browser, folder, models):
    disk = f"{folder.as_uri()}/"
    with watched_tab(browser, disk, 800) as tab:
        tab.add_init_script(LISTEN)
        explorer = opened(tab, disk, "hdvae-all")
        assert_drawn(explorer, models["hdvae-all"], codes_of(tab))
        assert not tab.problems


def test_keys_alone_are_enough(tab, address, models):
    exploration = models["hdvae-bottom-up"]
    explorer = opened(tab, address, "hdvae-bottom-up")
    keyboard = tab.keyboard
    explorer.get_by_role("radio", name="test image").first.focus()
    after(tab, lambda: keyboard.press("ArrowRight"))  # to the prior
    explorer.get_by_role("radio", name="level 1").focus()
    keyboard.press("ArrowRight")
    unit = exploration.levels[1].order[0]
    for _ in range(4):
        keyboard.press("Tab")
        if tab.evaluate("document.activeElement.type") == "range":
            break
    label = tab.evaluate("document.activeElement.ariaLabel")
    assert label == exploration.levels[1].label(unit).replace(" · ", ", level 2, ")
    before = codes_of(tab)
    moved = after(tab, lambda: keyboard.press("ArrowRight"))
    assert moved[1][unit] != before[1][unit]
    assert tab.evaluate("document.activeElement.ariaValueText").startswith(f"{moved[1][unit]:.2f}".replace("-", "−"))


def test_a_press_on_the_strip_moves_the_unit(tab, address, models):
    exploration = models["vae-colour"]
    explorer = opened(tab, address, "vae-colour")
    codes = after(tab, lambda: explorer.locator(".explorer-strip canvas").last.click())
    unit = exploration.levels[0].order[0]
    assert codes[0][unit].item() == pytest.approx(exploration.levels[0].high[unit].item(), abs=1e-4)
    expected = exploration.traversal(codes, 1, unit)[1][0].permute(1, 2, 0)
    shown = pixels_of(explorer.locator(".explorer-strip canvas").first)[..., :3] / 255
    assert (shown - expected).abs().max() <= CLOSE


def test_a_thumb_finds_everything_at_360_pixels(browser, address, models):
    with watched_tab(browser, address, WIDTHS["phone"], has_touch=True) as tab:
        tab.add_init_script(LISTEN)
        explorer = opened(tab, address, "hdvae-bottom-up")
        show(explorer, models["hdvae-bottom-up"], 1)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for target in explorer.locator(
            "button:visible, label:visible, summary:visible, input[type=range]:visible"
        ).all():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 40, target.evaluate("node => node.outerHTML")
        explorer.locator(".explorer-units input:visible").last.scroll_into_view_if_needed()
        picture = explorer.locator(".explorer-picture canvas").bounding_box()
        assert 0 <= picture["y"] < 400
        assert not tab.problems


def test_frames_keep_up_with_a_drag(tab, address, models, capsys):
    explorer = opened(tab, address, "vae-conv-colour")
    show(explorer, models["vae-conv-colour"], 1)
    box = explorer.locator(".explorer-units input").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    before = tab.evaluate("[window.decoded.count, performance.now()]")
    for step in range(60):
        tab.mouse.move(box["x"] + box["width"] * (0.5 + 0.4 * (step % 30 / 30)), middle)
    count, now = tab.evaluate("[window.decoded.count, performance.now()]")
    tab.mouse.up()
    rate = (count - before[0]) / (now - before[1]) * 1000
    with capsys.disabled():
        print(f" {rate:.0f} pictures a second ", end="")
    assert rate > 3  # benchmarks/page_explorer.py measures it on a quiet machine


@pytest.mark.parametrize("name", ["vae-colour", "spatial-deep"])
def test_a_saved_page_works_from_disk_and_asks_nobody(browser, tmp_path, name):
    exploration = explored(name)
    split = noise_split(exploration.model.image_shape)
    path = tmp_path / "saved" / "explorer.html"
    path.parent.mkdir()
    save_page(path, exploration.model, split, starts=3)
    assert [file.name for file in path.parent.iterdir()] == ["explorer.html"]
    with watched_tab(browser, path.as_uri(), 800) as tab:  # asking for any other file or host is a problem
        tab.add_init_script(LISTEN)
        tab.goto(path.as_uri())
        tab.get_by_role("button", name="Explore it yourself").click()
        tab.wait_for_function("window.decoded.count > 0")
        explorer = tab.locator(".explorer")
        assert_drawn(explorer, exploration, codes_of(tab))
        level = len(exploration.levels)
        show(explorer, exploration, level)
        unit = exploration.levels[level - 1].order[0]
        before = codes_of(tab)
        moved = after(tab, lambda: slider(explorer, exploration, level, unit).press("PageUp"))
        assert moved[level - 1][unit] != before[level - 1][unit]
        assert_drawn(explorer, exploration, moved)
        assert not tab.problems


def test_it_opens_at_its_level_and_says_what_to_try_and_what_the_colours_mean(browser, tmp_path):
    path = tmp_path / "explorer.html"
    model = explored("hdvae-bottom-up").model
    save_page(path, model, noise_split(model.image_shape), starts=3, level=2, task="Move <b>one</b> unit.")
    with watched_tab(browser, path.as_uri(), WIDTHS["phone"]) as tab:
        tab.add_init_script(LISTEN)
        tab.goto(path.as_uri())
        assert tab.get_by_text("Try this: Move <b>one</b> unit.").is_visible()  # before a touch, and after it
        tab.get_by_role("button", name="Explore it yourself").click()
        tab.wait_for_function("window.decoded.count > 0")
        assert tab.get_by_text("Try this: Move <b>one</b> unit.").is_visible()
        assert tab.get_by_role("radio", name="level 2", exact=True).is_checked()
        assert tab.get_by_role("slider", name="level 2").first.is_visible()
        assert tab.locator(".explorer-strip figcaption").inner_text().startswith("level 2, unit ")
        assert tab.get_by_text("brighter and darker than the start").is_visible()
        colours = [
            tab.locator(f".explorer-{change}").evaluate("node => getComputedStyle(node, '::before').backgroundColor")
            for change in ("brighter", "darker")
        ]
        assert colours == ["rgb(213, 94, 0)", "rgb(0, 114, 178)"]  # of pictures.js
        assert not tab.problems


def test_page_and_widget_show_a_difference_in_the_same_colours(tab, address):
    opened(tab, address, "vae-colour")
    before, after = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    after[:, :5] = before[:, :5]  # no change, in five rows
    after[:, 5:10] = before[:, 5:10].round()  # and large ones
    flat = [picture.permute(1, 2, 0).flatten().tolist() for picture in (after, before)]
    page = tab.evaluate("(pair) => Array.from(vaecourse.paintDifference([3, 20, 30], ...pair))", flat)
    widget = difference(after, before).mul(255).round()
    assert (widget[3] == 255).any()
    assert ((widget[3] > 20) & (widget[3] < 230)).any()
    found = torch.tensor(page).view(20, 30, 4).permute(2, 0, 1)
    coloured = widget[3] > 0
    assert torch.equal(found[:3, coloured].float(), widget[:3, coloured])
    assert (found[3] - widget[3]).abs().max() <= 1
    values = torch.linspace(-4, 4, 33)
    page = tab.evaluate("(values) => Array.from(vaecourse.paintSigned(values, 3))", values.tolist())
    widget = signed(values.view(1, 1, -1) / FULL_COLOUR_AT)[0].mul(255).round()
    found = torch.tensor(page).view(1, 33, 4).permute(2, 0, 1)
    assert (found - widget).abs()[:, 0, values != 0].max() <= 1
