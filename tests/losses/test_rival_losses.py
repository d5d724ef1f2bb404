"""β-TCVAE, FactorVAE and DIP-VAE: what they reduce to, sums by hand, and a discriminator that can see."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

import vaecourse as vc
from vaecourse.losses import DIPVAE, BetaTCVAE, BetaVAE, FactorVAE, gaussian_total_correlation
from vaecourse.models import Level, Output

SHAPE = (1, 8, 8)
SMALL = {"hidden": (64, 64), "learning_rate": 3e-3}


@pytest.fixture
def images():
    return torch.rand(16, *SHAPE, generator=torch.Generator().manual_seed(1)).round()


@pytest.fixture
def output(images):
    torch.manual_seed(2)
    return vc.VAE(SHAPE, 3, hidden=(16,))(images)


def output_of(mean, log_variance=None, sample=None):
    """Images of one black pixel, and an Output with these posteriors."""
    q = vc.DiagonalGaussian(mean, torch.zeros_like(mean) if log_variance is None else log_variance)
    level = Level(mean if sample is None else sample, q, q.standard_like(mean))
    return torch.zeros(len(mean), 1, 1, 1), Output(vc.BernoulliImages(torch.zeros(len(mean), 1, 1, 1)), [level])


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("size", [None, 60_000])
def test_the_three_parts_of_the_beta_tcvae_are_the_rate_of_the_same_sample(images, output, size):
    terms, level = BetaTCVAE(6.0, size)(images, output), output.levels[0]
    parts = terms["mutual_information"] + terms["total_correlation"] + terms["dimension_wise_kl"]
    sampled = (level.posterior.log_prob(level.codes) - level.prior.log_prob(level.codes)).sum(1).mean()
    torch.testing.assert_close(parts, sampled)
    torch.testing.assert_close(terms["loss"], terms["negative_elbo"] + 5 * terms["total_correlation"])


def test_reductions_to_the_vae(images, output):
    expected = BetaVAE()(images, output)
    for loss in (BetaTCVAE(1.0), FactorVAE(0.0, **SMALL), DIPVAE("i", 0.0), DIPVAE("ii", 0.0)):
        terms = loss(images, output)
        assert {name: terms[name] for name in expected} == expected


def test_the_parts_of_a_code_that_says_nothing():
    """q(z|x) = N(0, I) for every image: no information, no correlation, no divergence."""
    terms = BetaTCVAE(4.0)(*output_of(torch.zeros(8, 3), sample=torch.randn(8, 3)))
    for part in ("mutual_information", "total_correlation", "dimension_wise_kl"):
        assert terms[part].item() == pytest.approx(0, abs=1e-5)


def train_discriminator(correlation, steps, seed=0):
    """Means, over the last quarter of the steps, of accuracy and estimate; and the loss."""
    loss, generator = FactorVAE(1.0, **SMALL), torch.Generator().manual_seed(seed)
    root = torch.linalg.cholesky(torch.tensor([[1.0, correlation], [correlation, 1.0]]))
    torch.manual_seed(seed)
    seen = []
    for _ in range(steps):
        terms = loss(*output_of((torch.randn(512, 2, generator=generator) @ root.T).requires_grad_()))
        seen.append([terms["discriminator_accuracy"].item(), terms["total_correlation"].item()])
    return *np.mean(seen[-steps // 4 :], axis=0), loss


def test_the_discriminator_sees_a_correlated_gaussian_and_nothing_where_there_is_nothing():
    accuracy, estimate, _ = train_discriminator(0.9, 200)
    assert accuracy > 0.7
    assert estimate == pytest.approx(-0.5 * math.log(1 - 0.9**2), rel=0.15)  # .83 nats
    accuracy, estimate, _ = train_discriminator(0.0, 100)
    assert accuracy == pytest.approx(0.5, abs=0.03)
    assert estimate == pytest.approx(0, abs=0.02)


def test_a_large_gamma_takes_the_total_correlation_away_and_the_discriminator_ends_near_chance():
    """Codes that begin as copies of two pixels of correlation .9."""
    generator = torch.Generator().manual_seed(0)
    first, noise = torch.randn(2, 1024, generator=generator)
    pixels = 0.5 + 0.12 * torch.stack([first, 0.9 * first + math.sqrt(0.19) * noise], dim=1)
    split, found = vc.Split(pixels.clamp(0, 1).view(-1, 1, 1, 2)), []
    for gamma in (0.0, 50.0):
        model = vc.VAE((1, 1, 2), 2, hidden=(), likelihood="gaussian", sigma=0.05)
        with torch.no_grad():
            encoder, decoder = model.encoder.layers[1], model.decoder.layers[0]
            encoder.weight.copy_(torch.eye(4, 2) / 0.12)
            encoder.bias.copy_(torch.tensor([-0.5 / 0.12, -0.5 / 0.12, -2, -2]))
            decoder.weight.copy_(0.5 * torch.eye(2))
            decoder.bias.zero_()
        loss = FactorVAE(gamma, hidden=(64, 64), learning_rate=5e-3)
        history = vc.fit(model, split, loss, epochs=50, batch_size=256, learning_rate=1e-2, progress=False)
        codes = vc.encode(model, split, sample=True)
        found.append((gaussian_total_correlation(codes).item(), np.mean(history["discriminator_accuracy"][-10:])))
    (dependent, seeing), (independent, chance) = found
    assert dependent > 0.2
    assert independent < 0.08
    assert seeing > 0.6
    assert chance < 0.57


def test_the_discriminator_learns_from_its_own_step_only():
    _, _, loss = train_discriminator(0.5, 2)
    before = weights(loss.discriminator)
    with torch.no_grad():
        loss(*output_of(torch.randn(64, 2)))
    assert torch.equal(before, weights(loss.discriminator))  # nothing is learnt in evaluation
    codes = torch.randn(64, 2, requires_grad=True)
    terms = loss(*output_of(codes))
    after = weights(loss.discriminator)
    gradients = [parameter.grad.clone() for parameter in loss.discriminator.parameters()]
    terms["loss"].backward()
    assert not torch.equal(before, after)
    assert torch.equal(after, weights(loss.discriminator))
    assert all(torch.equal(old, new.grad) for old, new in zip(gradients, loss.discriminator.parameters(), strict=True))
    assert codes.grad.abs().sum() > 0


def test_the_discriminator_compares_one_half_with_the_other_half_permuted_unit_by_unit():
    loss, seen = FactorVAE(1.0, hidden=(8,)), []
    codes = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    loss(*output_of(codes))
    loss.discriminator.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    loss(*output_of(codes))
    joint, independent, whole = seen
    assert torch.equal(joint, codes[:20])
    assert torch.equal(independent.sort(0).values, codes[20:].sort(0).values)
    order = [(codes[20:, unit, None] == independent[:, unit]).int().argmax(0) for unit in (0, 1)]
    assert not torch.equal(*order)
    assert torch.equal(whole, codes)


def test_the_discriminator_is_the_papers_and_leaves_the_callers_random_state_alone():
    loss = FactorVAE(1.0)
    with torch.no_grad():
        before = torch.get_rng_state()
        loss._make_discriminator(10, "cpu")
        assert torch.equal(before, torch.get_rng_state())
    layers = [layer for layer in loss.discriminator if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in layers] == [(10, 1000), *[(1000, 1000)] * 5, (1000, 1)]
    assert {layer.negative_slope for layer in loss.discriminator if isinstance(layer, nn.LeakyReLU)} == {0.2}
    assert (loss.optimizer.defaults["lr"], loss.optimizer.defaults["betas"]) == (1e-4, (0.5, 0.9))


def test_a_discriminator_goes_on_from_its_state():
    _, _, first = train_discriminator(0.5, 3)
    second = FactorVAE(1.0, **SMALL, seed=9)
    assert second.state_dict() == {}
    second.load_state_dict(second.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))  # as from a file
    for loss in (first, second):
        torch.manual_seed(4)
        loss(*output_of(torch.randn(64, 2, requires_grad=True)))
    assert torch.equal(weights(first.discriminator), weights(second.discriminator))
    with pytest.raises(ValueError, match=r"discriminator of hidden layers \(64, 64\), this one has \(32,\)"):
        FactorVAE(1.0, hidden=(32,)).load_state_dict(first.state_dict())


def test_resumed_training_with_a_discriminator_equals_uninterrupted_training(random_split, tmp_path):
    models, losses = [], []
    for stops in ((2,), (1, 2)):
        model = vc.VAE(random_split.image_shape, 3, hidden=(16,), seed=0)
        for epochs in stops:  # a new loss each time, as in a new process
            losses.append(FactorVAE(5.0, **SMALL))
            where = {"checkpoint": tmp_path / "run"} if len(stops) > 1 else {"test": random_split[:50]}
            vc.fit(model, random_split, losses[-1], epochs, batch_size=64, progress=False, **where)
        models.append(model)
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert torch.equal(weights(losses[0].discriminator), weights(losses[2].discriminator))


def test_a_discriminator_of_another_model_and_a_batch_of_one_are_refused(images, output, random_split):
    loss = FactorVAE(1.0, **SMALL)
    loss(images, output)
    with pytest.raises(ValueError, match="belongs to a model of 3 units, got 4: make a new one"):
        loss(*output_of(torch.zeros(8, 4)))
    for rival, message in (
        (FactorVAE(1.0, **SMALL), "discriminator compares two halves of a batch, got 1 image"),
        (BetaTCVAE(4.0), "at least 2 images in a batch"),
        (DIPVAE(), "covariance needs at least 2 images"),
    ):
        with pytest.raises(ValueError, match=message):
            rival(*output_of(torch.zeros(1, 3)))
        model = vc.VAE(random_split.image_shape, 3, hidden=(16,))
        with pytest.raises(ValueError, match=r"needs at least 2 images in every batch.* leave one of 1"):
            vc.fit(model, random_split, rival, epochs=1, batch_size=199)


@pytest.mark.parametrize("units", [1, 4])
@pytest.mark.parametrize("kind", ["i", "ii"])
def test_the_covariance_penalty_against_numpy(kind, units):
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, 50, units, generator=generator)
    covariance = np.cov(mean.numpy().T, bias=True).reshape(units, units)
    if kind == "ii":
        covariance = covariance + np.diag(log_variance.exp().numpy().mean(0))
    hand = 0.0
    for i in range(units):
        for j in range(units):
            hand += 2.0 * (covariance[i, i] - 1) ** 2 if i == j else 7.0 * covariance[i, j] ** 2
    terms = DIPVAE(kind, lambda_od=7.0, lambda_d=2.0)(*output_of(mean, log_variance))
    assert terms["covariance_penalty"].item() == pytest.approx(hand, rel=1e-5)
    torch.testing.assert_close(terms["loss"], terms["negative_elbo"] + terms["covariance_penalty"])
    twice = DIPVAE(kind, 7.0, 2.0)(*output_of(mean.repeat(2, 1), log_variance.repeat(2, 1)))
    torch.testing.assert_close(twice["covariance_penalty"], terms["covariance_penalty"])


def test_an_identity_covariance_costs_nothing():
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert DIPVAE("i")(*output_of(corners))["covariance_penalty"] == 0
    halved = DIPVAE("ii")(*output_of(corners * math.sqrt(0.5), torch.full((4, 2), math.log(0.5))))
    assert halved["covariance_penalty"].item() == pytest.approx(0, abs=1e-10)
    assert (DIPVAE("i", 3.0).lambda_d, DIPVAE("ii", 3.0).lambda_d) == (30, 3)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_weights_that_mean_nothing_are_refused(value):
    with pytest.raises(ValueError, match="gamma must be a finite number ≥ 0"):
        FactorVAE(value)
    with pytest.raises(ValueError, match="beta must be a finite number ≥ 0"):
        BetaTCVAE(value)
    for settings in ({"lambda_od": value}, {"lambda_d": value}):
        with pytest.raises(ValueError, match="lambda_od and lambda_d must be finite numbers ≥ 0"):
            DIPVAE(**settings)


def test_models_that_these_losses_do_not_fit(images):
    two_levels = vc.HDVAE(SHAPE, (3, 2), hidden=(16,))(images)
    plain = vc.Autoencoder(SHAPE, 3, hidden=(16,))(images)
    for loss in (BetaTCVAE(4.0), FactorVAE(1.0, **SMALL), DIPVAE()):
        with pytest.raises(ValueError, match=rf"{type(loss).__name__} is for one latent level, this model has 2"):
            loss(images, two_levels)
        with pytest.raises(ValueError, match=r"no posterior.*train it with Reconstruction"):
            loss(images, plain)
    with pytest.raises(ValueError, match="kind 'iii' is unknown: choose one of i, ii"):
        DIPVAE("iii")
