"""Gaussians over codes and likelihoods of images, against torch.distributions, Monte Carlo and closed forms."""

import math

import pytest
import torch
from torch import distributions

import vaecourse as vc
from vaecourse.distributions import BernoulliImages, DiagonalGaussian, GaussianImages
from vaecourse.models import Level, Output


def random_gaussian(seed: int, shape=(5, 3)) -> DiagonalGaussian:
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance = torch.randn((2, *shape), generator=generator, dtype=torch.float64)
    return DiagonalGaussian(mean, log_variance)


def as_torch(gaussian: DiagonalGaussian) -> distributions.Normal:
    return distributions.Normal(gaussian.mean, (gaussian.log_variance / 2).exp())


def test_kl_equals_that_of_torch():
    first, second = random_gaussian(0), random_gaussian(1)
    torch.testing.assert_close(first.kl(second), distributions.kl_divergence(as_torch(first), as_torch(second)))
    standard = distributions.Normal(torch.zeros(5, 3, dtype=torch.float64), 1.0)
    torch.testing.assert_close(first.kl(), distributions.kl_divergence(as_torch(first), standard))


def test_kl_known_values():
    zero = torch.zeros(1, 1)
    # N(μ, 1) against N(0, 1): μ²/2. N(0, σ²): (σ² − 1 − log σ²)/2.
    assert DiagonalGaussian(zero + 3, zero).kl().item() == pytest.approx(4.5)
    assert DiagonalGaussian(zero, zero + math.log(4)).kl().item() == pytest.approx((3 - math.log(4)) / 2)
    assert random_gaussian(0).kl(random_gaussian(0)).abs().max() < 1e-12


def test_kl_equals_its_monte_carlo_estimate():
    first, second = random_gaussian(2, (1, 4)), random_gaussian(3, (1, 4))
    many = DiagonalGaussian(first.mean.expand(200_000, 4), first.log_variance.expand(200_000, 4))
    torch.manual_seed(0)
    codes = many.sample()
    ratios = first.log_prob(codes) - second.log_prob(codes)
    errors = ratios.std(0) / math.sqrt(len(codes))
    assert ((ratios.mean(0) - first.kl(second)[0]).abs() < 5 * errors).all()
    assert (errors < 0.1 * first.kl(second)[0]).all()


def test_log_prob_equals_that_of_torch():
    gaussian, codes = random_gaussian(0), random_gaussian(1).mean
    torch.testing.assert_close(gaussian.log_prob(codes), as_torch(gaussian).log_prob(codes))


def test_samples_equal_those_of_torch_for_equal_noise():
    gaussian = random_gaussian(0)
    torch.manual_seed(7)
    codes = gaussian.sample()
    torch.manual_seed(7)
    noise = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(codes, gaussian.mean + (gaussian.log_variance / 2).exp() * noise)
    torch.testing.assert_close(as_torch(gaussian).cdf(codes), distributions.Normal(0, 1).cdf(noise))


def test_gradients_pass_through_a_sample():
    mean = torch.tensor([[0.5, -1.0]], requires_grad=True)
    log_variance = torch.tensor([[0.2, -0.4]], requires_grad=True)
    codes = DiagonalGaussian(mean, log_variance).sample()
    codes.sum().backward()
    # z = μ + exp(½ log σ²) ε: ∂z/∂μ = 1, ∂z/∂log σ² = (z − μ)/2.
    torch.testing.assert_close(mean.grad, torch.ones(1, 2))
    torch.testing.assert_close(log_variance.grad, ((codes - mean) / 2).detach())
    assert (log_variance.grad != 0).all()


def test_parameters_are_means_and_then_log_variances():
    gaussian = DiagonalGaussian.from_parameters(torch.tensor([[1.0, 2.0, 3.0, 0.0, math.log(4), -1.0]]))
    assert gaussian.mean.tolist() == [[1, 2, 3]]
    torch.testing.assert_close(gaussian.variance, torch.tensor([[1, 4, math.exp(-1)]]))


def test_product_known_values():
    """N(1, 1) · N(5, ⅓) ∝ N(4, ¼): precisions 1 and 3 add to 4, and weigh the means, (1·1 + 3·5)/4 = 4."""
    first = DiagonalGaussian(torch.tensor([[1.0]]), torch.tensor([[0.0]]))
    second = DiagonalGaussian(torch.tensor([[5.0]]), torch.tensor([[-math.log(3)]]))
    for product in (first.product(second), second.product(first)):
        assert product.mean.item() == pytest.approx(4)
        assert product.variance.item() == pytest.approx(0.25)


def test_product_is_proportional_to_the_product_of_densities():
    first, second = random_gaussian(0), random_gaussian(1)
    product = first.product(second)
    codes = torch.linspace(-4, 4, 9, dtype=torch.float64)[:, None, None]
    ratio = first.log_prob(codes) + second.log_prob(codes) - product.log_prob(codes)
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))
    # The constant is the density of the difference of the means under both variances.
    spread = (first.variance + second.variance).sqrt()
    torch.testing.assert_close(ratio[0], distributions.Normal(first.mean, spread).log_prob(second.mean))


def test_product_with_a_gaussian_of_no_weight_and_at_extremes():
    gaussian = random_gaussian(0, (1, 3))
    wide = DiagonalGaussian(torch.full_like(gaussian.mean, 7), torch.full_like(gaussian.mean, 800))
    product = wide.product(gaussian)  # the variance exp(800) is infinite
    torch.testing.assert_close((product.mean, product.log_variance), (gaussian.mean, gaussian.log_variance))


def test_samples_of_bernoulli_pixels():
    logits = torch.tensor([-2.0, 0.0, 1.0, 40.0]).view(1, 1, 2, 2).expand(40_000, 1, 2, 2)
    torch.manual_seed(0)
    images = BernoulliImages(logits).sample()
    assert set(images.unique().tolist()) == {0.0, 1.0}
    assert images[:, 0, 1, 1].min() == 1
    torch.testing.assert_close(images.mean(0), logits[0].sigmoid(), atol=0.0125, rtol=0)  # 5 standard errors
    torch.testing.assert_close(torch.cov(images.flatten(1).T)[0, 1:3], torch.zeros(2), atol=0.01, rtol=0)


def test_samples_of_gaussian_pixels():
    mean = torch.tensor([0.0, 0.3, 0.7, 1.0]).view(1, 1, 2, 2).expand(40_000, 1, 2, 2)
    torch.manual_seed(0)
    images = GaussianImages(mean, torch.tensor(math.log(0.2))).sample()
    torch.testing.assert_close(images.mean(0), mean[0], atol=0.005, rtol=0)  # 5 standard errors
    torch.testing.assert_close(torch.cov(images.flatten(1).T), 0.04 * torch.eye(4), atol=0.0015, rtol=0)


def test_bernoulli_likelihood_of_binary_images():
    generator = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(6, 2, 5, 4, generator=generator)
    images = torch.bernoulli(torch.full((6, 2, 5, 4), 0.4), generator=generator)
    expected = -distributions.Bernoulli(logits=logits).log_prob(images).sum((1, 2, 3))
    torch.testing.assert_close(BernoulliImages(logits).negative_log_likelihood(images), expected)
    torch.testing.assert_close(BernoulliImages(logits).mean, distributions.Bernoulli(logits=logits).mean)


def test_bernoulli_cross_entropy_of_grey_images_is_smallest_at_the_grey_value_but_not_zero():
    grey = torch.full((1, 1, 1, 1), 0.3)
    logits = torch.linspace(-3, 3, 601).view(-1, 1, 1, 1)
    values = BernoulliImages(logits).negative_log_likelihood(grey)
    entropy = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert values.min().item() == pytest.approx(entropy, abs=1e-5)
    assert logits[values.argmin()].sigmoid().item() == pytest.approx(0.3, abs=0.005)


def test_bernoulli_likelihood_at_extreme_logits():
    logits = torch.tensor([-1e4, 1e4, -1e4, 1e4]).view(4, 1, 1, 1).requires_grad_()
    images = torch.tensor([0.0, 1.0, 1.0, 0.0]).view(4, 1, 1, 1)
    values = BernoulliImages(logits).negative_log_likelihood(images)
    assert values.tolist() == [0, 0, 1e4, 1e4]
    values.sum().backward()
    assert logits.grad.flatten().tolist() == [0, 0, -1, 1]


@pytest.mark.parametrize("sigma", [0.05, 1.0, 3.0])
def test_gaussian_likelihood_equals_that_of_torch(sigma):
    generator = torch.Generator().manual_seed(0)
    mean, images = torch.rand((2, 4, 3, 5, 5), generator=generator)
    expected = -distributions.Normal(mean, sigma).log_prob(images).sum((1, 2, 3))
    values = GaussianImages(mean, torch.tensor(math.log(sigma))).negative_log_likelihood(images)
    torch.testing.assert_close(values, expected)


@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
def test_squared_error_with_a_weight_is_a_gaussian_with_its_variance(beta):
    """Σ(x − x̂)² + β·KL is σ² = ½ with weight β, and β times σ² = β/2 with weight 1, up to constants."""
    generator = torch.Generator().manual_seed(0)
    images, pictures = torch.rand((2, 8, 1, 4, 4), generator=generator, dtype=torch.float64)
    posterior = random_gaussian(1, (8, 3))
    variables = [value.requires_grad_() for value in (pictures, posterior.mean, posterior.log_variance)]

    def loss_and_gradients(variance: float, weight: float):
        reconstruction = GaussianImages(pictures, torch.tensor(math.log(variance) / 2, dtype=torch.float64))
        output = Output(reconstruction, [Level(posterior.mean, posterior)])
        loss = vc.losses.BetaVAE(weight)(images, output)["loss"]
        return loss.detach(), torch.autograd.grad(loss, variables)

    squared = ((images - pictures) ** 2).flatten(1).sum(1) + beta * posterior.kl().sum(1)
    gradients = torch.autograd.grad(squared.mean(), variables)
    half, half_gradients = loss_and_gradients(variance=0.5, weight=beta)
    wide, wide_gradients = loss_and_gradients(variance=beta / 2, weight=1.0)
    # The constants: D/2 · log 2πσ², D = 16 pixels.
    torch.testing.assert_close(half, squared.mean().detach() + 8 * math.log(math.pi))
    torch.testing.assert_close(wide, squared.mean().detach() / beta + 8 * math.log(math.pi * beta))
    torch.testing.assert_close(half_gradients, gradients)
    torch.testing.assert_close(tuple(beta * gradient for gradient in wide_gradients), gradients)


@pytest.mark.parametrize("log_variance", [-200.0, -100.0, 100.0, 200.0])
def test_densities_and_kl_of_variances_beyond_the_range_of_floats(log_variance):
    """Against the same in float64, whose range is larger."""
    parameters = torch.tensor([[0.0, log_variance], [1e-3, log_variance - 1.0]])
    for dtype in (torch.float32, torch.float64):
        q, p = (
            DiagonalGaussian(*(value.to(dtype).view(1, 1).requires_grad_() for value in pair)) for pair in parameters
        )
        same = q.kl(DiagonalGaussian(q.mean, q.log_variance))
        assert same.item() == 0
        same.backward()
        assert q.mean.grad.item() == q.log_variance.grad.item() == 0
        found = [q.kl(p).item(), q.log_prob(p.mean).item(), q.log_prob(q.mean).item()]
        if dtype == torch.float32:
            single = [value if math.isfinite(value) else math.copysign(math.inf, value) for value in found]
    beyond = torch.tensor(found, dtype=torch.float64).float().tolist()  # infinite where float32 ends
    assert single == pytest.approx(beyond, rel=1e-4)


def test_half_precision_is_summed_in_float32():
    """10,000 pixels of 0.7 nats: a sum in float16 would be off by tens of nats."""
    logits = torch.zeros(1, 1, 100, 100, dtype=torch.float16)
    nats = BernoulliImages(logits).negative_log_likelihood(torch.rand(1, 1, 100, 100))
    assert nats.dtype == torch.float32
    assert nats.item() == pytest.approx(10_000 * math.log(2))
    apart = GaussianImages(logits, torch.tensor(-5.0)).negative_log_likelihood(torch.full((1, 1, 100, 100), 1e-4))
    assert apart.item() == pytest.approx(5000 * (1e-8 * math.exp(10) + math.log(2 * math.pi) - 10))
    narrow = DiagonalGaussian(*torch.zeros(2, 1, 1, dtype=torch.bfloat16))
    assert narrow.kl().dtype == narrow.log_prob(narrow.mean).dtype == torch.float32
