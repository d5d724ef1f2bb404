"""HELBO: what it reduces to, how its weights act, and that its terms against dependence do their work."""

import math
import warnings

import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse.losses import (
    HELBO,
    BetaTCVAE,
    BetaVAE,
    Cyclical,
    Linear,
    gaussian_mutual_information,
    stratified_total_correlation,
)

SHAPE = (1, 8, 8)
LOSSES_WITHOUT_BOUND = ("rate", "rate_1", "rate_2", "rate_3", "negative_elbo", "distortion", "product_rate")


@pytest.fixture
def images():
    return torch.rand(16, *SHAPE, generator=torch.Generator().manual_seed(1)).round()


def hierarchy(images, dims=(4, 3, 2), **settings):
    torch.manual_seed(2)
    return vc.HDVAE(SHAPE, dims, hidden=(16,), level_hidden=(8,), **settings)(images)


def gaussian_split(pixels=4, count=1024):
    generator = torch.Generator().manual_seed(0)
    return vc.Split((0.5 + 0.15 * torch.randn(count, 1, 1, pixels, generator=generator)).clamp(0, 1))


@pytest.mark.parametrize("bound", ["chain", "product"])
@pytest.mark.parametrize("betas", [1.0, 4.0, [0.5]])
def test_one_level_is_the_beta_vae(images, betas, bound):
    beta = betas if isinstance(betas, float) else betas[0]
    for output in (hierarchy(images, (4,)), vc.VAE(SHAPE, 4, hidden=(16,))(images)):
        terms, expected = HELBO(betas, bound)(images, output), BetaVAE(beta)(images, output)
        assert {name: terms[name] for name in expected} == expected
        assert terms["product_rate"] == expected["rate"]


def test_intra_alone_on_one_level_is_the_beta_tcvae(images):
    output = hierarchy(images, (4,))
    for beta in (1.0, 6.0):
        terms = HELBO(intra=beta - 1, dataset_size=5000)(images, output)
        assert terms["loss"] == BetaTCVAE(beta, dataset_size=5000)(images, output)["loss"]


@pytest.mark.parametrize("inference", ["bottom_up", "top_down"])
def test_all_betas_of_one_give_the_negative_elbo_and_one_beta_the_beta_vae(images, inference):
    output = hierarchy(images, inference=inference)
    terms = HELBO()(images, output)
    torch.testing.assert_close(terms["loss"], terms["negative_elbo"])
    torch.testing.assert_close(terms["rate"], terms["rate_1"] + terms["rate_2"] + terms["rate_3"])
    torch.testing.assert_close(HELBO(3.0)(images, output)["loss"], BetaVAE(3.0)(images, output)["loss"])
    torch.testing.assert_close(HELBO((3, 3, 3))(images, output)["loss"], BetaVAE(3.0)(images, output)["loss"])


def test_top_down_both_bounds_are_one_and_bottom_up_they_are_two(images):
    down, up = hierarchy(images, inference="top_down"), hierarchy(images)
    assert HELBO(bound="chain")(images, down) == HELBO(bound="product")(images, down)
    chain, product = HELBO(bound="chain")(images, up), HELBO(bound="product")(images, up)
    assert chain["loss"] != product["loss"]
    # Whichever is trained, the terms report the chain.
    assert {name: chain[name] for name in LOSSES_WITHOUT_BOUND} == {
        name: product[name] for name in LOSSES_WITHOUT_BOUND
    }
    torch.testing.assert_close(product["loss"], product["distortion"] + product["product_rate"])


@pytest.mark.parametrize("bound", ["chain", "product"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_beta_weighs_its_own_level_only(images, level, bound):
    """With γ = 0, raising one β by 1 adds the rate of its level; level 1 is nearest to the image."""
    output = hierarchy(images)
    betas = [1.0, 2.0, 3.0]
    before = HELBO(betas, bound)(images, output)["loss"]
    betas[level - 1] += 10  # the first may now exceed the second
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        after = HELBO(betas, bound)(images, output)["loss"]
    own = output.levels[level - 1]
    rate = own.posterior.kl(own.prior)
    if bound == "chain" and level < 3:
        rate = own.posterior.log_prob(own.codes) - own.prior.log_prob(own.codes)
    torch.testing.assert_close(after - before, 10 * rate.sum(1).mean(), rtol=1e-4, atol=1e-4)


def test_a_schedule_acts_on_its_own_level_only(images):
    loss = HELBO((1.0, 2.0, 4.0), schedule=(Linear(10), lambda epoch: 1.0, Cyclical(4)))
    assert loss.betas_at(0, 3) == [0, 2, 0]
    assert loss.betas_at(5, 3) == pytest.approx([0.5, 2, 2])
    assert loss.betas_at(math.inf, 3) == [1, 2, 4]
    assert HELBO((1.0, 3.0), schedule=Linear(10)).betas_at(5, 2) == [0.5, 1.5]
    output = hierarchy(images)
    torch.testing.assert_close(loss(images, output, epoch=5)["loss"], HELBO((0.5, 2.0, 2.0))(images, output)["loss"])
    warming = HELBO(4.0, schedule=Linear(10))(images, output, epoch=0)
    assert warming["loss"] == warming["distortion"]
    assert warming["negative_elbo"] == HELBO()(images, output)["negative_elbo"]  # the bound knows no warm-up


def test_intra_sums_over_levels_and_inter_over_pairs(images):
    output = hierarchy(images)
    first, second, third = (level.codes for level in output.levels)
    terms, plain = HELBO(intra=3.0, inter=5.0, dataset_size=900)(images, output), HELBO()(images, output)
    within = sum(stratified_total_correlation(level, 900) for level in output.levels)
    between = sum(gaussian_mutual_information(*pair) for pair in ((first, second), (first, third), (second, third)))
    torch.testing.assert_close(terms["total_correlation"], within)
    torch.testing.assert_close(terms["inter_level_information"], between)
    torch.testing.assert_close(terms["loss"], plain["loss"] + 3 * within + 5 * between)
    assert "total_correlation" not in plain
    assert "inter_level_information" not in plain


def information_of(model, split):
    return vc.evaluate(model, split, HELBO(intra=1.0, inter=1.0, dataset_size=len(split)))


def test_inter_lowers_the_information_between_levels_and_leaves_both_at_work():
    """Top-down, with a decoder that reads both levels, each can hold its own part of four independent pixels."""
    split, found = gaussian_split(), []
    for inter in (0.0, 5.0):
        settings = {"likelihood": "gaussian", "sigma": 0.05, "hidden": (16,), "level_hidden": (16,)}
        model = vc.HDVAE((1, 1, 4), (2, 2), "top_down", "all", **settings)
        vc.fit(model, split, HELBO(0.3, inter=inter), epochs=20, learning_rate=1e-2, progress=False)
        found.append(information_of(model, split))
    without, with_it = found
    assert without["inter_level_information"] > 0.5
    assert with_it["inter_level_information"] < 0.1
    assert min(with_it["rate_1"], with_it["rate_2"]) > 0.5


def test_intra_lowers_the_total_correlation():
    """Codes that begin as copies of two pixels of correlation .9."""
    first, second = gaussian_split(2).images.unbind(3)
    mixed = torch.stack([first, 0.5 + 0.9 * (first - 0.5) + math.sqrt(0.19) * (second - 0.5)], dim=3)
    split, found = vc.Split(mixed.clamp(0, 1)), []
    for intra in (0.0, 10.0):
        model = vc.HDVAE((1, 1, 2), (2,), hidden=(), likelihood="gaussian", sigma=0.05)
        with torch.no_grad():
            encoder = model.encoder.layers[1]
            encoder.weight.copy_(torch.eye(4, 2) / 0.15)
            encoder.bias.copy_(torch.tensor([-0.5 / 0.15, -0.5 / 0.15, -2, -2]))
        loss = HELBO(intra=intra, dataset_size=len(split))
        vc.fit(model, split, loss, epochs=15, learning_rate=1e-2, progress=False)
        found.append(information_of(model, split)["total_correlation"])
    assert found[0] > 0.2
    assert found[1] < 0.6 * found[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"betas": -1.0}, "betas must be finite and ≥ 0, got -1.0"),
        ({"betas": (1.0, math.nan)}, "betas must be finite"),
        ({"betas": math.inf}, "betas must be finite"),
        ({"intra": -0.5}, "intra must be finite and ≥ 0, got -0.5"),
        ({"inter": math.nan}, "inter must be finite"),
        ({"bound": "sum"}, "bound 'sum' is unknown: choose one of chain, product"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        HELBO(**settings)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_another_number_of_betas_or_schedules_than_levels_is_refused(images, count):
    output = hierarchy(images)
    with pytest.raises(ValueError, match=f"{count} betas for 3 latent levels: give one for each, level 1 first"):
        HELBO([1.0] * count)(images, output)
    with pytest.raises(ValueError, match=f"{count} schedules for 3 latent levels"):
        HELBO(schedule=[Linear(3)] * count)(images, output)


def test_one_image_is_refused_only_where_a_term_needs_two(images, random_split):
    output = hierarchy(images[:1])
    assert HELBO()(images[:1], output)["loss"].isfinite()
    assert [HELBO().smallest_batch, HELBO(intra=1.0).smallest_batch, HELBO(inter=1.0).smallest_batch] == [1, 2, 2]
    for loss in (HELBO(intra=1.0), HELBO(inter=1.0)):
        with pytest.raises(ValueError, match="at least 2 images in a batch"):
            loss(images[:1], output)
        with pytest.raises(ValueError, match=r"HELBO needs at least 2 images in every batch.* leave one of 1"):
            vc.fit(vc.HDVAE((1, 12, 12), (2, 2)), random_split, loss, epochs=1, batch_size=199)
    with pytest.raises(ValueError, match="dataset_size 3 is smaller than a batch of 16"):
        HELBO(intra=1.0, dataset_size=3)(images, hierarchy(images))


def test_an_autoencoder_is_told_what_to_train_with(images):
    with pytest.raises(ValueError, match=r"no posterior.*train it with Reconstruction"):
        HELBO()(images, vc.Autoencoder(SHAPE, 3, hidden=(16,))(images))


def test_betas_may_be_an_array():
    assert HELBO(np.array([0.5, 0.25])).betas_at(math.inf, 2) == [0.5, 0.25]
