"""Half and double precision, rounding at the ends of [0, 1], sets of any size: models, evaluation and figures."""

import numpy as np
import pytest
import torch
from explored_models import MODELS, SHAPE, shaped

import vaecourse as vc
from vaecourse import losses
from vaecourse.evaluation import central_codes, decode, measure_units, passes, units
from vaecourse.losses import gaussian_mutual_information
from vaecourse.metrics import mse, psnr, ssim

ALL = MODELS | {"shaped": shaped, "diffusion": lambda: vc.DiffusionModel(SHAPE, 3, hidden=(16,))}
TYPES = [torch.float16, torch.bfloat16, torch.float64]


@pytest.fixture(params=ALL)
def model(request):
    return ALL[request.param]()


def loss_of(model):
    return losses.HELBO() if model.has_prior else losses.Reconstruction()


@pytest.mark.parametrize("dtype", TYPES)
def test_images_and_codes_of_any_precision_go_through_a_model(model, random_split, dtype):
    images = random_split[:5].as_floats()
    expected = model(images, sample=False)
    found = model(images.to(dtype), sample=False)
    assert found.reconstruction.mean.dtype == torch.float32
    torch.testing.assert_close(found.reconstruction.mean, expected.reconstruction.mean, atol=0.05, rtol=0.05)
    codes = [level.codes.to(dtype) for level in expected.levels]
    torch.testing.assert_close(model.decode(*codes).mean, expected.reconstruction.mean, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("dtype", TYPES)
def test_a_model_of_any_precision_is_trained_and_evaluated(model, random_split, dtype):
    single = vc.reconstruct(model, random_split)
    model.to(dtype)
    # In the mean: a deep model of large weights is far off in single pixels.
    assert (vc.reconstruct(model, random_split) - single).abs().mean() < 0.05
    assert np.isfinite(vc.evaluate(model, random_split, loss_of(model))["loss"])
    assert vc.encode(model, random_split, "all").dtype == torch.promote_types(dtype, torch.float32)
    assert decode(model, central_codes(model)).isfinite().all()
    loss = loss_of(model)(images := random_split[:20].as_floats(), model(images))["loss"]
    loss.backward()
    assert all(weights.grad is None or weights.grad.dtype == dtype for weights in model.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_of_the_caller_does_not_change_an_evaluation(model, random_split, dtype):
    plain = vc.encode(model, random_split, "all"), vc.evaluate(model, random_split, loss_of(model))
    with torch.autocast("cpu", dtype):
        cast = vc.encode(model, random_split, "all"), vc.evaluate(model, random_split, loss_of(model))
        assert vc.reconstruct(model, random_split).dtype == torch.float32
        assert torch.is_autocast_enabled("cpu")
    assert torch.equal(plain[0], cast[0])
    assert plain[1] == pytest.approx(cast[1], rel=1e-6)


@pytest.mark.parametrize(
    "loss",
    [losses.FactorVAE(2.0, (8,)), losses.BetaTCVAE(2.0), losses.DIPVAE("ii"), losses.HELBO(intra=1.0, inter=1.0)],
    ids=lambda loss: type(loss).__name__,
)
def test_losses_that_compare_images_work_under_autocast(random_split, loss):
    model = vc.VAE(SHAPE, 3, hidden=(16,))
    with torch.autocast("cpu", torch.bfloat16):
        history = vc.fit(model, random_split, loss, 1, progress=False)
    assert history["loss"][-1] == pytest.approx(
        vc.fit(vc.VAE(SHAPE, 3, hidden=(16,)), random_split, loss, 1, progress=False)["loss"][-1], rel=0.02
    )


def test_mutual_information_in_half_precision():
    codes = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    expected = gaussian_mutual_information(codes, codes.roll(1, 1))
    half = gaussian_mutual_information(codes.bfloat16(), codes.roll(1, 1).bfloat16())
    assert half.item() == pytest.approx(expected.item(), rel=0.05)


def test_rounding_at_the_ends_of_the_range_is_tolerated_and_more_is_not():
    images = torch.tensor([-5e-4, 1 + 5e-4]).repeat(1, 1, 12, 6)
    model = vc.VAE(SHAPE, 3, hidden=(16,))
    assert model(images).reconstruction.mean.isfinite().all()
    assert mse(images, images).item() == 0
    assert set(vc.Split(images).images.unique().tolist()) == {0.0, 1.0}
    for call in (model, lambda wrong: mse(wrong, wrong), vc.Split):
        with pytest.raises(ValueError, match=r"\[0, 1\], got"):
            call(images * 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_squared_errors_are_not_lost_in_half_precision(dtype):
    images = torch.zeros(2, 1, 12, 12, dtype=dtype)
    apart = torch.full_like(images, 1e-4)
    assert mse(images, apart).tolist() == pytest.approx([1e-8, 1e-8], rel=0.01)
    assert psnr(images, apart).tolist() == pytest.approx([80, 80], rel=0.01)
    assert ssim(apart, apart).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("labels", [torch.uint8, torch.int32, torch.int64, torch.bool, torch.float32, torch.float64])
def test_figures_take_codes_and_labels_of_any_type(labels):
    codes, classes = torch.randn(30, 2), (torch.arange(30) % 2).to(labels)
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        figure = vc.plots.latent_scatter(codes.to(dtype), classes, ("no", "yes"))
        assert [text.get_text() for text in figure.axes[0].texts] == ["no", "yes"]
    assert [text.get_text() for text in vc.plots.latent_scatter(codes, classes).axes[0].texts] == ["0", "1"]
    vc.plots.latent_scatter(codes.numpy(), classes.to(torch.int64) * 10**12)


def test_labels_that_are_no_classes_are_refused():
    codes = torch.randn(30, 2)
    for labels in (torch.rand(30), torch.full((30,), torch.nan), np.array(["a"] * 30)):
        with pytest.raises(ValueError, match="labels are whole numbers"):
            vc.plots.latent_scatter(codes, labels)


def test_maps_of_codes_that_show_nothing_are_refused_in_words():
    with pytest.raises(ValueError, match="the codes of all images are the same: the model has collapsed"):
        vc.plots.umap(torch.full((50, 3), 0.1))
    for codes in (torch.full((50, 2), torch.nan), torch.full((50, 2), 1e20)):
        for figure in (vc.plots.umap, vc.plots.latent_scatter):
            with pytest.raises(ValueError, match="the model has diverged"):
                figure(codes)


@pytest.mark.parametrize("count", [2, 3, 500, 501, 1001, 250_001, 499 * 500 + 1])
def test_no_batch_of_an_evaluation_is_of_a_single_image(count):
    split = vc.Split(torch.zeros(count, 1, 1, 1, dtype=torch.uint8))
    sizes = [len(images) for images in passes._batches(split)]
    assert sum(sizes) == count
    assert min(sizes) > 1


def test_a_single_image_is_refused_to_a_loss_that_compares_images(random_split):
    model, loss = vc.VAE(SHAPE, 3, hidden=(16,)), losses.DIPVAE()
    with pytest.raises(ValueError, match="DIPVAE is evaluated on at least 2 images, the split has 1"):
        vc.evaluate(model, random_split[:1], loss)
    before = vc.encode(model, random_split)
    with pytest.raises(ValueError, match="DIPVAE is evaluated on at least 2 images, the split has 1"):
        vc.fit(model, random_split, loss, 1, test=random_split[:1], progress=False)
    assert torch.equal(vc.encode(model, random_split), before)
    vc.fit(model, random_split, losses.BetaVAE(), 1, test=random_split[:1], metrics="mse", progress=False)


@pytest.mark.parametrize("loss", [losses.BetaTCVAE(2.0, 100), losses.HELBO(intra=1.0, dataset_size=100)])
def test_more_images_may_be_evaluated_at_once_than_were_trained_on(random_split, loss):
    model = vc.VAE(SHAPE, 3, hidden=(16,))
    history = vc.fit(model, random_split[:100], loss, 1, test=random_split, progress=False)
    assert np.isfinite(history["test_total_correlation"]).all()


def test_units_added_up_batch_by_batch_are_those_of_all_codes_at_once(model, random_split, monkeypatch):
    monkeypatch.setattr(passes, "EVALUATION_BATCH", 30)
    measured = measure_units(model, random_split)
    means, widths = units.posteriors_of(model, random_split)
    for found, codes, width in zip(measured, means, widths, strict=True):
        assert (found.low <= codes.amin(0)).all()
        assert (found.high >= codes.amax(0)).all()
        if found.quantity == "variance":
            torch.testing.assert_close(found.importance, codes.var(0))
        if not torch.equal(found.spread, torch.ones_like(found.spread)):
            spread = (codes.var(0) + (0 if width is None else (width**2).mean(0))).sqrt()
            torch.testing.assert_close(found.spread, spread.clamp(min=units.NARROWEST))
            torch.testing.assert_close(found.centre, codes.mean(0))


def test_scores_of_a_whole_set_look_at_a_batch_at_a_time(random_split, monkeypatch):
    monkeypatch.setattr(passes, "EVALUATION_BATCH", 30)
    model, sizes = vc.VAE(SHAPE, 3, hidden=(16,)), []

    def score(images, pictures):
        sizes.append(len(images))
        return mse(images, pictures)

    found = passes.mean_scores(model, random_split, {"mse": score})
    pictures = vc.reconstruct(model, random_split)
    assert found["mse"] == pytest.approx(mse(random_split.as_floats(), pictures).mean().item())
    assert max(sizes) <= 30
