"""Drawing on the page: what the encoder reads is what PyTorch infers, by pointer, finger and keys."""

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from browsing import complaints, watched_tab
from digit_models import NAMES, PACKAGED, SHAPE, digits, explored
from page_models import noise_split
from page_reader import CLOSE, LISTEN, after, opened, picture_of, pixels_of
from page_writer import write_site

import vaecourse as vc
from vaecourse.explorers import Exploration
from vaecourse.explorers.own_pictures import as_mnist
from vaecourse.losses.elbo import distortion, rates

ENCODED = """
window.encoded = {count: 0, detail: null};
document.addEventListener("explorer:encoded", (event) => {
  window.encoded = {count: window.encoded.count + 1, detail: event.detail};
});
"""
THREE = [(0.32, 0.24), (0.45, 0.16), (0.6, 0.2), (0.66, 0.32), (0.58, 0.43), (0.45, 0.48)]
THREE += [(0.6, 0.53), (0.7, 0.65), (0.63, 0.79), (0.47, 0.85), (0.31, 0.77)]
SCRIBBLE = [(0.1, 0.2), (0.9, 0.3), (0.2, 0.4), (0.8, 0.1), (0.5, 0.9), (0.1, 0.7), (0.9, 0.8), (0.3, 0.1), (0.5, 0.5)]


def several():
    return {"β-VAE": explored("beta-vae-mnist"), "HDVAE": explored("hdvae2-mnist")}


def noise():
    return {"noise": Exploration(vc.VAE(SHAPE, 3), noise_split(SHAPE), starts=3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def site(folder, address):
    """The address of a site, to be called with the page that is wanted: it is written when it is first needed."""

    def address_with(name):
        if not (folder / f"{name}.html").exists():
            explorations = {"several": several, "noise": noise}.get(name, lambda: {name: explored(name)})()
            write_site(folder, {name: explorations})
        return address

    return address_with


@pytest.fixture
def tab(shared_tabs):
    tab = shared_tabs("desktop", LISTEN + ENCODED)
    yield tab
    problems = tab.forget()
    assert not problems, "\n".join(problems)


def at_the_pad(tab, site, name):
    """The explorer of a page, with the pad as its start."""
    explorer = opened(tab, site(name), name)
    explorer.get_by_role("radio", name="draw", exact=True).check()
    tab.wait_for_function("window.encoded.count > 0")
    return explorer


def reading_after(tab, act):
    """What the encoder reads after an action: a picture, its levels and terms."""
    before = tab.evaluate("window.encoded.count")
    act()
    tab.wait_for_function(f"window.encoded.count > {before}")
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return tab.evaluate("window.encoded.detail")


def draw(tab, explorer, places):
    """Draw a line through places of the pad with the mouse."""
    pad = explorer.locator(".explorer-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()

    def act():
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
        tab.mouse.move(*points[0])
        tab.mouse.down()
        for point in points[1:]:
            tab.mouse.move(*point)
        tab.mouse.up()

    return reading_after(tab, act)


def image_of(reading):
    return torch.tensor(reading["picture"]).view(1, *SHAPE).clamp(0, 1)


def label_of(picture):
    """The label of the test digit nearest to a picture."""
    split = digits(4000)
    distances = (split.as_floats()[:, 0] - picture).flatten(1).norm(dim=1)
    return int(split.labels[distances.argmin()])


@pytest.mark.parametrize("name", NAMES)
def test_posteriors_and_pictures_are_those_of_torch(tab, site, name):
    model = explored(name).model
    explorer = at_the_pad(tab, site, name)
    take = explorer.get_by_role("radio", name=f"take test image {explored(name).indices[3]}", exact=True)
    readings = [draw(tab, explorer, THREE[::3]), reading_after(tab, take.check)]
    assert torch.allclose(image_of(readings[1])[0], explored(name).images[3], atol=1e-6)
    for reading in readings:
        with torch.no_grad():
            levels = model.infer(image_of(reading), sample=False)
        for found, level in zip(reading["levels"], levels, strict=True):
            torch.testing.assert_close(torch.tensor(found["codes"]), level.codes[0], rtol=0, atol=1e-3)
            if level.posterior is None:
                assert found["posterior"] is None
                continue
            for key, expected in (("mean", level.posterior.mean), ("logVariance", level.posterior.log_variance)):
                torch.testing.assert_close(torch.tensor(found["posterior"][key]), expected[0], rtol=0, atol=1e-3)
    expected = explored(name).decode([level.codes[0] for level in levels])[0]
    assert (picture_of(explorer)[..., 0] - expected).abs().max() <= CLOSE


@pytest.mark.parametrize("name", NAMES)
def test_nats_are_those_of_torch_with_the_same_noise(tab, site, name, monkeypatch):
    model, image = explored(name).model, explored(name).images[:1]
    noise = torch.randn(4 * sum(model.latent_dims), generator=torch.Generator().manual_seed(0))
    tab.goto(f"{site(name)}{name}.html")
    bound = tab.evaluate(
        """async ([picture, noise]) => {
          const model = await new vaecourse.Files(document.querySelector(".explorer")).encoder(0);
          model.encoder.read(picture);
          return model.encoder.bound(model, () => noise.shift(), 4);
        }""",
        [image.flatten().tolist(), noise.tolist()],
    )
    rest = noise

    def next_noise(like):
        nonlocal rest
        taken, rest = rest[: like.numel()], rest[like.numel() :]
        return taken.view_as(like)

    monkeypatch.setattr(torch, "randn_like", next_noise)
    with torch.no_grad():
        outputs = [model(image) for _ in range(4)]
    expected = sum(distortion(image, output) for output in outputs) / 4
    assert bound["terms"]["distortion"] == pytest.approx(expected.item(), rel=1e-3)
    if outputs[0].levels[0].posterior is None:
        assert list(bound["terms"]) == ["distortion"]
        return
    by_level = [sum(parts) / 4 for parts in zip(*map(rates, outputs), strict=True)]
    for found, expected in zip(bound["units"], by_level, strict=True):
        torch.testing.assert_close(torch.tensor(found), expected[0], rtol=1e-3, atol=5e-3)
    rate = sum(level.sum() for level in by_level).item()
    assert bound["terms"]["rate"] == pytest.approx(rate, rel=1e-3, abs=1e-2)
    assert bound["terms"]["negative_elbo"] == pytest.approx(bound["terms"]["distortion"] + rate, rel=1e-3)


def test_a_drawing_is_prepared_by_the_page_as_by_python(tab, site):
    tab.goto(f"{site('noise')}noise.html")
    generator = torch.Generator().manual_seed(0)
    inks = []
    for height, width in [(112, 112), (30, 7), (5, 90), (28, 28), (1, 1), (64, 33), (3, 4)]:
        ink = torch.rand(height, width, generator=generator, dtype=torch.float64)
        margin = torch.rand(height, width, generator=generator) < 0.7
        inks += [ink, ink * margin]
    column = torch.zeros(40, 40, dtype=torch.float64)
    column[3:36, 11] = 1
    corner = torch.zeros(112, 112, dtype=torch.float64)
    corner[0, 0] = corner[111, 111] = 0.5
    for ink in [*inks, column, corner, torch.zeros(9, 9, dtype=torch.float64)]:
        arguments = [ink.flatten().tolist(), ink.shape[1]]
        page = tab.evaluate("([ink, across]) => Array.from(vaecourse.asMnist(ink, across))", arguments)
        expected = torch.from_numpy(as_mnist(ink.numpy())).flatten()
        torch.testing.assert_close(torch.tensor(page, dtype=torch.float64), expected, rtol=0, atol=1e-9)


def test_a_three_drawn_by_mouse_decodes_to_a_three(tab, site):
    explorer = at_the_pad(tab, site, "beta-vae-mnist")
    reading = draw(tab, explorer, THREE)
    assert label_of(image_of(reading)[0, 0]) == 3
    assert label_of(picture_of(explorer)[..., 0]) == 3
    assert "Your drawing. −ELBO" in explorer.get_by_role("status").text_content()


def test_a_three_drawn_by_a_finger_decodes_to_a_three(browser, site, address):
    with watched_tab(browser, address, 390, has_touch=True) as tab:
        tab.add_init_script(LISTEN + ENCODED)
        explorer = at_the_pad(tab, site, "beta-vae-mnist")
        pad = explorer.locator(".explorer-pad")
        assert pad.evaluate("node => getComputedStyle(node).touchAction") == "none"
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in THREE]
        fingers = tab.context.new_cdp_session(tab)

        def act():
            for kind, places in [("touchStart", points[:1]), *(("touchMove", [point]) for point in points[1:])]:
                fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
            fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        reading_after(tab, act)
        assert label_of(picture_of(explorer)[..., 0]) == 3
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        picture = explorer.locator(".explorer-picture canvas").bounding_box()
        assert picture["y"] < 800, "the model's picture is out of sight while one draws"
        explorer.locator(".explorer-drawing summary").click()
        for target in explorer.locator("button:visible, label:visible, summary:visible").all():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 40, target.evaluate("node => node.outerHTML")
        assert not tab.problems


def test_a_three_drawn_by_keys_decodes_to_a_three(tab, site):
    explorer = at_the_pad(tab, site, "beta-vae-mnist")
    explorer.locator(".explorer-pad").focus()
    keys = tab.keyboard

    def go(key, times):
        for _ in range(times):
            keys.press(key)

    go("ArrowUp", 8)
    go("ArrowLeft", 4)
    keys.press("Space")
    for key, times in [("Right", 7), ("Down", 8), ("Left", 5), ("Right", 5), ("Down", 8), ("Left", 7)]:
        go(f"Arrow{key}", times)
    reading_after(tab, lambda: keys.press("Space"))
    assert label_of(picture_of(explorer)[..., 0]) == 3


def test_a_test_digit_is_taken_turned_and_thickened_by_keys(tab, site):
    exploration = explored("beta-vae-mnist")
    threes = (digits().labels[exploration.indices] == 3).nonzero().flatten().tolist()
    place = next(k for k in threes if label_of(exploration.decode(exploration.start(k)[0])[0]) == 3)
    explorer = at_the_pad(tab, site, "beta-vae-mnist")
    digit = explorer.get_by_role("radio", name=f"take test image {exploration.indices[place]}", exact=True)
    digit.focus()
    taken = reading_after(tab, lambda: tab.keyboard.press("Space"))
    ink = image_of(taken).sum()
    for name in ("turn left by 10 degrees", "turn right by 10 degrees", "thicker lines"):
        explorer.get_by_role("button", name=name).focus()
        changed = reading_after(tab, lambda: tab.keyboard.press("Enter"))
    assert image_of(changed).sum() > 1.1 * ink
    assert label_of(picture_of(explorer)[..., 0]) == 3
    shifted = reading_after(tab, explorer.get_by_role("button", name="shift left").click)
    torch.testing.assert_close(image_of(shifted), image_of(changed), rtol=0, atol=1e-6)  # it is centred again
    loose = reading_after(tab, explorer.get_by_role("checkbox").uncheck)
    assert not torch.allclose(image_of(loose), image_of(changed), atol=0.1)


def test_ink_is_undone_erased_and_cleared(tab, site):
    explorer = at_the_pad(tab, site, "beta-vae-mnist")
    first = image_of(draw(tab, explorer, THREE[:6]))
    both = image_of(draw(tab, explorer, THREE[5:]))
    assert not torch.allclose(first, both, atol=0.1)
    undone = image_of(reading_after(tab, explorer.get_by_role("button", name="undo").click))
    torch.testing.assert_close(undone, first)
    explorer.get_by_role("radio", name="eraser").check()
    erased = image_of(draw(tab, explorer, THREE[:4]))
    assert not torch.allclose(erased, first, atol=0.1)
    empty = image_of(reading_after(tab, explorer.get_by_role("button", name="clear the pad").click))
    assert not empty.any()
    assert "The pad is empty" in explorer.get_by_role("status").text_content()
    assert not explorer.locator(".explorer-report").is_visible()
    again = image_of(reading_after(tab, explorer.get_by_role("button", name="undo").click))
    torch.testing.assert_close(again, erased)


def test_a_scribble_costs_more_than_nearly_all_digits(tab, site):
    explorer = at_the_pad(tab, site, "beta-vae-mnist")
    digit = draw(tab, explorer, THREE)["terms"]["negative_elbo"]
    explorer.get_by_role("button", name="clear the pad").click()
    scribble = draw(tab, explorer, SCRIBBLE)["terms"]["negative_elbo"]
    assert scribble > 2 * digit
    assert explorer.locator(".explorer-report tr", has_text="−ELBO").text_content().endswith("more than all")
    assert "does not prove" in explorer.locator(".explorer-report").text_content()


def test_level_by_level_a_hierarchy_shows_what_its_upper_levels_know(tab, site):
    exploration = explored("hdvae3-mnist")
    explorer = at_the_pad(tab, site, "hdvae3-mnist")
    image = image_of(draw(tab, explorer, THREE))
    shown = explorer.locator(".explorer-steps canvas")
    assert shown.count() == 3
    with torch.no_grad():
        codes = [level.codes for level in exploration.model.infer(image, sample=False)]
        for level in range(3):
            expected = exploration.model.decode(*exploration.model.descend(*codes[level:])).mean[0, 0]
            assert (pixels_of(shown.nth(level))[..., 0] / 255 - expected).abs().max() <= CLOSE
    assert explorer.locator(".explorer-bars figure").count() == 3


def test_the_code_of_two_units_is_dragged_over_the_plane(tab, site):
    exploration = explored("vae2-mnist")
    explorer = at_the_pad(tab, site, "vae2-mnist")
    (level,) = draw(tab, explorer, THREE)["levels"]
    assert tab.evaluate("window.decoded.detail.codes[0]") == level["posterior"]["mean"]
    plane = explorer.locator(".explorer-plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    low, high = exploration.levels[0].low, exploration.levels[0].high
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    (codes,) = after(tab, lambda: tab.mouse.click(*middle))
    torch.testing.assert_close(codes, (low + high) / 2, rtol=0, atol=0.02)
    (up,) = after(tab, lambda: tab.keyboard.press("ArrowUp"))
    assert up[1] > codes[1]
    assert up[0] == codes[0]
    assert "Unit 0" in explorer.get_by_role("status").text_content()
    for ground in ("decoded pictures", "test codes"):
        explorer.get_by_role("radio", name=ground).check()
        seen = (pixels_of(plane.locator("canvas"))[..., 3] > 0).sum()
        assert seen > (300_000 if ground == "decoded pictures" else 5000)


def test_the_plane_has_its_colours_at_the_first_look(tab, site):
    explorer = opened(tab, site("vae2-mnist"), "vae2-mnist")
    pixels = pixels_of(explorer.locator(".explorer-plane canvas"))
    drawn = pixels[pixels[..., 3] == 255][:, :3]
    accent = (drawn == torch.tensor([10, 125, 145])).all(1)  # of the ring: #0a7d91
    assert accent.sum() > 50
    assert drawn.amax(1).min() > 40  # and nothing is black


def test_the_encoder_travels_when_one_draws_and_each_model_has_its_own(tab, site):
    def travelled():
        return [reply.url for reply in tab.replies if reply.url.endswith(".bin")]

    explorer = opened(tab, site("several"), "several")
    assert len(travelled()) == 1
    explorer.get_by_role("radio", name="draw", exact=True).check()
    tab.wait_for_function("window.encoded.count > 0")
    assert len(travelled()) == 2
    first = draw(tab, explorer, THREE)
    other = reading_after(tab, explorer.get_by_role("radio", name="HDVAE", exact=True).check)
    assert len(travelled()) == 4
    assert len(first["levels"]) == 1
    assert len(other["levels"]) == 2
    assert other["picture"] == first["picture"]


def test_without_the_encoder_another_start_is_left(browser, site, address):
    with watched_tab(browser, address, 800) as tab:
        tab.add_init_script(LISTEN + ENCODED)
        explorer = opened(tab, site("beta-vae-mnist"), "beta-vae-mnist")
        tab.route("**/*.bin", lambda route: route.abort())
        explorer.get_by_role("radio", name="draw", exact=True).click()
        explorer.get_by_role("status").filter(has_text="encoder could not be loaded").wait_for()
        assert explorer.get_by_role("radio", name="test image", exact=True).is_checked()


def test_readers_of_screens_find_names_for_everything(tab, site):
    for name in ("vae2-mnist", "hdvae3-mnist"):
        explorer = at_the_pad(tab, site, name)
        draw(tab, explorer, THREE)
        found = complaints(Axe(), tab, context=".explorer")
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_only_digits_have_a_pad(tab, site):
    explorer = opened(tab, site("noise"), "noise")
    assert explorer.get_by_role("radio", name="prior").count() == 1
    assert explorer.get_by_role("radio", name="draw").count() == 0
    assert {"ae-mnist", "vae2-mnist", "beta-vae-mnist", "ph-vae-mnist", "hdvae2-mnist", "hdvae3-mnist"} <= set(PACKAGED)
