"""The Polynomial Divergence: the KL of the VAE for one degree, never below the KL of the mixed code for several."""

import math

import pytest
import torch

import vaecourse as vc
from vaecourse.losses import BetaVAE, PolynomialDivergence

SHAPE = (1, 8, 8)


@pytest.fixture
def images():
    return torch.rand(20, *SHAPE, generator=torch.Generator().manual_seed(1))


def model_of(degree=3, mixing="concat", seed=0, scale=1.0):
    """A PHVAE whose posteriors are pushed away from the prior by larger weights."""
    model = vc.PHVAE(SHAPE, 4, degree=degree, mixing=mixing, hidden=(16,), seed=seed)
    with torch.no_grad():
        for weight in model.encoders.parameters():
            weight.mul_(scale)
    return model


def kl_of_the_mixed_code(model, images):
    return model.encode(images).kl().sum(1)


def divergences(model, images):
    """D_PH of each image, every weight 1."""
    return sum(posterior.kl().sum(1) for posterior in model.encode_degrees(images))


@pytest.mark.parametrize("beta", [1.0, 4.0])
@pytest.mark.parametrize("mixing", ["concat", "sum"])
def test_one_degree_is_the_vae_or_the_beta_vae(images, beta, mixing):
    output = model_of(degree=1, mixing=mixing)(images)
    expected = BetaVAE(beta)(images, output)
    for weights in (beta, [beta]):
        terms = PolynomialDivergence(weights)(images, output)
        torch.testing.assert_close({name: terms[name] for name in expected}, expected)
        torch.testing.assert_close(terms["polynomial_divergence"], beta * expected["rate"])


@pytest.mark.parametrize("degree", [2, 3, 4])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0, 4.0])
def test_the_divergence_is_never_below_the_kl_of_the_summed_code(images, degree, scale):
    for seed in range(5):
        model = model_of(degree, "sum", seed, scale)
        divergence, kl = divergences(model, images), kl_of_the_mixed_code(model, images)
        assert (divergence >= kl).all()
        assert divergence.mean() > kl.mean() + 1e-3
        terms = PolynomialDivergence()(images, model(images))
        torch.testing.assert_close(terms["polynomial_divergence"], divergence.mean())


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_divergence_is_the_kl_of_the_concatenated_code(images, scale):
    model = model_of(3, "concat", scale=scale)
    torch.testing.assert_close(divergences(model, images), kl_of_the_mixed_code(model, images))


def test_equality_for_a_sum_of_equal_posteriors(images):
    """Equal variances and equal means of K degrees: the sum has √K times the mean, and KL is quadratic in it."""
    model = model_of(4, "sum")
    for encoder in model.encoders:
        last = encoder.layers[-1]
        torch.nn.init.zeros_(last.weight)
        last.bias.data = torch.tensor([0.3, -1.0, 2.0, 0.0, -1.0, 0.5, 0.0, -3.0])
    spread = 0.5 * sum(math.exp(v) - 1 - v for v in (-1.0, 0.5, 0.0, -3.0))
    means = 0.5 * (0.09 + 1 + 4)
    divergence, kl = divergences(model, images), kl_of_the_mixed_code(model, images)
    torch.testing.assert_close(divergence, torch.full((20,), 4 * (spread + means)))
    torch.testing.assert_close(kl, torch.full((20,), spread + 4 * means))


def test_a_weight_acts_on_its_own_degree_only(images):
    output = model_of()(images)
    rates = [level.posterior.kl().sum(1).mean() for level in output.levels]
    plain = PolynomialDivergence()(images, output)
    torch.testing.assert_close(plain["loss"], plain["negative_elbo"])
    terms = PolynomialDivergence((1.0, 0.0, 5.0))(images, output)
    torch.testing.assert_close(terms["polynomial_divergence"], rates[0] + 5 * rates[2])
    torch.testing.assert_close(terms["loss"], terms["distortion"] + terms["polynomial_divergence"])
    for degree, rate in enumerate(rates, start=1):
        torch.testing.assert_close(terms[f"rate_{degree}"], rate)
    assert terms["negative_elbo"] == plain["negative_elbo"]


def test_a_degree_without_weight_gets_no_gradient_from_its_rate(images):
    model = model_of()
    PolynomialDivergence((1.0, 0.0, 1.0))(images, model(images))["polynomial_divergence"].backward()
    moved = [sum(weight.grad.abs().sum().item() for weight in encoder.parameters()) for encoder in model.encoders]
    assert moved[0] > 0
    assert moved[1] == 0
    assert moved[2] > 0


@pytest.mark.parametrize("count", [0, 2, 4])
def test_another_number_of_weights_than_degrees_is_refused(images, count):
    with pytest.raises(ValueError, match=f"{count} weights for 3 latent levels: give one for each"):
        PolynomialDivergence([1.0] * count)(images, model_of()(images))


@pytest.mark.parametrize("weights", [-1.0, math.nan, math.inf, (1.0, -0.1), [math.nan]])
def test_weights_that_mean_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weights must be finite numbers ≥ 0"):
        PolynomialDivergence(weights)


def test_an_autoencoder_is_told_what_to_train_with(images):
    with pytest.raises(ValueError, match=r"no posterior.*train it with Reconstruction"):
        PolynomialDivergence()(images, vc.Autoencoder(SHAPE, 3, hidden=(16,))(images))
