"""The explorer of the static page, in a browser without a kernel: its pictures and codes are those of PyTorch."""

import pytest
import torch
from browsing import WIDTHS, watched_tab
from page_models import NAMES, SHAPED
from page_reader import LISTEN, after, assert_drawn, codes_of, opened, picture_of, pixels_of, show, slider

pytest_plugins = ["page_site"]

ON_A_PHONE = ("vae-conv-colour", "hdvae-bottom-up")


@pytest.mark.parametrize(
    ("tab", "name"),
    [("desktop", name) for name in NAMES if name not in SHAPED] + [("phone", name) for name in ON_A_PHONE],
    indirect=["tab"],
)
def test_pictures_are_those_of_torch(tab, address, models, name):
    exploration = models[name]
    explorer = opened(tab, address, name)
    codes = codes_of(tab)
    for code, start in zip(codes, exploration.start(0)[0], strict=True):
        torch.testing.assert_close(code, start, rtol=1e-5, atol=1e-5)
    assert_drawn(explorer, exploration, codes)
    for level, found in enumerate(exploration.levels, start=1):
        show(explorer, exploration, level)
        unit = found.order[0]
        for share in (0.1, 0.9):
            value = (found.low[unit] + share * (found.high[unit] - found.low[unit])).item()
            moved = after(tab, lambda: slider(explorer, exploration, level, unit).fill(f"{value:.4f}"))  # noqa: B023
            assert abs(moved[level - 1][unit] - value) < 0.02 * (found.high[unit] - found.low[unit])
            assert_drawn(explorer, exploration, moved)
            expected = exploration.move(codes, level, unit, moved[level - 1][unit].item())
            for one, other in zip(moved, expected, strict=True):  # half precision of the priors
                torch.testing.assert_close(one, other, rtol=0, atol=0.02)
            codes = moved


def test_the_start_can_be_had_again_exactly(tab, address, models):
    exploration = models["hdvae-bottom-up"]
    explorer = opened(tab, address, "hdvae-bottom-up")
    start, first = codes_of(tab), picture_of(explorer)
    show(explorer, exploration, 3)
    moved = after(tab, lambda: slider(explorer, exploration, 3, 0).press("PageUp"))
    assert not torch.equal(moved[0], start[0])
    assert not torch.equal(picture_of(explorer), first)
    again = after(tab, lambda: explorer.get_by_role("button", name="Reset").click())
    assert all(map(torch.equal, again, start))
    assert torch.equal(picture_of(explorer), first)


def test_levels_below_a_held_one_are_drawn_anew(tab, address, models):
    explorer = opened(tab, address, "hdvae-bottom-up")
    start = codes_of(tab)
    show(explorer, models["hdvae-bottom-up"], 2)
    drawn = after(tab, lambda: explorer.get_by_role("button", name="Hold level 2, redraw below").click())
    assert torch.equal(drawn[1], start[1])
    assert torch.equal(drawn[2], start[2])
    assert not torch.isclose(drawn[0], start[0]).any()
    assert_drawn(explorer, models["hdvae-bottom-up"], drawn)


def test_resampled_codes_follow_their_prior(tab, address, models):
    exploration = models["hdvae-all"]
    explorer = opened(tab, address, "hdvae-all")
    show(explorer, exploration, 3)
    button = explorer.get_by_role("button", name="Hold level 3, redraw below")
    drawn = [after(tab, button.click) for _ in range(20)]
    with torch.no_grad():
        mean, log_variance = exploration.model.priors[1](drawn[0][2][None]).chunk(2, dim=1)
    noise = (torch.stack([codes[1] for codes in drawn]) - mean) / (0.5 * log_variance).exp()
    assert abs(noise.mean()) < 4 / noise.numel() ** 0.5
    assert abs(noise.var() - 1) < 4 * (2 / noise.numel()) ** 0.5


@pytest.mark.parametrize("tab", WIDTHS, indirect=True)
def test_a_start_is_an_image_a_draw_or_a_mix(tab, address, models):
    exploration = models["vae-colour"]
    explorer = opened(tab, address, "vae-colour")
    image = f"test image {exploration.indices[2]}"
    third = after(tab, lambda: explorer.get_by_role("radio", name=image, exact=True).check())
    torch.testing.assert_close(third[0], exploration.start(2)[0][0], rtol=1e-5, atol=1e-5)
    assert_drawn(explorer, exploration, third)
    original = pixels_of(explorer.get_by_label("original image"))[..., :3]
    assert torch.equal(original, (exploration.images[2] * 255).round().byte().permute(1, 2, 0))
    one = after(tab, lambda: explorer.get_by_role("radio", name="prior").check())
    other = after(tab, lambda: explorer.get_by_role("button", name="Draw again").click())
    assert not torch.isclose(one[0], other[0]).any()
    after(tab, lambda: explorer.get_by_role("radio", name="mix of two").check())
    mixed = after(tab, lambda: explorer.get_by_role("slider", name="share of the second image").fill("0.25"))
    torch.testing.assert_close(mixed[0], exploration.mix(2, 1, 0.25)[0], rtol=1e-4, atol=1e-4)
    assert_drawn(explorer, exploration, mixed)


def test_models_share_the_start_and_only_some_have_a_prior(tab, address, models):
    explorer = opened(tab, address, "gallery")
    image = f"test image {models['autoencoder'].indices[1]}"
    after(tab, lambda: explorer.get_by_role("radio", name=image, exact=True).check())
    assert explorer.get_by_role("radio", name="prior").is_disabled()
    assert "AE has no prior" in explorer.text_content()
    for model, name in [("PH-VAE", "ph-vae-sum"), ("HDVAE", "hdvae-bottom-up")]:
        codes = after(tab, lambda: explorer.get_by_role("radio", name=model, exact=True).check())  # noqa: B023
        for code, start in zip(codes, models[name].start(1)[0], strict=True):
            torch.testing.assert_close(code, start, rtol=1e-5, atol=1e-5)
        assert_drawn(explorer, models[name], codes)
    after(tab, lambda: explorer.get_by_role("radio", name="prior").check())
    codes = after(tab, lambda: explorer.get_by_role("radio", name="AE", exact=True).check())
    torch.testing.assert_close(codes[0], models["autoencoder"].start(1)[0][0], rtol=1e-5, atol=1e-5)


def test_plain_javascript_draws_the_same(browser, address, models):
    with watched_tab(browser, address, WIDTHS["desktop"]) as tab:
        tab.add_init_script(LISTEN + "delete globalThis.WebAssembly;")
        for name in ("vae-conv-odd", "hdvae-top-down", "spatial-odd"):
            explorer = opened(tab, address, name)
            image = f"test image {models[name].indices[1]}"
            codes = after(tab, lambda: explorer.get_by_role("radio", name=image, exact=True).check())  # noqa: B023
            assert_drawn(explorer, models[name], codes)
        assert not tab.problems
