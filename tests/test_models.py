"""Models: any image shape, one output type, clear refusals."""

import pytest
import torch

import vaecourse as vc
from vaecourse.networks import default_channels

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 64, 64), (2, 13, 21)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("model_class", [vc.Autoencoder, vc.VAE])
def test_reconstruction_has_the_shape_and_range_of_the_images(model_class, shape, network, likelihood):
    model = model_class(shape, latent_dim=5, network=network, likelihood=likelihood)
    images = torch.rand(3, *shape)
    output = model(images)
    assert output.reconstruction.mean.shape == images.shape
    assert output.reconstruction.mean.min() >= 0
    assert output.reconstruction.mean.max() <= 1
    assert output.reconstruction.negative_log_likelihood(images).shape == (3,)
    assert [level.sample.shape for level in output.levels] == [(3, 5)]


def test_default_channels_are_those_of_the_disentanglement_protocol_at_64_pixels():
    assert default_channels((1, 64, 64)) == (32, 32, 64, 64)
    assert default_channels((1, 28, 28)) == (32, 64)


def test_hidden_layers_are_those_asked_for():
    model = vc.VAE((1, 28, 28), 10, hidden=(300, 200))
    sizes = [tuple(weight.shape) for weight in model.parameters() if weight.ndim == 2]
    assert sizes == [(300, 784), (200, 300), (20, 200), (200, 10), (300, 200), (784, 300)]


@pytest.mark.parametrize("model_class", [vc.Autoencoder, vc.VAE])
def test_equal_seeds_give_equal_weights_and_leave_the_global_state_alone(model_class):
    before = torch.get_rng_state()
    first, second, other = (model_class((1, 12, 12), 3, seed=seed) for seed in (1, 1, 2))
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
    assert torch.equal(output.levels[0].sample, model.encode(images).mean)
    assert torch.equal(output.reconstruction.mean, model.decode(model.encode(images).mean).mean)


def test_vae_samples_have_the_posterior_as_their_distribution():
    model = vc.VAE((1, 12, 12), 2)
    image = torch.rand(1, 1, 12, 12)
    posterior = model.encode(image)
    samples = model(image.expand(20_000, -1, -1, -1)).levels[0].sample
    assert torch.allclose(samples.mean(0), posterior.mean[0], atol=0.03)
    assert torch.allclose(samples.std(0), posterior.std[0], atol=0.03)


def test_prior_is_the_standard_gaussian():
    prior = vc.VAE((1, 12, 12), 2)(torch.rand(3, 1, 12, 12)).levels[0].prior
    assert torch.equal(prior.mean, torch.zeros(3, 2))
    assert torch.equal(prior.std, torch.ones(3, 2))


def test_generate_is_seeded_and_decodes_the_prior():
    model = vc.VAE((1, 12, 12), 2)
    assert torch.equal(model.generate(5, seed=3), model.generate(5, seed=3))
    assert not torch.equal(model.generate(5, seed=3), model.generate(5, seed=4))


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


@pytest.mark.parametrize("model_class", [vc.Autoencoder, vc.VAE])
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
def test_bad_images_are_refused(model_class, images, error, message):
    with pytest.raises(error, match=message):
        model_class((1, 12, 12), 2)(images)


@pytest.mark.parametrize("model_class", [vc.Autoencoder, vc.VAE])
def test_codes_of_another_size_are_refused(model_class):
    with pytest.raises(ValueError, match=r"codes must have shape \(N, 2\), got \(4, 3\)"):
        model_class((1, 12, 12), 2).decode(torch.zeros(4, 3))
