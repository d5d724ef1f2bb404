"""PH-VAE: what its encoders see, what its decoder reads, and when it is the VAE."""

import math

import numpy as np
import pytest
import torch
from agreement import assert_same_model
from scipy.special import eval_sh_legendre

import vaecourse as vc
from vaecourse.losses import PolynomialDivergence
from vaecourse.models.ph_vae import BASES, MIXING

SHAPE = (1, 5, 4)
MANY = 40_000


@pytest.fixture
def images():
    return torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(0))


def ph_vae(seed=0, **settings):
    """A PH-VAE of three degrees of two units, whose posteriors are far from each other and from N(0, I)."""
    model = vc.PHVAE(**{"image_shape": SHAPE, "latent_dim": 2, "hidden": (16,), "seed": seed} | settings)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for encoder in model.encoders:
            encoder.layers[-1].bias.add_(torch.randn(4, generator=generator))
    return model


@pytest.mark.parametrize("mixing", MIXING)
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_degree_one_is_the_vae_bit_for_bit(mixing, network):
    shape = (3, 8, 8)
    vae = vc.VAE(shape, 4, network=network, seed=5)
    model = vc.PHVAE(shape, 4, degree=1, mixing=mixing, network=network, seed=5)
    assert_same_model(model, vae, shape, PolynomialDivergence(), vc.losses.BetaVAE())
    images = torch.rand(3, *shape)
    assert torch.equal(model.encode(images).log_variance, vae.encode(images).log_variance)


def test_all_powers_of_binary_images_are_the_images():
    images = torch.rand(6, *SHAPE).round()
    model = ph_vae(degree=4)
    assert all(torch.equal(feature, images) for feature in model.features(images))
    for encoder in model.encoders[1:]:
        encoder.load_state_dict(model.encoders[0].state_dict())
    first, *others = model.encode_degrees(images)
    for posterior in others:
        assert torch.equal(posterior.mean, first.mean)
        assert torch.equal(posterior.log_variance, first.log_variance)


def test_encoder_k_sees_the_power_k(images):
    model = ph_vae()
    for k, (encoder, posterior) in enumerate(zip(model.encoders, model.encode_degrees(images), strict=True), start=1):
        mean, log_variance = encoder(images**k).chunk(2, dim=1)
        torch.testing.assert_close(posterior.mean, mean)
        torch.testing.assert_close(posterior.log_variance, log_variance)


def test_legendre_features_are_those_of_scipy():
    images = torch.linspace(0, 1, 20, dtype=torch.float64).view(1, *SHAPE)
    for k, feature in enumerate(ph_vae(degree=6, basis="legendre").features(images), start=1):
        np.testing.assert_allclose(feature.numpy(), eval_sh_legendre(k, images.numpy()), atol=1e-13)


def test_legendre_features_are_orthogonal_and_powers_nearly_collinear():
    """∫ P_j P_k over [0, 1] is δ_jk / (2k + 1), by Gauss–Legendre quadrature, exact for these degrees."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    pixels = torch.from_numpy((nodes + 1) / 2).view(8, 1, 1, 1)
    cosines = {}
    for basis in BASES:
        features = torch.stack(vc.PHVAE((1, 1, 1), 1, degree=5, basis=basis).features(pixels)).flatten(1).numpy()
        products = features * (weights / 2) @ features.T
        if basis == "legendre":
            np.testing.assert_allclose(products, np.diag(1 / (2 * np.arange(1, 6) + 1)), atol=1e-14)
        norms = np.sqrt(products.diagonal())
        cosines[basis] = products / np.outer(norms, norms)
    # ⟨x^4, x^5⟩ = 1/10, ‖x^4‖² = 1/9, ‖x^5‖² = 1/11.
    assert cosines["powers"][3, 4] == pytest.approx(math.sqrt(99) / 10)
    assert np.linalg.cond(cosines["powers"]) > 1e4
    assert np.linalg.cond(cosines["legendre"]) == pytest.approx(1)


@pytest.mark.parametrize("bases", [("powers", "legendre"), ("legendre", "powers")])
def test_both_bases_span_the_same_space_together_with_the_constant(bases):
    pixels = torch.linspace(0, 1, 50, dtype=torch.float64).view(50, 1, 1, 1)
    one, other = (
        torch.stack([torch.ones_like(pixels), *vc.PHVAE((1, 1, 1), 1, degree=4, basis=basis).features(pixels)])
        .flatten(1)
        .T.numpy()
        for basis in bases
    )
    solution, _, rank, _ = np.linalg.lstsq(one, other, rcond=None)
    assert rank == 5
    assert np.abs(one @ solution - other).max() < 1e-10
    # Without the constant the even polynomials are out of reach.
    short = np.linalg.lstsq(one[:, 1:], other[:, 1:], rcond=None)[0]
    assert np.abs(one[:, 1:] @ short - other[:, 1:]).max() > 1e-3


@pytest.mark.parametrize("mixing", MIXING)
def test_encode_is_the_distribution_of_the_mixed_samples(images, mixing):
    model = ph_vae(mixing=mixing)
    posterior = model.encode(images[:1])
    torch.manual_seed(0)
    output = model(images[:1].expand(MANY, *SHAPE))
    mixed = model.mix([level.codes for level in output.levels])
    units = 6 if mixing == "concat" else 2
    assert mixed.shape == (MANY, units)
    error = posterior.std[0] / math.sqrt(MANY)
    assert ((mixed.mean(0) - posterior.mean[0]).abs() < 5 * error).all()
    covariance = torch.cov((mixed / posterior.std).T)
    torch.testing.assert_close(covariance, torch.eye(units), atol=0.03, rtol=0)
    spread = torch.stack([level.posterior.variance[0] for level in output.levels])
    assert spread.max() > 1.5 * spread.min()  # so that a mistaken weight would show


@pytest.mark.parametrize("mixing", MIXING)
def test_the_code_is_the_mixed_mean_plus_the_mixed_noise(images, mixing):
    """z = A m + A(ε ⊙ s), with A written out as a matrix."""
    model = ph_vae(mixing=mixing)
    posteriors = model.encode_degrees(images)
    mean, std = (torch.cat([getattr(each, name) for each in posteriors], dim=1) for name in ("mean", "std"))
    matrix = torch.eye(6) if mixing == "concat" else torch.eye(2).repeat(1, 3) / math.sqrt(3)
    torch.manual_seed(1)
    noise = torch.cat([torch.randn(6, 2) for _ in range(3)], dim=1)
    codes = mean @ matrix.T + (noise * std) @ matrix.T
    torch.manual_seed(1)
    torch.testing.assert_close(model(images).reconstruction.logits, model.decoder(codes).logits)
    without_noise = model(images, sample=False)
    torch.testing.assert_close(without_noise.reconstruction.logits, model.decoder(mean @ matrix.T).logits)
    torch.testing.assert_close(model.encode(images).mean, mean @ matrix.T)


@pytest.mark.parametrize("mixing", MIXING)
def test_the_prior_of_the_mixed_code_is_the_standard_gaussian(mixing):
    model = ph_vae(mixing=mixing)
    torch.manual_seed(0)
    mixed = model.mix(model.sample_prior(MANY))
    units = mixed.shape[1]
    torch.testing.assert_close(mixed.mean(0), torch.zeros(units), atol=5 / math.sqrt(MANY), rtol=0)
    torch.testing.assert_close(torch.cov(mixed.T), torch.eye(units), atol=0.04, rtol=0)


@pytest.mark.parametrize("mixing", MIXING)
@pytest.mark.parametrize("seed", range(5))
def test_mixing_cannot_raise_the_kl(images, mixing, seed, monkeypatch):
    model = ph_vae(mixing=mixing)
    generator = torch.Generator().manual_seed(seed)
    posteriors = [vc.DiagonalGaussian(*torch.randn(2, 500, 2, generator=generator)) for _ in range(3)]
    monkeypatch.setattr(model, "encode_degrees", lambda _: posteriors)
    mixed, separate = model.encode(images).kl().sum(1), sum(each.kl() for each in posteriors).sum(1)
    if mixing == "concat":
        torch.testing.assert_close(mixed, separate)
    else:
        assert (mixed < separate).all()


def test_mixing_equal_posteriors_of_mean_zero_keeps_the_variance(images, monkeypatch):
    model = ph_vae(mixing="sum")
    posterior = vc.DiagonalGaussian(torch.zeros(6, 2), torch.full((6, 2), -200.0))
    monkeypatch.setattr(model, "encode_degrees", lambda _: [posterior] * 3)
    # exp(−200) is 0 in float32: the mixed variance must not pass through it.
    torch.testing.assert_close(model.encode(images).log_variance, posterior.log_variance)


@pytest.mark.parametrize("mixing", MIXING)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 2)])
def test_draws_of_a_density_are_learned_as_images(shape, mixing):
    split = vc.Split(torch.rand(120, *shape, generator=torch.Generator().manual_seed(0)))
    model = vc.PHVAE(shape, 2, mixing=mixing, hidden=(16,), likelihood="gaussian")
    before = vc.evaluate(model, split, PolynomialDivergence())["loss"]
    vc.fit(model, split, PolynomialDivergence(), epochs=3, batch_size=32, learning_rate=1e-2, progress=False)
    assert vc.evaluate(model, split, PolynomialDivergence())["loss"] < before - 0.2
    assert model.generate(5, noise=True).shape == (5, *shape)
    assert vc.nll(model, split[:10], 3).isfinite().all()


def test_every_degree_has_its_code():
    with pytest.raises(ValueError, match="decodes 3 levels of codes, z_1 first; got 1"):
        ph_vae(mixing="sum").decode(torch.zeros(4, 2))
