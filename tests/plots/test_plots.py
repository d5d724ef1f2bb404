"""Figures show what the model computes, in the right order, and leave the caller's settings alone."""

import math
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

import vaecourse as vc
from vaecourse import plots
from vaecourse.evaluation import measure_units
from vaecourse.explorers import Exploration
from vaecourse.plots.style import INK
from vaecourse.randomness import seeded

SHAPE = (1, 12, 12)


@pytest.fixture
def vae():
    return vc.VAE(SHAPE, 4, hidden=(16,))


@pytest.fixture
def plane_vae():
    return vc.VAE(SHAPE, 2, hidden=(16,))


@pytest.fixture
def autoencoder():
    return vc.Autoencoder(SHAPE, 4, hidden=(16,))


def shown(figure: Figure) -> torch.Tensor:
    """The pictures of a figure, (N, H, W), in the order in which they were drawn."""
    return torch.stack([torch.as_tensor(np.asarray(image.get_array())) for image in figure.axes[0].images])


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


@torch.no_grad()
def decoded(model, codes: torch.Tensor) -> torch.Tensor:
    return model.decode(codes).mean[:, 0]


def luminance(colour) -> float:
    """Relative luminance by WCAG 2."""
    values = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in matplotlib.colors.to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], values))


@pytest.mark.parametrize("page", ["white", "#121212"])
def test_text_reads_on_light_and_dark_pages(page):
    low, high = sorted([luminance(INK), luminance(page)])
    assert (high + 0.05) / (low + 0.05) >= 4


def test_figures_are_transparent_and_the_callers_settings_stay(vae, random_split):
    before = dict(matplotlib.rcParams)
    figure = plots.reconstructions(vae, random_split)
    plots.unit_rates(vae, random_split)
    assert dict(matplotlib.rcParams) == before
    pixels = np.asarray(Image.open(BytesIO(figure._repr_png_())))
    assert pixels[0, 0, 3] == 0
    assert pixels[..., 3].max() == 255


def test_images_are_shown_row_by_row_with_their_titles(random_split):
    figure = plots.images(random_split.images[:5], titles=list("abcde"), columns=3, row_labels=["first", "second"])
    assert torch.equal(shown(figure), random_split.as_floats()[:5, 0])
    assert texts(figure) == ["a", "b", "c", "first", "d", "e", "second"]
    lefts, _, bottoms, tops = np.array([image.get_extent() for image in figure.axes[0].images]).T
    assert (np.diff(lefts[:3]) > 0).all()
    assert lefts[3] == lefts[0]
    assert tops[3] > bottoms[0]  # the axis points downwards
    columns = plots.images(random_split.images[:6], titles=list("abc"), columns=3)
    assert texts(columns) == ["a", "b", "c"]


def test_colour_images_and_floats_beyond_the_range():
    figure = plots.images(torch.tensor([-1.0, 0.5, 2.0]).expand(1, 4, 3, 3).permute(0, 3, 1, 2))
    assert shown(figure)[0, 0, 0].tolist() == [0, 0.5, 1]


def test_images_refuses_what_does_not_fit(random_split):
    with pytest.raises(ValueError, match=r"shape \(N, 1 or 3, H, W\)"):
        plots.images(torch.zeros(12, 12))
    with pytest.raises(ValueError, match="2 titles for 4 images in 4 columns"):
        plots.images(random_split.images[:4], titles=["a", "b"])
    with pytest.raises(ValueError, match="1 row labels for 2 rows"):
        plots.images(random_split.images[:4], columns=2, row_labels=["a"])


@pytest.mark.parametrize("kind", [vc.VAE, vc.Autoencoder])
def test_reconstructions_stand_below_their_originals(kind, random_split):
    model = kind(SHAPE, 4, hidden=(16,))
    figure = plots.reconstructions(model, random_split, count=12)
    original, reconstruction = random_split.as_floats()[:12, 0], vc.reconstruct(model, random_split[:12])[:, 0]
    expected = torch.cat([original[:10], reconstruction[:10], original[10:], reconstruction[10:]])
    torch.testing.assert_close(shown(figure), expected)
    assert texts(figure) == ["original", "reconstruction"] * 2


def test_originals_of_a_dynamic_split_are_the_draws_that_the_model_saw(vae, random_split):
    figure = plots.reconstructions(vae, random_split.binarized(), count=3)
    original, reconstruction = shown(figure).split(3)
    assert original.unique().tolist() == [0, 1]
    with torch.no_grad():
        expected = vae(original[:, None], sample=False).reconstruction.mean[:, 0]
    torch.testing.assert_close(reconstruction, expected)


def test_enlarged_pictures_get_no_shades_of_their_own():
    checkers = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(14, 14).expand(12, 1, 28, 28)
    buffer = BytesIO()
    plots.images(checkers, columns=12).savefig(buffer, transparent=True)  # 2.7 dots a pixel
    red, opacity = np.asarray(Image.open(buffer).convert("RGBA"))[..., [0, 3]].reshape(-1, 2).T
    assert set(red[opacity == 255].tolist()) == {0, 255}


def test_samples_are_the_models_own(vae):
    torch.testing.assert_close(shown(plots.samples(vae, count=12, seed=3)), vae.generate(12, seed=3)[:, 0])


def test_paths_end_exactly_at_their_ends():
    start, end = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    for path in (plots.linear_path, plots.spherical_path):
        codes = path(start, end, 7)
        assert torch.equal(codes[0], start)
        assert torch.equal(codes[-1], end)
    torch.testing.assert_close(plots.linear_path(start, end, 7)[3], (start + end) / 2)


def test_spherical_path_keeps_the_length_and_turns_evenly():
    start, end = torch.eye(3)[:2]
    codes = plots.spherical_path(start, end, 4)
    angles = torch.linspace(0, math.pi / 2, 4)
    torch.testing.assert_close(codes, torch.stack([angles.cos(), angles.sin(), torch.zeros(4)], dim=1))
    torch.testing.assert_close(plots.linear_path(start, end, 3)[1].norm(), torch.tensor(math.sqrt(0.5)))


@pytest.mark.parametrize("end", [[2.0, 4.0], [-1.0, -2.0], [0.0, 0.0], [1.0, 2.0]])
def test_spherical_path_between_parallel_codes_is_the_straight_line(end):
    start, end = torch.tensor([1.0, 2.0]), torch.tensor(end)
    torch.testing.assert_close(plots.spherical_path(start, end, 5), plots.linear_path(start, end, 5))


def test_interpolation_goes_from_original_to_original_through_the_decoded_path(vae, random_split):
    figure = plots.interpolation(vae, random_split, 7, 2, steps=5, kind="both")
    linear, spherical = shown(figure).split(7)
    start, end = vc.encode(vae, random_split[[7, 2]])
    for row, path in ((linear, plots.linear_path), (spherical, plots.spherical_path)):
        assert torch.equal(row[0], random_split.as_floats()[7, 0])
        assert torch.equal(row[-1], random_split.as_floats()[2, 0])
        torch.testing.assert_close(row[1:-1], decoded(vae, path(start, end, 5)))
    ends = "original"
    assert texts(figure) == [ends, "0", "0.25", "0.5", "0.75", "1", ends, "linear", "spherical"]


def test_interpolation_refuses_what_it_cannot_do(vae, random_split):
    with pytest.raises(ValueError, match="choose linear, spherical or both"):
        plots.interpolation(vae, random_split, 0, 1, kind="cubic")
    with pytest.raises(IndexError, match="image 200 is outside the split of 200 images"):
        plots.interpolation(vae, random_split, 0, 200)
    with pytest.raises(ValueError, match="steps must be at least 2"):
        plots.interpolation(vae, random_split, 0, 1, steps=1)


@torch.no_grad()
def test_traversal_orders_units_by_rate_and_moves_one_at_a_time(vae, random_split):
    vae.encoder.layers[-1].bias[:4] = torch.tensor([1.0, 3.0, 0.0, 2.0])  # means: rates in the order 1, 3, 0, 2
    figure = plots.traversal(vae, random_split, steps=5)
    rows = shown(figure).split(5)
    for row, unit in zip(rows, [1, 3, 0, 2], strict=True):
        codes = torch.zeros(5, 4)
        codes[:, unit] = torch.tensor([-3, -1.5, 0, 1.5, 3])
        torch.testing.assert_close(row, decoded(vae, codes))
    rate = vae.encode(random_split.as_floats()).kl().mean(0)
    labels = texts(figure)
    assert labels[:5] == ["−3σ", "−1.5σ", "0", "+1.5σ", "+3σ"]
    assert labels[5:] == [f"unit {unit}\n{rate[unit]:.2f} nats" for unit in [1, 3, 0, 2]]


def test_traversal_around_an_image_keeps_its_other_units(vae, random_split):
    figure = plots.traversal(vae, random_split, index=5, units=[2], steps=3)
    codes = vc.encode(vae, random_split[5:6]).repeat(3, 1)
    codes[:, 2] = torch.tensor([-3.0, 0, 3])
    torch.testing.assert_close(shown(figure), decoded(vae, codes))


def test_traversal_of_an_autoencoder_follows_the_spread_of_its_codes(autoencoder, random_split):
    codes = vc.encode(autoencoder, random_split)
    figure = plots.traversal(autoencoder, random_split, steps=3)
    unit = codes.var(0).argmax().item()
    expected = codes.mean(0).repeat(3, 1)
    expected[:, unit] += torch.tensor([-3.0, 0, 3]) * codes[:, unit].std()
    torch.testing.assert_close(shown(figure)[:3], decoded(autoencoder, expected))
    assert "variance" in texts(figure)[3]


def test_traversal_shows_at_most_ten_units_unless_asked(random_split):
    model = vc.VAE(SHAPE, 12, hidden=(16,))
    assert len(shown(plots.traversal(model, random_split, steps=2))) == 20
    with pytest.raises(ValueError, match=r"units \[12\] do not exist: the level has units 0 to 11"):
        plots.traversal(model, random_split, units=[0, 12])
    with pytest.raises(ValueError, match="units is empty"):
        plots.traversal(model, random_split, units=[])


def test_manifold_shows_quantiles_of_the_prior_upwards(plane_vae):
    figure = plots.manifold(plane_vae, steps=3)
    (picture,) = shown(figure)
    tiles = picture.unflatten(0, (3, 12)).unflatten(2, (3, 12)).permute(0, 2, 1, 3)
    far = 0.9674216  # the 5/6 quantile of N(0, 1)
    torch.testing.assert_close(tiles[1, 1], decoded(plane_vae, torch.zeros(1, 2))[0])
    torch.testing.assert_close(tiles[0, 2], decoded(plane_vae, torch.tensor([[far, far]]))[0])
    torch.testing.assert_close(tiles[2, 1], decoded(plane_vae, torch.tensor([[0, -far]]))[0])
    axes = figure.axes[0]
    assert axes.get_ylim() == (0, 3)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["−0.97", "0", "0.97"]


def test_what_needs_a_prior_or_two_units_says_so(vae, random_split):
    plane = vc.Autoencoder(SHAPE, 2, hidden=(16,))
    with pytest.raises(TypeError, match="samples need a prior to take codes from, and Autoencoder has none"):
        plots.samples(plane)
    with pytest.raises(TypeError, match="a manifold needs a prior"):
        plots.manifold(plane)
    with pytest.raises(ValueError, match="this model has 4"):
        plots.manifold(vae)
    with pytest.raises(ValueError, match="this model has 4"):
        plots.posteriors(vae, random_split)
    with pytest.raises(ValueError, match="Autoencoder has no posterior: its codes are points"):
        plots.posteriors(plane, random_split)
    with pytest.raises(ValueError, match="Autoencoder has no posterior and so no rate"):
        plots.unit_rates(plane, random_split)


def test_scatter_shows_each_code_once_and_names_each_label_at_its_median():
    codes = torch.tensor([[0.0, 0], [1, 5], [2, 1], [10, 10]])
    figure = plots.latent_scatter(codes, torch.tensor([0, 0, 0, 2]), ["zero", "one", "two"])
    axes = figure.axes[0]
    points = np.concatenate([group.get_offsets() for group in axes.collections])
    assert np.array_equal(points, codes.numpy())
    assert {text.get_text(): text.xy for text in axes.texts} == {"zero": (1, 1), "two": (10, 10)}
    assert len({tuple(group.get_facecolor()[0]) for group in axes.collections}) == 2


def test_scatter_draws_into_given_axes_and_without_labels():
    figure, (_, right) = plots.panels(1, 2)
    assert plots.latent_scatter(torch.randn(30, 2), ax=right) is figure
    assert len(right.collections[0].get_offsets()) == 30


def test_scatter_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"codes of shape \(N, 2\), got \(5, 3\): see umap"):
        plots.latent_scatter(torch.zeros(5, 3), torch.zeros(5))
    with pytest.raises(ValueError, match="5 codes need 5 labels"):
        plots.latent_scatter(torch.zeros(5, 2), torch.zeros(4))
    with pytest.raises(ValueError, match="labels 0 to 2 do not number 2 names"):
        plots.latent_scatter(torch.zeros(5, 2), torch.tensor([0, 1, 2, 0, 1]), ["a", "b"])
    with pytest.raises(ValueError, match="labels -1 to 1 do not number 3 names"):
        plots.latent_scatter(torch.zeros(3, 2), torch.tensor([-1, 0, 1]), ["a", "b", "c"])
    with pytest.raises(ValueError, match="at least 20 codes"):
        plots.umap(torch.zeros(5, 3), torch.zeros(5))


def test_labels_below_zero_have_their_own_colours_and_names():
    figure = plots.latent_scatter(torch.randn(6, 2), torch.tensor([-1, 0, 1, -1, 0, 1]))
    assert [text.get_text() for text in figure.axes[0].texts] == ["-1", "0", "1"]
    colours = {tuple(points.get_facecolor()[0]) for points in figure.axes[0].collections}
    assert len(colours) == 3


def test_figure_and_explorer_move_a_unit_alike(hierarchy, random_split):
    """The levels below keep their noise in both."""
    exploration = Exploration(hierarchy, random_split, starts=[3])
    codes, _ = exploration.start(0)
    units = measure_units(hierarchy, random_split)[1]
    values = units.centre[1] + units.spread[1] * torch.tensor([-3.0, 0.0, 3.0])
    expected = exploration.decode(exploration.move(codes, 2, 1, values))
    figure = plots.traversal(hierarchy, random_split, index=3, units=[1], steps=3, level=2)
    torch.testing.assert_close(shown(figure), expected[:, 0])


def test_umap_without_a_folder_for_what_numba_compiles_says_what_helps(monkeypatch):
    def refuse(name):
        raise RuntimeError(f"cannot cache function {name!r}: no locator available")

    module = ModuleType("umap")
    module.__getattr__ = refuse
    monkeypatch.setitem(sys.modules, "umap", module)
    with pytest.raises(OSError, match="NUMBA_CACHE_DIR to a folder that can be written to"):
        plots.umap(torch.randn(30, 3))


def test_umap_leaves_torch_its_number_of_threads():
    # In a process of its own: numba sets the number once, when it starts its threads.
    code = "import torch, vaecourse as vc; vc.plots.umap(torch.randn(30, 4)); print(torch.get_num_threads())"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2", "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_umap_keeps_what_it_compiles_for_the_next_process():
    plots.umap(torch.randn(30, 4))
    from umap import umap_

    for function in (umap_.smooth_knn_dist, umap_.compute_membership_strengths):
        assert Path(function.stats.cache_path).is_dir()


def test_umap_separates_two_clusters_and_repeats_itself():
    codes = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    codes[30:] += 20
    labels = torch.arange(60) // 30
    first, second = (plots.umap(codes, labels, seed=1).axes[0].collections for _ in range(2))
    left, right = (group.get_offsets().data for group in first)
    assert np.array_equal(left, second[0].get_offsets().data)
    widest = max(np.ptp(cluster, axis=0).max() for cluster in (left, right))
    assert np.linalg.norm(left.mean(0) - right.mean(0)) > widest


def test_posteriors_are_ellipses_of_one_standard_deviation(plane_vae, random_split):
    axes = plots.posteriors(plane_vae, random_split, count=20).axes[0]
    posterior = plane_vae.encode(random_split.as_floats()[:20])
    expected = torch.cat([posterior.mean, 2 * posterior.std], dim=1).detach().numpy()
    *ellipses, inner, outer = axes.patches
    drawn = np.array([[*ellipse.center, ellipse.width, ellipse.height] for ellipse in ellipses])
    # The ellipses are drawn label by label.
    np.testing.assert_allclose(drawn, expected[random_split.labels[:20].argsort(stable=True)], rtol=1e-4)
    assert (inner.radius, outer.radius) == (1, 2)


@torch.no_grad()
def test_unit_rates_are_sorted_and_tell_active_units(vae, random_split):
    vae.encoder.layers[-1].weight[:4] *= torch.tensor([30.0, 0, 0, 10])[:, None]  # only units 0 and 3 see the image
    axes = plots.unit_rates(vae, random_split).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    rate = vae.encode(random_split.as_floats()).kl().mean(0)
    assert heights == pytest.approx(rate.sort(descending=True).values.tolist(), rel=1e-5)
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["0", "3"]
    assert axes.get_title().startswith("2 of 4 units active")
    assert axes.patches[0].get_facecolor() == axes.patches[1].get_facecolor() != axes.patches[2].get_facecolor()


@pytest.fixture
def history():
    rows = [{"epoch": 0, "test_loss": 9.0}]
    rows += [{"epoch": k, "loss": 5.0 - k, "test_loss": 6.0 - k, "psnr": 20.0 + k} for k in (1, 2, 3)]
    return vc.History(rows)


def test_history_draws_train_solid_and_test_dashed(history):
    (axes,) = plots.history(history).axes
    train, test = axes.lines
    assert train.get_xydata().tolist() == [[1, 4], [2, 3], [3, 2]]
    assert test.get_xydata().tolist() == [[1, 5], [2, 4], [3, 3]]
    assert (train.get_linestyle(), test.get_linestyle()) == ("-", "--")
    assert plots.history(history, first_epoch=0).axes[0].lines[1].get_ydata()[0] == 9


def test_histories_share_one_legend_and_have_a_panel_for_each_name(history):
    figure = plots.history({"a": history, "b": history}, names=("loss", "psnr"))
    assert [axes.get_title() for axes in figure.axes] == ["loss", "PSNR"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["nats per image", "dB"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "train", "test"]
    first, _, second, _ = figure.axes[0].lines
    assert first.get_color() != second.get_color()
    assert len(plots.history(history, names=["loss"] * 4).axes) == 4


def test_history_names_what_it_has(history):
    with pytest.raises(KeyError, match="history has no 'rate': it has epoch, test_loss, loss, psnr"):
        plots.history(history, names=["rate"])
    with pytest.raises(ValueError, match="at least one history and one name"):
        plots.history({})


def test_rate_distortion_marks_the_best_bound():
    axes = plots.rate_distortion({"β = 1": (25.0, 79.0), "sweep": ([5, 40], [120, 70])}).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["β = 1", "sweep"]
    point, sweep, bound = axes.lines
    assert point.get_xydata().tolist() == [[25, 79]]
    assert sweep.get_xydata().tolist() == [[5, 120], [40, 70]]
    assert bound.get_slope() == -1
    assert bound.get_xy1() == (0, 104)
    points_only = plots.rate_distortion({"β = 1": (25.0, 79.0), "β = 4": (9.0, 99.0)})
    assert texts(points_only) == ["β = 1", "β = 4"]
    assert points_only.axes[0].get_legend() is None
    with pytest.raises(ValueError, match="no points"):
        plots.rate_distortion({})
    with pytest.raises(ValueError, match="as many distortions as rates for 'x'"):
        plots.rate_distortion({"x": ([1, 2, 3], [1])})


@pytest.fixture
def hierarchy():
    """Three levels whose priors and decoder differ from the identity, so that every level changes the picture."""
    return vc.HDVAE(SHAPE, (4, 3, 2), hidden=(16,), level_hidden=(8,))


@torch.no_grad()
def means(model, split: vc.data.Split) -> list[torch.Tensor]:
    return [level.codes for level in model(split.as_floats(), sample=False).levels]


def test_traversal_of_an_upper_level_descends_from_it(hierarchy, random_split):
    """Unit 1 of level 2 moves over the codes that occur, level 3 stays, level 1 keeps its noise."""
    codes = means(hierarchy, random_split)
    figure = plots.traversal(hierarchy, random_split, index=3, units=[1], steps=3, level=2)
    with torch.no_grad():
        posterior = hierarchy.infer(random_split.as_floats(), sample=False)[1].posterior
        spread = (codes[1][:, 1].var() + posterior.variance[:, 1].mean()).sqrt()
        moved = codes[1][3].repeat(3, 1)
        moved[:, 1] = codes[1][:, 1].mean() + spread * torch.tensor([-3.0, 0.0, 3.0])
        before, after = hierarchy.prior(codes[1][3:4], codes[2][3:4]), hierarchy.prior(moved, codes[2][3].repeat(3, 1))
        noise = (codes[0][3] - before.mean) / before.std
    torch.testing.assert_close(shown(figure), decoded(hierarchy, after.mean + noise * after.std))


def test_traversal_of_the_top_level_goes_along_its_prior(hierarchy, random_split):
    figure = plots.traversal(hierarchy, random_split, units=[0], steps=3, level=3)
    top = torch.tensor([[-3.0, 0.0], [0.0, 0.0], [3.0, 0.0]])
    torch.testing.assert_close(shown(figure), decoded(hierarchy, hierarchy.descend(top)[0]))


def test_traversal_of_a_degree_leaves_the_other_degrees(random_split):
    model = vc.PHVAE(SHAPE, 2, degree=2, hidden=(16,))
    codes = means(model, random_split)
    figure = plots.traversal(model, random_split, index=0, units=[1], steps=2, level=2)
    second = codes[1][:1].repeat(2, 1)
    second[:, 1] = torch.tensor([-3.0, 3.0])
    with torch.no_grad():
        expected = model.decode(codes[0][:1].repeat(2, 1), second).mean[:, 0]
    torch.testing.assert_close(shown(figure), expected)


def test_traversal_refuses_a_level_that_does_not_exist(hierarchy, random_split):
    with pytest.raises(ValueError, match="no level 4"):
        plots.traversal(hierarchy, random_split, level=4)


def test_interpolation_of_upper_levels(hierarchy, random_split):
    codes = means(hierarchy, random_split)
    figure = plots.interpolation(hierarchy, random_split, 0, 1, steps=3, level=3)
    middle = codes[2][:2].mean(0, keepdim=True)
    torch.testing.assert_close(shown(figure)[2:3], decoded(hierarchy, hierarchy.descend(middle)[0]))


def test_level_reconstructions_keep_fewer_levels_row_by_row(hierarchy, random_split):
    figure = plots.level_reconstructions(hierarchy, random_split, count=2)
    rows = shown(figure).view(4, 2, *SHAPE[1:])
    torch.testing.assert_close(rows[0], random_split.as_floats()[:2, 0])
    for level in (1, 2, 3):
        torch.testing.assert_close(rows[level], vc.reconstruct(hierarchy, random_split[:2], level=level)[:, 0])
    assert texts(figure) == ["original", "from levels 1–3", "from levels 2–3", "from level 3"]


def test_held_levels_change_what_is_below_them_only(hierarchy, random_split):
    figure = plots.held_levels(hierarchy, random_split, index=2, count=3)
    pictures = shown(figure).view(3, 4, *SHAPE[1:])
    assert all(torch.equal(row[0], random_split.as_floats()[2, 0]) for row in pictures)
    torch.testing.assert_close(pictures[2, 1:], hierarchy.generate(3)[:, 0])
    codes = [code[2:3].repeat(3, 1) for code in means(hierarchy, random_split)]
    for row, level in enumerate((2, 3)):
        with seeded(0):
            first, *_ = hierarchy.descend(*codes[level - 1 :], sample=True)
        torch.testing.assert_close(pictures[row, 1:], decoded(hierarchy, first))
    assert not torch.equal(shown(figure), shown(plots.held_levels(hierarchy, random_split, index=2, count=3, seed=1)))


@pytest.mark.parametrize("plot", [plots.level_reconstructions, lambda m, s: plots.held_levels(m, s, 0)])
def test_figures_of_levels_want_a_hierarchy(vae, random_split, plot):
    with pytest.raises(TypeError, match="no levels below others"):
        plot(vae, random_split)


def test_unit_rates_of_a_level(hierarchy, random_split):
    bars = plots.unit_rates(hierarchy, random_split, level=3).axes[0].patches
    assert len(bars) == 2
    with torch.no_grad(), seeded(0):
        level = hierarchy(random_split.as_floats()).levels[2]
    expected = level.posterior.kl(level.prior).mean(0).sort(descending=True).values
    torch.testing.assert_close(torch.tensor([bar.get_height() for bar in bars]).float(), expected)


def test_the_style_can_be_set_for_the_whole_session():
    with matplotlib.rc_context():
        vc.plots.use_style()
        assert matplotlib.rcParams["axes.edgecolor"] == vc.plots.style.__globals__["INK"]
        assert matplotlib.rcParams["axes.spines.top"] is False
