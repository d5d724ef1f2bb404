"""The losses against torch.distributions, closed forms and sums done by hand."""

import math
from dataclasses import replace

import pytest
import torch
from torch import distributions as td

import vaecourse as vc
from vaecourse.losses import BetaVAE, Capacity, Cosine, Cyclical, Linear, Reconstruction, distortion, rates
from vaecourse.models import Level, Output

SHAPE = (1, 8, 8)


@pytest.fixture
def images():
    return torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(1)).round()


@pytest.fixture
def output(images):
    """What a VAE of three units returns for the images, one posterior sample each."""
    torch.manual_seed(2)
    return vc.VAE(SHAPE, 3, hidden=(16,))(images)


def level(mean, log_variance=None):
    """A level whose posterior has these parameters and whose prior is N(0, I)."""
    mean = torch.as_tensor(mean)
    log_variance = torch.zeros_like(mean) if log_variance is None else torch.as_tensor(log_variance)
    posterior = vc.DiagonalGaussian(mean, log_variance)
    return Level(mean, posterior, vc.DiagonalGaussian.standard_like(mean))


def negative_elbo_by_torch(images, output):
    """The mean over images of −ELBO from torch's own distributions, from the same sample."""
    posterior = output.levels[0].posterior
    q, p = td.Normal(posterior.mean, posterior.std), td.Normal(0.0, 1.0)
    log_likelihood = td.Bernoulli(logits=output.reconstruction.logits).log_prob(images).sum((1, 2, 3))
    return (td.kl_divergence(q, p).sum(1) - log_likelihood).mean()


def test_beta_of_one_is_the_negative_elbo(images, output):
    terms = BetaVAE()(images, output)
    torch.testing.assert_close(terms["loss"], negative_elbo_by_torch(images, output))
    torch.testing.assert_close(terms["negative_elbo"], terms["loss"])
    torch.testing.assert_close(terms["distortion"] + terms["rate"], terms["loss"])
    assert terms["rate"] > 0


@pytest.mark.parametrize("beta", [0.0, 0.5, 4.0])
def test_beta_weighs_the_rate_and_nothing_else(images, output, beta):
    terms, plain = BetaVAE(beta)(images, output), BetaVAE()(images, output)
    torch.testing.assert_close(terms["loss"], plain["distortion"] + beta * plain["rate"])
    for name in ("distortion", "rate", "negative_elbo"):
        assert terms[name] == plain[name]


def test_squared_error_with_beta_is_a_gaussian_with_variance_of_half_beta(images):
    beta, pixels = 3.0, math.prod(SHAPE)
    torch.manual_seed(0)
    output = vc.VAE(SHAPE, 3, hidden=(16,), likelihood="gaussian", sigma=math.sqrt(beta / 2))(images)
    terms = BetaVAE()(images, output)
    squared = ((images - output.reconstruction.mean) ** 2).sum((1, 2, 3)).mean()
    expected = (squared + beta * terms["rate"]) / beta + pixels / 2 * math.log(math.pi * beta)
    torch.testing.assert_close(terms["loss"], expected)


def test_repeating_the_batch_changes_no_term(images, output):
    def twice(values):
        return torch.cat([values, values])

    posterior = output.levels[0].posterior
    doubled = Output(
        vc.BernoulliImages(twice(output.reconstruction.logits)),
        [level(twice(posterior.mean), twice(posterior.log_variance))],
    )
    for loss in (BetaVAE(4.0), Capacity(5.0, gamma=10.0, epochs=3), Reconstruction()):
        expected, terms = loss(images, output), loss(twice(images), doubled)
        assert terms.keys() == expected.keys()
        for name, value in terms.items():
            torch.testing.assert_close(value, expected[name])


def test_terms_are_sums_over_pixels_and_units(images, output):
    """Pictures twice as wide have twice the distortion; a code written twice has twice the rate."""
    terms = BetaVAE()(images, output)
    posterior = output.levels[0].posterior
    tiled = replace(output, reconstruction=vc.BernoulliImages(output.reconstruction.logits.repeat(1, 1, 1, 2)))
    wide = BetaVAE()(images.repeat(1, 1, 1, 2), tiled)
    torch.testing.assert_close(wide["distortion"], 2 * terms["distortion"])
    torch.testing.assert_close(wide["rate"], terms["rate"])
    units_twice = level(posterior.mean.repeat(1, 2), posterior.log_variance.repeat(1, 2))
    doubled = BetaVAE()(images, replace(output, levels=[units_twice]))
    torch.testing.assert_close(doubled["rate"], 2 * terms["rate"])
    torch.testing.assert_close(doubled["distortion"], terms["distortion"])


def test_the_rates_of_all_levels_add_up(images, output):
    second = level(torch.full((6, 2), 2.0))  # KL(N(2, 1)‖N(0, 1)) = 2²/2 = 2 nats for each of two units
    per_level = rates(replace(output, levels=[*output.levels, second]))
    assert [tuple(rate.shape) for rate in per_level] == [(6, 3), (6, 2)]
    both = BetaVAE()(images, replace(output, levels=[*output.levels, second]))
    torch.testing.assert_close(both["rate"], BetaVAE()(images, output)["rate"] + 4.0)


def test_distortion_of_grey_images_is_least_at_the_images_and_not_zero():
    grey = torch.tensor([0.2, 0.5, 0.9, 0.99]).reshape(1, 1, 2, 2)
    entropy = td.Bernoulli(probs=grey).entropy().sum()
    logits = grey.logit().requires_grad_()
    value = distortion(grey, Output(vc.BernoulliImages(logits), []))
    torch.testing.assert_close(value, entropy.reshape(1))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))


def test_gravity_of_the_origin():
    """∂KL/∂μ = μ, and the variance is drawn to 1."""
    mean = torch.tensor([[-2.0, 0.0, 0.7]], requires_grad=True)
    log_variance = torch.tensor([[-1.0, 0.0, 0.5]], requires_grad=True)
    (rate,) = rates(Output(None, [level(mean, log_variance)]))
    by_mean, by_log_variance = torch.autograd.grad(rate.sum(), (mean, log_variance))
    torch.testing.assert_close(by_mean, mean.detach())
    torch.testing.assert_close(by_log_variance, 0.5 * (log_variance.detach().exp() - 1))


@pytest.mark.parametrize(
    "loss", [BetaVAE(), BetaVAE(0.0), Capacity(5.0, 10.0, 3), Reconstruction()], ids=["VAE", "β=0", "capacity", "AE"]
)
def test_gradients_reach_mean_and_variance_of_the_encoder(images, loss):
    model = vc.VAE(SHAPE, 3, hidden=(16,))
    loss(images, model(images))["loss"].backward()
    last = model.encoder.layers[-1].weight.grad  # three rows for the means, three for the log variances
    assert (last.abs().sum(1) > 0).all()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


def test_an_autoencoder_has_no_rate_and_is_told_so(images):
    output = vc.Autoencoder(SHAPE, 3, hidden=(16,))(images)
    with pytest.raises(ValueError, match=r"no posterior.*train it with Reconstruction"):
        BetaVAE()(images, output)
    terms = Reconstruction()(images, output)
    assert terms["loss"] == terms["distortion"] == distortion(images, output).mean()
    assert set(terms) == {"loss", "distortion"}


@pytest.mark.parametrize("beta", [-0.1, math.nan, math.inf])
def test_a_beta_that_means_nothing_is_refused(beta):
    with pytest.raises(ValueError, match="beta must be a finite number ≥ 0"):
        BetaVAE(beta)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_capacity_settings_that_mean_nothing_are_refused(value):
    with pytest.raises(ValueError, match="capacity and gamma must be finite numbers ≥ 0"):
        Capacity(value, gamma=1.0, epochs=1)
    with pytest.raises(ValueError, match="capacity and gamma must be finite numbers ≥ 0"):
        Capacity(1.0, gamma=value, epochs=1)
    with pytest.raises(ValueError, match="epochs > 0"):
        Capacity(1.0, gamma=1.0, epochs=0)


@pytest.mark.parametrize("epochs", [0, -3, math.nan, math.inf])
def test_a_linear_schedule_needs_a_length(epochs):
    with pytest.raises(ValueError, match="epochs > 0"):
        Linear(epochs)


@pytest.mark.parametrize(
    "settings", [{"period": 0}, {"period": math.inf}, {"period": 4, "ramp": 0}, {"period": 4, "ramp": 1.1}]
)
def test_a_cyclical_schedule_needs_a_period_and_a_ramp(settings):
    with pytest.raises(ValueError, match="period > 0 and 0 < ramp ≤ 1"):
        Cyclical(**settings)


def test_linear_schedule_rises_evenly_and_ends_without_a_jump():
    schedule = Linear(30)
    assert [schedule(epoch) for epoch in (0, 7.5, 15, 30, 31, math.inf)] == [0, 0.25, 0.5, 1, 1, 1]
    steps = [schedule((k + 1) / 10) - schedule(k / 10) for k in range(400)]
    assert max(steps) == pytest.approx(0.1 / 30)  # also across its end
    assert min(steps) == 0


def test_cyclical_schedule_is_equation_6_of_fu_et_al():
    """β_t = f(τ) for τ ≤ R, else 1, with τ = mod(t, T/M)/(T/M) and f from 0 to 1: here T = 40, M = 4, R = 0.5."""
    schedule = Cyclical(period=10, ramp=0.5)
    for t in range(40):
        tau = (t % 10) / 10
        assert schedule(t) == pytest.approx(tau / 0.5 if tau <= 0.5 else 1.0)
    assert schedule(10) == schedule(0) == 0
    assert schedule(9.999) == 1
    assert schedule(math.inf) == 1
    assert [Cyclical(4, ramp=1.0)(t) for t in (1, 2, 3, 5)] == [0.25, 0.5, 0.75, 0.25]


def test_the_schedule_multiplies_beta(images, output):
    loss = BetaVAE(4.0, schedule=Linear(10))
    assert [loss.beta_at(epoch) for epoch in (0, 5, 10, math.inf)] == [0, 2, 4, 4]
    half_way, plain = loss(images, output, epoch=5), BetaVAE()(images, output)
    torch.testing.assert_close(half_way["loss"], plain["distortion"] + 2 * plain["rate"])
    assert half_way["negative_elbo"] == plain["negative_elbo"]  # the bound knows no warm-up
    assert loss(images, output)["loss"] == BetaVAE(4.0)(images, output)["loss"]  # evaluated at the full weight
    assert BetaVAE(4.0, schedule=lambda epoch: 0.25).beta_at(1) == 1  # any function will do


def test_capacity_against_a_sum_done_by_hand(images, output):
    """Two units at mean 2 have a rate of 2 · 2²/2 = 4 nats; the target is 10 · 3/5 = 6 nats after 3 of 5 epochs."""
    means = torch.full((6, 2), 2.0, requires_grad=True)
    held = replace(output, levels=[level(means)])
    loss = Capacity(capacity=10.0, gamma=7.0, epochs=5)
    assert [loss.capacity_at(epoch) for epoch in (0, 3, 5, math.inf)] == [0, 6, 10, 10]
    below, above = loss(images, held, epoch=3), loss(images, held, epoch=0)
    torch.testing.assert_close(below["rate"], torch.tensor(4.0))
    torch.testing.assert_close(below["loss"], below["distortion"] + 7 * (6.0 - 4.0))
    torch.testing.assert_close(above["loss"], above["distortion"] + 7 * (4.0 - 0.0))
    torch.testing.assert_close(above["negative_elbo"], above["distortion"] + 4.0)
    # Below the target a larger mean lowers the loss, above it a smaller one does: |γ ∂rate/∂μ| = γ μ/N.
    for terms, sign in ((below, -1), (above, 1)):
        (gradient,) = torch.autograd.grad(terms["loss"], means)
        torch.testing.assert_close(gradient, sign * 7 * means.detach() / 6)


def test_cosine_falls_from_one_to_its_final_share():
    schedule = Cosine(epochs=10, final=0.1)
    assert [round(schedule(epoch), 6) for epoch in (0, 5, 10, 25, math.inf)] == [1.0, 0.55, 0.1, 0.1, 0.1]
    assert schedule(2.5) == pytest.approx(0.1 + 0.9 * (0.5 + 0.5 * math.cos(math.pi / 4)))


@pytest.mark.parametrize("settings", [{"epochs": 0}, {"epochs": math.inf}, {"epochs": 3, "final": 0}])
def test_a_cosine_that_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match="cosine schedule"):
        Cosine(**settings)
