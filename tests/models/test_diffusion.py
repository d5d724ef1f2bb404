"""The diffusion model: Gaussian conditioning, what its rates are, and bounds beside known entropies."""

import itertools
import math

import pytest
import torch
from torch import distributions as td

import vaecourse as vc
from vaecourse.data.rendered import densities
from vaecourse.losses import HELBO, BetaVAE, distortion, rates

SHAPE = (1, 2, 3)
PIXELS = 6
BOTH = pytest.mark.parametrize("prior_variance", ["posterior", "learned"])


def diffusion(levels=5, **settings):
    """A small model in float64 whose denoiser and whose learned variances are not those of the start."""
    model = vc.DiffusionModel(SHAPE, levels, **{"hidden": (16,)} | settings).double()
    with torch.no_grad():
        model.log_excess += 0.3 if settings.get("prior_variance") == "learned" else 0
    return model


@pytest.fixture
def images():
    return torch.rand(7, *SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(1)


def alpha_and_sigma(model):
    return model.log_snr.sigmoid().sqrt(), (-model.log_snr).sigmoid().sqrt()


def normal(gaussian):
    return td.Normal(gaussian.mean, gaussian.std)


# Inference


def test_the_schedule_is_straight_and_preserves_the_variance():
    model = diffusion(4, log_snr=(4.0, -4.0))
    torch.testing.assert_close(model.log_snr, torch.tensor([2.0, 0.0, -2.0, -4.0], dtype=torch.float64))
    alpha, sigma = alpha_and_sigma(model)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close((alpha / sigma).log() * 2, model.log_snr)


def test_codes_have_the_fixed_marginals_and_the_covariances_of_a_chain():
    model = diffusion(4)
    alpha, sigma = alpha_and_sigma(model)
    centred = torch.linspace(-1, 1, PIXELS, dtype=torch.float64)
    count = 40_000
    codes = model.draw(centred.expand(count, PIXELS))
    assert codes.shape == (4, count, PIXELS)
    error = 5 / math.sqrt(count)
    assert ((codes.mean(1) - alpha[:, None] * centred).abs() < error).all()
    noise = codes - alpha[:, None, None] * centred
    # z_m = (α_m/α_l) z_l + independent noise for m > l, so the covariance of both is (α_m/α_l) σ_l².
    for lower, upper in itertools.combinations_with_replacement(range(4), 2):
        covariance = (noise[lower] * noise[upper]).mean(0)
        expected = alpha[upper] / alpha[lower] * sigma[lower] ** 2
        assert ((covariance - expected).abs() < 1.5 * error).all()


def test_conditional_is_the_joint_gaussian_of_two_levels_conditioned():
    """Brute force: mean and covariance of (z_l, z_{l+1}) given x, then the textbook's formula for the conditional."""
    model = diffusion()
    alpha, sigma = alpha_and_sigma(model)
    centred, above = 2 * torch.rand(7, PIXELS).double() - 1, torch.randn(4, 7, PIXELS).double()
    found = model.conditional(above, centred, slice(None))
    for level in range(4):
        joint = torch.diag(sigma[[level, level + 1]] ** 2)
        joint[0, 1] = joint[1, 0] = alpha[level + 1] / alpha[level] * sigma[level] ** 2
        gain = joint[0, 1] / joint[1, 1]
        mean = alpha[level] * centred + gain * (above[level] - alpha[level + 1] * centred)
        torch.testing.assert_close(found.mean[level], mean)
        torch.testing.assert_close(found.variance[level], (joint[0, 0] - gain * joint[1, 0]).expand_as(mean))


def test_conditional_obeys_the_rule_of_bayes():
    """q(z_l|z_{l+1}, x) = q(z_{l+1}|z_l) q(z_l|x) / q(z_{l+1}|x)."""
    model = diffusion(2)
    alpha, sigma = alpha_and_sigma(model)
    centred, first, second = torch.randn(3, 7, PIXELS).double()
    ratio = alpha[1] / alpha[0]
    step = td.Normal(ratio * first, (sigma[1] ** 2 - ratio**2 * sigma[0] ** 2).sqrt())
    marginals = [td.Normal(alpha[level] * centred, sigma[level]) for level in range(2)]
    expected = step.log_prob(second) + marginals[0].log_prob(first) - marginals[1].log_prob(second)
    found = model.conditional(second[None], centred, slice(None))
    torch.testing.assert_close(found.log_prob(first)[0], expected)


def test_codes_of_means_are_the_image_without_noise(images):
    model = diffusion()
    for level, alpha in zip(model.infer(images, sample=False), alpha_and_sigma(model)[0], strict=True):
        torch.testing.assert_close(level.codes, alpha * (2 * images.flatten(1) - 1))
        torch.testing.assert_close(level.posterior.mean, level.codes)


# Rates


def test_rates_are_squared_errors_weighted_by_differences_of_the_signal_to_noise_ratio(images):
    model = diffusion()
    output = model(images)
    centred = 2 * images.flatten(1) - 1
    snr = model.log_snr.exp()
    alpha, sigma = alpha_and_sigma(model)
    *below, top = rates(output)
    for level, rate in enumerate(below):
        above = output.levels[level + 1].codes
        estimate = model.denoise(above, model.log_snr[level + 1])
        expected = 0.5 * (snr[level] - snr[level + 1]) * ((centred - estimate) ** 2).sum(1)
        torch.testing.assert_close(rate.sum(1), expected)
        # The same of the noise: ε = (z − α x)/σ, and ε̂ from the estimate in the same way.
        noise, its_estimate = ((above - alpha[level + 1] * x) / sigma[level + 1] for x in (centred, estimate))
        weight = 0.5 * (snr[level] / snr[level + 1] - 1)
        torch.testing.assert_close(rate.sum(1), weight * ((noise - its_estimate) ** 2).sum(1))
    expected = td.kl_divergence(td.Normal(alpha[-1] * centred, sigma[-1]), td.Normal(0.0, 1.0))
    torch.testing.assert_close(top, expected)


@BOTH
def test_rates_are_those_of_torch(images, prior_variance):
    output = diffusion(prior_variance=prior_variance)(images)
    for level, rate in zip(output.levels, rates(output), strict=True):
        torch.testing.assert_close(rate, td.kl_divergence(normal(level.posterior), normal(level.prior)))


def test_learned_variances_start_at_those_of_the_posterior_and_get_a_gradient(images):
    models = [vc.DiffusionModel(SHAPE, 3, prior_variance=kind, seed=4).double() for kind in ("posterior", "learned")]
    losses = []
    for model in models:
        torch.manual_seed(0)
        losses.append(HELBO()(images, model(images))["loss"])
    torch.testing.assert_close(*losses, rtol=0, atol=0)
    losses[1].backward()
    assert (models[1].log_excess.grad != 0).all()
    assert "log_excess" not in dict(models[0].named_parameters())


@BOTH
def test_helbo_and_importance_weights_agree(images, prior_variance):
    """One sample of the importance-weighted bound is −ELBO: both estimate the same mean."""
    model = diffusion(3, prior_variance=prior_variance)
    repeated = vc.Split(images[:1].float().repeat(4_000, 1, 1, 1))
    model = model.float()
    exact = vc.evaluate(model, repeated, HELBO())
    drawn = vc.nll(model, repeated, samples=1)
    assert drawn.mean().item() == pytest.approx(exact["loss"], abs=5 * drawn.std().item() / math.sqrt(4_000))
    assert exact["loss"] == exact["negative_elbo"]
    assert exact["rate"] == pytest.approx(sum(exact[f"rate_{level}"] for level in (1, 2, 3)), rel=1e-6)


# Reductions


def test_one_level_is_a_vae_whose_encoder_is_fixed(images):
    model = diffusion(1, log_snr=(2.0, -1.0))
    output = model(images)
    (level,) = output.levels
    alpha = math.sqrt(1 / (1 + math.e))
    encoder = td.Normal(alpha * (2 * images.flatten(1) - 1), math.sqrt(1 - alpha**2))
    terms = BetaVAE()(images, output)
    assert terms["rate"] == pytest.approx(td.kl_divergence(encoder, td.Normal(0.0, 1.0)).sum(1).mean().item())
    estimate = (model.denoise(level.codes, model.log_snr) + 1) / 2
    pixels = td.Normal(estimate.clamp(0, 1), model.log_sigma.exp()).log_prob(images.flatten(1))
    assert terms["distortion"].item() == pytest.approx(-pixels.sum(1).mean().item())
    assert HELBO()(images, output)["loss"] == terms["loss"]


class BestForGaussian(vc.DiffusionModel):
    """A model of pixels N(½, (½ √variance)²) with the best possible denoiser, E[x|z] = α v z/(α² v + σ²)."""

    variance = 0.01  # on the scale of [−1, 1]: the edge of [0, 1] is ten standard deviations away

    def denoise(self, codes, log_snr):
        signal, noise = self.variance * log_snr.sigmoid(), (-log_snr).sigmoid()
        return self.variance * log_snr.sigmoid().sqrt() / (signal + noise) * codes

    def set_best_variances(self):
        """Of z_l given z_{l+1} alone, and of the pixels given z_1: what the mean of x leaves open is added."""
        snr = self.log_snr.exp()
        left_open = self.variance / (1 + self.variance * snr)
        with torch.no_grad():
            self.log_sigma.fill_(0.5 * left_open[0].log() - math.log(2))
            if isinstance(self.log_excess, torch.nn.Parameter):
                self.log_excess.copy_(torch.log1p((snr[:-1] - snr[1:]) * left_open[1:]))
        return self


def gaussian_split(count):
    noise = torch.randn(count, 1, 1, 2, generator=torch.Generator().manual_seed(99))
    return vc.Split(0.5 + 0.05 * noise)


ENTROPY_OF_GAUSSIAN = 2 * 0.5 * math.log(2 * math.pi * math.e * 0.05**2)


@pytest.mark.parametrize("levels", [1, 2, 7])
def test_with_the_best_means_and_variances_every_draw_gives_the_log_density(levels):
    """Then the chain generates exactly the data and the codes that q makes of them: no gap is left, at any L."""
    model = BestForGaussian((1, 1, 2), levels, log_snr=(9.0, -14.0), prior_variance="learned").set_best_variances()
    split = gaussian_split(200)
    expected = -td.Normal(0.5, 0.05).log_prob(split.images.double()).flatten(1).sum(1)
    torch.testing.assert_close(vc.nll(model, split, samples=1), expected, rtol=0, atol=2e-3)


def test_rates_of_the_best_denoiser_approach_the_information_in_the_first_level():
    """Σ ½ (SNR_l − SNR_{l+1}) mse is an upper sum of ½ ∫ mse dSNR = ½ ln(1 + v SNR_1) = I(x; z_1), for each unit."""
    split, previous = gaussian_split(4_000), math.inf
    for levels in (16, 64, 256):
        model = BestForGaussian((1, 1, 2), levels, log_snr=(9.0, -9.0)).set_best_variances()
        found, snr = vc.evaluate(model, split, HELBO()), model.log_snr.exp()
        expected = ((snr[:-1] - snr[1:]) * 0.01 / (1 + 0.01 * snr[1:])).sum().item()  # two units, ½ each
        assert found["rate"] == pytest.approx(expected, rel=0.03)
        information = math.log1p(0.01 * snr[0].item())
        assert 0 < expected - information < previous / 2
        previous = expected - information
    scored = per_image(model, split)
    gap = scored.mean().item() - ENTROPY_OF_GAUSSIAN
    assert -3 * standard_error(scored) < gap < previous + 3 * standard_error(scored)


# Densities


class BestForRing(vc.DiffusionModel):
    """The best denoiser of the density "ring_mixture": the posterior mean under eight Gaussians, in closed form."""

    angles = torch.arange(8) * math.pi / 4
    centres = 2 / 3 * torch.stack([angles.cos(), angles.sin()], 1)  # of the box [−3, 3] scaled to [−1, 1]
    variance = (0.2 / 3) ** 2

    def denoise(self, codes, log_snr):
        alpha, noise = log_snr.sigmoid().sqrt(), (-log_snr).sigmoid()
        total = alpha**2 * self.variance + noise
        distances = codes[..., None, :] - alpha[..., None] * self.centres
        weights = (-0.5 * (distances**2).sum(-1) / total).softmax(-1)
        each = self.centres + (alpha * self.variance / total)[..., None] * distances
        return (weights[..., None] * each).sum(-2)


@torch.no_grad()
def per_image(model, split, seed=0):
    """−ELBO of each image (N,)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        output = model(split.images)
    return distortion(split.images, output) + sum(rate.sum(1) for rate in rates(output))


def standard_error(values):
    return (values.std() / math.sqrt(len(values))).item()


def gap(model, sample):
    """−ELBO above the exact −log p of the same points: mean and standard error, in nats."""
    side = sample.density.high - sample.density.low
    log_density = sample.density.log_prob(sample.values) + 2 * math.log(side)
    values = per_image(model, sample.split) + log_density
    return values.mean().item(), standard_error(values)


def bound(model, sample):
    """−ELBO in the density's own units: mean and standard error, in nats."""
    values = per_image(model, sample.split)
    return values.mean().item() + 2 * math.log(sample.density.high - sample.density.low), standard_error(values)


@pytest.fixture(scope="module")
def ring():
    return densities.sample("ring_mixture", 4_000, seed=5)


@BOTH
def test_the_best_denoiser_closes_the_gap_to_the_entropy_with_more_levels(ring, prior_variance):
    gaps = {}
    for levels in (8, 16, 32, 64):
        model = BestForRing((1, 1, 2), levels, prior_variance=prior_variance)
        snr, images = model.log_snr.exp(), ring.split.images
        with torch.no_grad():
            centred = 2 * images.flatten(1) - 1
            errors = (model.denoise(model.draw(centred), model.log_snr[:, None, None]) - centred).square().mean((1, 2))
            model.log_sigma.fill_(0.5 * errors[0].log() - math.log(2))
            if prior_variance == "learned":
                model.log_excess.copy_(torch.log1p((snr[:-1] - snr[1:]) * errors[1:]))
        gaps[levels], error = gap(model, ring)
        assert gaps[levels] > -2 * error
        found, error = bound(model, ring)
        assert found > ring.density.entropy - 2 * error
    for fewer, more in itertools.pairwise(gaps.values()):
        assert more < 0.7 * fewer
    assert gaps[64] < (0.14 if prior_variance == "learned" else 0.28)


def test_a_trained_model_is_never_below_the_entropy_and_closer_with_more_levels(ring):
    train, found = densities.sample("ring_mixture", 64 * 300, seed=0).split, []
    for levels in (1, 6, 12):
        model = vc.DiffusionModel((1, 1, 2), levels, hidden=(64, 64), prior_variance="learned")
        vc.fit(model, train, HELBO(), epochs=1, batch_size=64, learning_rate=1e-2, device="cpu", progress=False)
        value, error = bound(model, ring)
        assert value > ring.density.entropy - 2 * error
        found.append(value)
    assert found[0] > found[1] + 0.1
    assert found[1] > found[2] + 0.1


# The way down


def test_all_levels_above_can_be_held(images):
    model = diffusion(4)
    levels = model.infer(images)
    codes, prior = [level.codes for level in levels], levels[0].prior
    for kept in range(1, 5):
        levels = model.descend(*codes[kept - 1 :], sample=True)
        assert len(levels) == 4
        assert all(torch.equal(found, held) for found, held in zip(levels[kept - 1 :], codes[kept - 1 :], strict=True))
    torch.testing.assert_close(model.descend(*codes[1:])[0], prior.mean)
    torch.testing.assert_close(model.prior(*codes[1:]).log_variance, prior.log_variance)


def test_the_way_down_draws_from_the_priors():
    """Ancestral draws of z_1 have the mean and the variance of p(z_1|z_2)."""
    model = diffusion(2, prior_variance="learned")
    above = torch.randn(1, PIXELS).double().expand(40_000, PIXELS)
    drawn = model.descend(above, sample=True)[0]
    prior = model.prior(above[:1])
    error = 5 / math.sqrt(40_000)
    assert ((drawn.mean(0) - prior.mean[0]).abs() < error * prior.std[0]).all()
    assert ((drawn.var(0) / prior.variance[0] - 1).abs() < 1.5 * error).all()


def test_the_best_denoiser_generates_the_ring(ring):
    with torch.no_grad():
        model = BestForRing((1, 1, 2), 64, sigma=0.2 / 6 / math.sqrt(2))
        drawn = ring.to_values(model.generate(4_000, noise=True))
    assert vc.metrics.wasserstein(drawn, ring.values, directions=20) < 0.1


@pytest.mark.filterwarnings("error")
def test_the_tools_for_models_serve_it_without_change():
    split = densities.sample("moons", 200, seed=1).split
    model = vc.DiffusionModel((1, 1, 2), 12, hidden=(8,))
    history = vc.fit(model, split, HELBO(), 2, test=split, metrics=["mse"], device="cpu", progress=False)
    assert {"rate_12", "test_negative_elbo", "test_mse"} <= set(history.names)
    assert vc.encode(model, split, level=12).shape == (200, 2)
    assert vc.encode(model, split, "all").shape == (200, 24)
    assert vc.reconstruct(model, split, level=7).shape == split.images.shape
    report = vc.level_report(model, split)
    assert report.psnr[0] is not None
    assert min(report.rate) < 0.1  # a small rate is no collapse here: nothing warns
    images = model.generate(50)
    assert images.shape == (50, 1, 1, 2)
    assert 0 <= images.min() <= images.max() <= 1
    assert torch.equal(images, model.generate(50))


def test_weights_are_seeded():
    first, same, other = (vc.DiffusionModel(SHAPE, 2, seed=seed).denoiser[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"levels": 0}, "levels must be at least 1, got 0"),
        ({"log_snr": (-6.0, 6.0)}, "log_snr must fall from the image to the top, got -6.0 and 6.0"),
        ({"prior_variance": "free"}, "prior_variance 'free' is unknown: choose one of posterior, learned"),
        ({"sigma": 0.0}, "sigma must be positive, got 0.0"),
        ({"image_shape": (2, 2)}, r"image_shape must be \(channels, height, width\), got \(2, 2\)"),
    ],
)
def test_settings_that_make_no_model_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        vc.DiffusionModel(**{"image_shape": SHAPE, "levels": 3} | settings)


def test_codes_of_other_sizes_are_refused():
    model = vc.DiffusionModel(SHAPE, 3)
    with pytest.raises(ValueError, match=r"codes must have shape \(N, 6\), got \(2, 5\)"):
        model.decode(torch.zeros(2, 5))
    with pytest.raises(ValueError, match="hold the codes of 1 to 3 upper levels, got 0"):
        model.descend()
    with pytest.raises(ValueError, match="give the codes of 1 to 2 upper levels, got 3"):
        model.prior(*torch.zeros(3, 2, 6))
    with pytest.raises(ValueError, match="this model decodes 3 levels of codes, z_1 first; got 2"):
        model.decode(torch.zeros(2, 6), torch.zeros(2, 6))
