"""Models: any image shape, one output type, clear refusals."""

import copy
import functools

import pytest
import torch
from torch import nn

import vaecourse as vc
from vaecourse.losses import BetaVAE, Reconstruction
from vaecourse.models.networks import default_channels

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 64, 64), (2, 13, 21)]
# Each model, to be called with the shape of the images, and the units of its levels.
MODELS = {
    "AE": (functools.partial(vc.Autoencoder, latent_dim=5), [5]),
    "VAE": (functools.partial(vc.VAE, latent_dim=5), [5]),
    "PH-VAE, concat": (functools.partial(vc.PHVAE, latent_dim=5, degree=3), [5, 5, 5]),
    "PH-VAE, sum": (functools.partial(vc.PHVAE, latent_dim=5, degree=2, mixing="sum", basis="legendre"), [5, 5]),
    "HDVAE, bottom-up": (functools.partial(vc.HDVAE, latent_dims=(5, 4, 3)), [5, 4, 3]),
    "HDVAE, top-down": (functools.partial(vc.HDVAE, latent_dims=(5, 3), inference="top_down"), [5, 3]),
}
GENERATIVE = [name for name in MODELS if name != "AE"]


def test_kernels_lie_channel_last_which_changes_no_picture():
    model = vc.VAE((3, 32, 32), 5, network="conv")
    other = copy.deepcopy(model).to(memory_format=torch.contiguous_format)
    kernels = [layer.weight for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(kernels) == 6
    assert all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)
    images = torch.rand(4, 3, 32, 32)
    one, same = (each(images, sample=False).reconstruction.mean for each in (model, other))
    torch.testing.assert_close(one, same, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("name", MODELS)
def test_reconstruction_has_the_shape_and_range_of_the_images(name, shape, network, likelihood):
    make, units = MODELS[name]
    model = make(shape, network=network, likelihood=likelihood)
    images = torch.rand(3, *shape)
    output = model(images)
    assert output.reconstruction.mean.shape == images.shape
    assert output.reconstruction.mean.min() >= 0
    assert output.reconstruction.mean.max() <= 1
    assert output.reconstruction.negative_log_likelihood(images).shape == (3,)
    assert [level.codes.shape for level in output.levels] == [(3, dim) for dim in units]
    assert model.latent_dims == tuple(units)


@pytest.mark.parametrize("name", MODELS)
def test_decode_takes_the_codes_of_all_levels(name):
    model = MODELS[name][0]((1, 12, 12))
    output = model(torch.rand(3, 1, 12, 12))
    decoded = model.decode(*(level.codes for level in output.levels))
    assert torch.equal(decoded.mean, output.reconstruction.mean)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_reach_every_parameter(name):
    model = MODELS[name][0]((1, 12, 12))
    images = torch.rand(8, 1, 12, 12).round()
    loss = Reconstruction() if name == "AE" else BetaVAE()
    loss(images, model(images))["loss"].backward()
    assert [key for key, parameter in model.named_parameters() if not parameter.grad.abs().sum() > 0] == []


def test_default_channels_are_those_of_the_disentanglement_protocol_at_64_pixels():
    assert default_channels((1, 64, 64)) == (32, 32, 64, 64)
    assert default_channels((1, 28, 28)) == (32, 64)


def test_hidden_layers_are_those_asked_for():
    model = vc.VAE((1, 28, 28), 10, hidden=(300, 200))
    sizes = [tuple(weight.shape) for weight in model.parameters() if weight.ndim == 2]
    assert sizes == [(300, 784), (200, 300), (20, 200), (200, 10), (300, 200), (784, 300)]


@pytest.mark.parametrize("name", MODELS)
def test_equal_seeds_give_equal_weights_and_leave_the_global_state_alone(name):
    before = torch.get_rng_state()
    first, second, other = (MODELS[name][0]((1, 12, 12), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    weights = [torch.cat([p.flatten() for p in model.parameters()]) for model in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_autoencoder_has_codes_but_no_distribution():
    level = vc.Autoencoder((1, 12, 12), 3)(torch.rand(2, 1, 12, 12)).levels[0]
    assert level.posterior is None
    assert level.prior is None


def test_vae_without_sampling_decodes_the_posterior_mean():
    model = vc.VAE((1, 12, 12), 3)
    images = torch.rand(4, 1, 12, 12)
    output = model(images, sample=False)
    assert torch.equal(output.levels[0].codes, model.encode(images).mean)
    assert torch.equal(output.reconstruction.mean, model.decode(model.encode(images).mean).mean)


def test_vae_samples_have_the_posterior_as_their_distribution():
    model = vc.VAE((1, 12, 12), 2)
    image = torch.rand(1, 1, 12, 12)
    posterior = model.encode(image)
    samples = model(image.expand(20_000, -1, -1, -1)).levels[0].codes
    assert torch.allclose(samples.mean(0), posterior.mean[0], atol=0.03)
    assert torch.allclose(samples.std(0), posterior.std[0], atol=0.03)


def test_prior_is_the_standard_gaussian():
    prior = vc.VAE((1, 12, 12), 2)(torch.rand(3, 1, 12, 12)).levels[0].prior
    assert torch.equal(prior.mean, torch.zeros(3, 2))
    assert torch.equal(prior.std, torch.ones(3, 2))


@pytest.mark.parametrize("name", GENERATIVE)
def test_generate_is_seeded_and_decodes_the_prior(name):
    model = MODELS[name][0]((1, 12, 12))
    before = torch.get_rng_state()
    images = model.generate(5, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(images, model.generate(5, seed=3))
    assert not torch.equal(images, model.generate(5, seed=4))
    torch.manual_seed(3)
    codes = model.sample_prior(5)
    assert [code.shape for code in codes] == [(5, dim) for dim in model.latent_dims]
    assert torch.equal(images, model.decode(*codes).mean)


@pytest.mark.parametrize("name", GENERATIVE)
def test_noise_of_the_pixels_is_drawn_when_asked_for(name):
    """The same codes as without noise, whose own draws come after: the difference is the noise of the pixels alone."""
    make, _ = MODELS[name]
    binary = make((1, 12, 12)).generate(6, noise=True)
    assert set(binary.unique().tolist()) == {0.0, 1.0}
    model = make((1, 12, 12), likelihood="gaussian", sigma=0.3)
    noise = model.generate(200, seed=1, noise=True) - model.generate(200, seed=1)
    assert noise.mean().abs() < 5 * 0.3 / noise.numel() ** 0.5
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert torch.equal(model.generate(2, seed=1, noise=True), model.generate(2, seed=1, noise=True))


def test_gaussian_sigma_is_learned_unless_given():
    names = dict(vc.VAE((1, 12, 12), 2, likelihood="gaussian").named_parameters())
    assert "decoder.log_sigma" in names
    fixed = vc.VAE((1, 12, 12), 2, likelihood="gaussian", sigma=0.5)
    assert "decoder.log_sigma" not in dict(fixed.named_parameters())
    assert fixed.decoder.log_sigma.exp().item() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be at least 1"),
        ({"network": "transformer"}, "choose one of mlp, conv"),
        ({"likelihood": "poisson"}, "choose one of bernoulli, gaussian"),
        ({"likelihood": "gaussian", "sigma": 0.0}, "sigma must be positive"),
        ({"sigma": 0.1}, "Bernoulli pixels have none"),
        ({"image_shape": (28, 28)}, "image_shape must be"),
        ({"image_shape": (1, 6, 6), "network": "conv"}, "too small"),
        ({"network": "conv", "hidden": (8, 8, 8, 8, 8)}, "too small"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        vc.VAE(**{"image_shape": (1, 28, 28), "latent_dim": 2} | settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_dim": 0}, "must be at least 1"),
        ({"degree": 0}, "degree must be at least 1, got 0: degree 1 is the VAE"),
        ({"degree": -2}, "degree must be at least 1, got -2"),
        ({"mixing": "product"}, "mixing 'product' is unknown: choose one of concat, sum"),
        ({"basis": "fourier"}, "basis 'fourier' is unknown: choose one of powers, legendre"),
        ({"network": "transformer"}, "choose one of mlp, conv"),
    ],
)
def test_impossible_settings_of_a_ph_vae_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        vc.PHVAE(**{"image_shape": (1, 12, 12), "latent_dim": 2} | settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_dims": ()}, r"units of each level, as \(64, 32\), got \(\)"),
        ({"latent_dims": 16}, r"units of each level, as \(64, 32\), got 16"),
        ({"latent_dims": (4, 0)}, r"latent_dims must be at least 1, got \(4, 0\): every level needs a unit"),
        ({"latent_dims": (0,)}, "must be at least 1"),
        ({"inference": "sideways"}, "inference 'sideways' is unknown: choose one of bottom_up, top_down"),
        ({"decoder_reads": "last"}, "decoder_reads 'last' is unknown: choose one of first, all"),
        ({"likelihood": "poisson"}, "choose one of bernoulli, gaussian"),
    ],
)
def test_impossible_settings_of_a_hierarchy_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        vc.HDVAE(**{"image_shape": (1, 12, 12), "latent_dims": (3, 2)} | settings)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.rand(2, 3, 12, 12), ValueError, r"must have shape \(N, 1, 12, 12\), got \(2, 3, 12, 12\)"),
        (torch.rand(1, 12, 12), ValueError, "must have shape"),
        (torch.rand(2, 1, 12, 12) * 255, ValueError, "divide 0–255 images by 255"),
        (torch.full((2, 1, 12, 12), float("nan")), ValueError, "contain NaN"),
        (torch.zeros(2, 1, 12, 12, dtype=torch.uint8), TypeError, "divide uint8 images by 255"),
        ([[0.0]], TypeError, "got list"),
    ],
)
def test_bad_images_are_refused(name, images, error, message):
    with pytest.raises(error, match=message):
        MODELS[name][0]((1, 12, 12))(images)


@pytest.mark.parametrize("name", MODELS)
def test_codes_of_another_size_are_refused(name):
    make, units = MODELS[name]
    codes = [torch.zeros(4, dim) for dim in units]
    codes[-1] = torch.zeros(4, 7)
    with pytest.raises(ValueError, match=rf"codes must have shape \(N, {units[-1]}\), got \(4, 7\)"):
        make((1, 12, 12)).decode(*codes)


@pytest.mark.parametrize("model", [vc.VAE((1, 8, 8), 3), vc.HDVAE((1, 8, 8), (4, 3))], ids=["VAE", "HDVAE"])
def test_temperature_multiplies_the_widths_of_the_priors(model):
    """At 0 there is one image only, at ½ the codes of the top have half the width of N(0, I)."""
    torch.manual_seed(0)
    assert model.sample_prior(20_000, temperature=0.5)[-1].std().item() == pytest.approx(0.5, rel=0.02)
    assert model.generate(9, seed=1, temperature=0.0).std(0).max() < 1e-6
    assert torch.equal(model.generate(9, seed=1, temperature=1.0), model.generate(9, seed=1))
