"""The importance-weighted bound on models whose log p(x) is known: in closed form, or by integration on a grid."""

import math

import pytest
import torch
from torch import nn

import vaecourse as vc
from vaecourse.evaluation import likelihood, nll
from vaecourse.models import Level, Output

SHAPE = (1, 2, 3)
SIGMA = 0.2


class LinearGaussian(nn.Module):
    """x = W z + b + σ ε with orthogonal columns of W, so that the exact posterior of z is a diagonal Gaussian.

    ``shift`` and ``widen`` move its mean and its log-variance away from the exact ones.
    """

    def __init__(self, shift: float = 0.0, widen: float = 0.0):
        super().__init__()
        columns = torch.tensor([[1.0, 1, 1, 1, 1, 1], [1, -1, 1, -1, 0, 0]])
        self.weight = nn.Parameter(columns.T * torch.tensor([0.1, 0.2]))
        self.bias = nn.Parameter(torch.full((6,), 0.5))
        self.shift, self.widen = shift, widen

    def posterior(self, images):
        variance = 1 / (1 + (self.weight**2).sum(0) / SIGMA**2)
        mean = variance * ((images.flatten(1) - self.bias) @ self.weight) / SIGMA**2
        return vc.DiagonalGaussian(mean + self.shift, (variance.log() + self.widen).expand_as(mean))

    def forward(self, images, sample=True):
        posterior = self.posterior(images)
        codes = posterior.sample()
        pictures = (codes @ self.weight.T + self.bias).view(-1, *SHAPE)
        reconstruction = vc.GaussianImages(pictures, torch.tensor(math.log(SIGMA)))
        return Output(reconstruction, [Level(codes, posterior, vc.DiagonalGaussian.standard_like(codes))])

    @torch.no_grad()
    def log_likelihood(self, images):
        covariance = self.weight @ self.weight.T + SIGMA**2 * torch.eye(6)
        marginal = torch.distributions.MultivariateNormal(self.bias.double(), covariance.double())
        return marginal.log_prob(images.flatten(1).double())


class TwoLevels(nn.Module):
    """z2 ~ N(0, 1), z1 ~ N(0.8 z2, 0.5²), every pixel ~ N(w z1 + 0.5, σ²); q(z1|x) q(z2|z1) is exact."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.3, -0.1, 0.2, 0.0, 0.1, 0.4]))

    def forward(self, images, sample=True):
        prior_variance = 0.8**2 + 0.5**2
        variance = 1 / (1 / prior_variance + (self.weight**2).sum() / SIGMA**2)
        mean = variance * ((images.flatten(1) - 0.5) @ self.weight)[:, None] / SIGMA**2
        lower = vc.DiagonalGaussian(mean, variance.log().expand_as(mean))
        first = lower.sample()
        upper_mean = 0.8 * first / prior_variance
        upper = vc.DiagonalGaussian(upper_mean, torch.full_like(first, math.log(0.5**2 / prior_variance)))
        second = upper.sample()
        conditional_prior = vc.DiagonalGaussian(0.8 * second, torch.full_like(first, 2 * math.log(0.5)))
        pictures = (0.5 + first * self.weight).view(-1, *SHAPE)
        reconstruction = vc.GaussianImages(pictures, torch.tensor(math.log(SIGMA)))
        levels = [Level(first, lower, conditional_prior), Level(second, upper, upper.standard_like(second))]
        return Output(reconstruction, levels)

    @torch.no_grad()
    def log_likelihood(self, images):
        covariance = (0.8**2 + 0.5**2) * torch.outer(self.weight, self.weight) + SIGMA**2 * torch.eye(6)
        marginal = torch.distributions.MultivariateNormal(torch.full((6,), 0.5), covariance)
        return marginal.log_prob(images.flatten(1)).double()


@pytest.fixture
def pixels():
    """Five grey images of 1×2×3."""
    generator = torch.Generator().manual_seed(0)
    return vc.Split(torch.randint(0, 256, (5, *SHAPE), dtype=torch.uint8, generator=generator))


@pytest.mark.parametrize("model", [LinearGaussian(), TwoLevels()], ids=["one level", "two levels"])
@pytest.mark.parametrize("samples", [1, 2, 37])
def test_with_the_exact_posterior_any_number_of_samples_gives_log_p(model, samples, pixels):
    expected = -model.log_likelihood(pixels.as_floats())
    bounds = nll(model, pixels, samples)
    assert bounds.shape == (5,)
    assert bounds.dtype == torch.float64
    torch.testing.assert_close(bounds, expected, atol=1e-4, rtol=0)


def test_the_bound_tightens_with_the_number_of_samples(pixels):
    model, exact = LinearGaussian(shift=0.4, widen=0.5), LinearGaussian()
    image = pixels[[2]]
    log_p = model.log_likelihood(image.as_floats()).item()
    copies = image[torch.zeros(4000, dtype=torch.int64)]
    means, errors = [], []
    for samples in (1, 4, 16, 64):
        bounds = nll(model, copies, samples, seed=samples)
        means.append(bounds.mean().item())
        errors.append(bounds.std().item() / math.sqrt(len(copies)))
    # One sample: −ELBO = −log p(x) + KL(q‖exact posterior).
    gap = model.posterior(image.as_floats()).kl(exact.posterior(image.as_floats())).sum().item()
    assert gap > 0.3
    assert means[0] == pytest.approx(-log_p + gap, abs=5 * errors[0])
    # The mean falls with k by far more than its own error, never below −log p(x).
    for k in range(3):
        assert means[k + 1] < means[k] - 5 * errors[k]
    assert means[-1] > -log_p - 5 * errors[-1]
    assert means[-1] == pytest.approx(-log_p, abs=0.02)


@pytest.mark.parametrize("values", [1, 6 * 7, 1_000_000])
def test_blocks_of_any_size_add_up(values, pixels, monkeypatch):
    monkeypatch.setattr(likelihood, "VALUES_AT_ONCE", values)
    model = LinearGaussian(shift=0.2, widen=0.3)
    expected = -model.log_likelihood(pixels.as_floats())
    torch.testing.assert_close(nll(model, pixels, 501), expected, atol=0.1, rtol=0)


def test_memory_is_bounded_whatever_the_number_of_samples(pixels, monkeypatch):
    monkeypatch.setattr(likelihood, "VALUES_AT_ONCE", 6 * 8)
    rows = []
    model = LinearGaussian()
    model.register_forward_pre_hook(lambda _, arguments: rows.append(len(arguments[0])))
    nll(model, pixels[:3], 11)
    assert max(rows) <= 8
    assert sum(rows) == 3 * 11


def test_bernoulli_pixels_against_integration_on_a_grid():
    model = vc.VAE((1, 4, 4), latent_dim=1, hidden=(8,), seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    generator = torch.Generator().manual_seed(0)
    images = 255 * torch.randint(0, 2, (4, 1, 4, 4), dtype=torch.uint8, generator=generator)
    split = vc.Split(images)
    grid = torch.linspace(-9, 9, 6001)[:, None]
    with torch.no_grad():
        decoded = model.decode(grid)
        log_prior = torch.distributions.Normal(0, 1).log_prob(grid[:, 0])
        expected = torch.stack(
            [
                (log_prior - decoded.negative_log_likelihood(image.expand(len(grid), 1, 4, 4))).double().logsumexp(0)
                for image in split.as_floats()
            ]
        )
    expected = -expected - math.log(18 / 6000)
    elbo = -nll(model, split, 1)
    assert (expected + elbo).abs().max() > 0.1
    torch.testing.assert_close(nll(model, split, 20_000), expected, atol=0.02, rtol=0)


def hierarchy(inference, decoder_reads="first", scale=2.0):
    """Two levels of one unit, with wide posteriors: narrow ones have importance weights of very large variance."""
    model = vc.HDVAE((1, 4, 4), (1, 1), inference, decoder_reads, level_hidden=(8,), hidden=(8,), seed=3)
    with torch.no_grad():
        for part in (model.decoder, model.priors):
            for parameter in part.parameters():
                parameter.mul_(scale)
        for network in (model.encoder.layers, *model.posteriors):
            network[-1].bias[1::2] += 1  # log variances, the second of each two outputs
    return model


@pytest.fixture
def binary():
    """Three black and white images of 1×4×4."""
    generator = torch.Generator().manual_seed(0)
    return vc.Split(255 * torch.randint(0, 2, (3, 1, 4, 4), dtype=torch.uint8, generator=generator))


@torch.no_grad()
def integrated_log_likelihood(model, split):
    """log p(x) of a hierarchy of two levels of one unit, by integration over both on a grid."""
    lower, upper = torch.linspace(-8, 8, 401)[:, None], torch.linspace(-6, 6, 301)[:, None]
    cell = 16 / 400 * 12 / 300
    prior = vc.DiagonalGaussian.from_parameters(model.priors[0](upper))
    # Rows: z_1. Columns: z_2.
    log_prior = prior.log_prob(lower[:, None]).squeeze(2) + torch.distributions.Normal(0, 1).log_prob(upper[:, 0])
    assert (log_prior.double().exp().sum() * cell).item() == pytest.approx(1, abs=1e-4)
    if model.decoder_reads == "first":
        logits = model.decode(lower).logits.unsqueeze(1)
    else:
        pairs = torch.cartesian_prod(lower[:, 0], upper[:, 0])
        logits = model.decode(pairs[:, :1], pairs[:, 1:]).logits.view(401, 301, 1, 4, 4)
    log_p = [
        torch.distributions.Bernoulli(logits=logits).log_prob(image).sum((2, 3, 4)) + log_prior
        for image in split.as_floats()
    ]
    return torch.stack([values.double().logsumexp((0, 1)) for values in log_p]) + math.log(cell)


@pytest.mark.parametrize("inference", ["bottom_up", "top_down"])
@pytest.mark.parametrize("decoder_reads", ["first", "all"])
def test_hierarchies_against_integration_on_a_grid(inference, decoder_reads, binary):
    model = hierarchy(inference, decoder_reads)
    expected = -integrated_log_likelihood(model, binary)
    assert (nll(model, binary, 1) - expected).abs().max() > 0.1
    torch.testing.assert_close(nll(model, binary, 10_000), expected, atol=0.05, rtol=0)


@pytest.mark.parametrize("inference", ["bottom_up", "top_down"])
def test_the_bound_of_a_hierarchy_is_the_elbo_and_tightens(inference, binary):
    model = hierarchy(inference, scale=1.0)
    copies = binary[torch.zeros(2000, dtype=torch.int64)]
    means, errors = [], []
    for samples in (1, 5, 25):
        bounds = nll(model, copies, samples, seed=samples)
        means.append(bounds.mean().item())
        errors.append(bounds.std().item() / math.sqrt(len(copies)))
    negative_elbo = vc.evaluate(model, copies, vc.losses.BetaVAE())["negative_elbo"]
    assert means[0] == pytest.approx(negative_elbo, abs=7 * errors[0])
    assert means[1] < means[0] - 5 * errors[0]
    assert means[2] < means[1] - 5 * errors[1]
    assert means[2] > -integrated_log_likelihood(model, binary)[0].item() - 5 * errors[2]


def test_degrees_of_a_ph_vae_are_scored_like_one_level_of_all_units(binary):
    """`concat` is a VAE of K·d units whose encoder is in blocks: the posterior and the bound are those."""
    model = vc.PHVAE((1, 4, 4), 1, degree=3, hidden=(8,), seed=1)

    class Joined(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, images, sample=True):
            posterior = model.encode(images)
            codes = model.mix([each.sample() for each in model.encode_degrees(images)])
            return Output(model.decoder(codes), [Level(codes, posterior, posterior.standard_like(codes))])

    torch.testing.assert_close(nll(model, binary, 7), nll(Joined(), binary, 7))


def test_a_dynamic_split_is_drawn_once(random_split):
    model = vc.VAE(random_split.image_shape, latent_dim=2, hidden=(16,))
    grey = random_split[:20]
    dynamic = nll(model, grey.binarized("dynamic"), 3, seed=5)
    assert dynamic.equal(nll(model, grey.binarized("static", seed=5), 3, seed=5))
    assert not dynamic.equal(nll(model, grey.binarized("dynamic"), 3, seed=6))


def test_seeded_and_without_side_effects(pixels):
    model = LinearGaussian(shift=0.5).train()
    before = torch.get_rng_state()
    first = nll(model, pixels, 3, seed=1)
    assert torch.get_rng_state().equal(before)
    assert model.training
    assert not first.requires_grad
    assert nll(model, pixels, 3, seed=1).equal(first)
    assert not nll(model, pixels, 3, seed=2).equal(first)


def test_progress_is_shown_when_asked_for(pixels, capsys):
    nll(LinearGaussian(), pixels, 2)
    assert capsys.readouterr().err == ""
    nll(LinearGaussian(), pixels, 2, progress=True)
    assert "10/10" in capsys.readouterr().err


def test_grey_images_have_no_bernoulli_likelihood(random_split):
    model = vc.VAE(random_split.image_shape, latent_dim=2, hidden=(16,)).train()
    with pytest.raises(ValueError, match=r"grey images .* score split\.binarized\(\)"):
        nll(model, random_split, 2)
    assert model.training
    gaussian = vc.VAE(random_split.image_shape, latent_dim=2, hidden=(16,), likelihood="gaussian")
    assert nll(gaussian, random_split[:3], 2).isfinite().all()


@pytest.mark.parametrize("samples", [0, -5])
def test_too_few_samples_are_refused(samples, pixels):
    with pytest.raises(ValueError, match=f"samples must be at least 1, got {samples}"):
        nll(LinearGaussian(), pixels, samples)


def test_other_bad_input_is_refused(pixels):
    with pytest.raises(ValueError, match="no posterior"):
        nll(vc.Autoencoder(SHAPE, latent_dim=2), pixels, 2)
    with pytest.raises(TypeError, match=r"nll takes a Split.*got Tensor"):
        nll(LinearGaussian(), pixels.as_floats(), 2)
    with pytest.raises(ValueError, match="no images"):
        nll(LinearGaussian(), pixels[:0], 2)
