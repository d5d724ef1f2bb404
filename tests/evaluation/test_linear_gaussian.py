"""HELBO on linear-Gaussian hierarchies, where log p(x) and the exact posterior are known in closed form.

p(z_L) = N(0, 1), p(z_l|z_{l+1}) = N(a_l z_{l+1}, s_l²), p(x|z_1) = N(b z_1, σ²), separately for each of three units and
pixels: the exact posterior is then a diagonal Gaussian. Every log density is quadratic in the noise of the samples, so
noise of ±1, with each pair of signs once, has exactly the means of standard Gaussian noise: expectations below are
exact, not Monte Carlo.
"""

import itertools
import math
import warnings

import pytest
import torch
from torch import distributions as td

import vaecourse as vc
from vaecourse.evaluation.likelihood import _log_weights
from vaecourse.losses import HELBO, rates
from vaecourse.models import Level, Output

F64 = {"dtype": torch.float64}
# One row for each level of priors above z_1, one column for each unit.
SLOPES = torch.tensor([[0.8, -1.2, 0.3], [0.6, 0.9, -1.5]], **F64)
STDS = torch.tensor([[0.5, 0.7, 1.1], [0.4, 0.9, 0.6]], **F64)
GAIN = torch.tensor([1.5, 0.4, -0.9], **F64)
SIGMA = 0.3
X = torch.tensor([0.9, 0.1, 0.6], **F64)
SIGNS = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], **F64)


def gaussian(mean, variance):
    return vc.DiagonalGaussian(mean, torch.as_tensor(variance, **F64).log().expand_as(mean))


def marginal_variances(levels):
    """Var z_1, …, Var z_L under the prior."""
    variances = [torch.ones(3, **F64)]
    for slope, std in zip(reversed(SLOPES[: levels - 1]), reversed(STDS[: levels - 1]), strict=True):
        variances.insert(0, slope**2 * variances[0] + std**2)
    return variances


def log_p(levels=2):
    """log p(x) of the one image."""
    return td.Normal(0.0, (GAIN**2 * marginal_variances(levels)[0] + SIGMA**2).sqrt()).log_prob(X).sum()


def exact_first(levels=2):
    """q(z_1|x), exact: mean and variance."""
    variance = 1 / (1 / marginal_variances(levels)[0] + GAIN**2 / SIGMA**2)
    return variance * GAIN * X / SIGMA**2, variance


def images_and_likelihood(first):
    images = X.expand(len(first), 1, 1, 3)
    return images, vc.GaussianImages((GAIN * first)[:, None, None], torch.tensor(math.log(SIGMA), **F64))


def bottom_up(posterior, upwards, noise):
    """Images and Output from q(z_1|x) = N(*posterior) and, for each upper level, (slope, offset, variance) of q."""
    rows = torch.ones(len(noise), 1, **F64)
    first = gaussian(rows * posterior[0], posterior[1])
    levels = [Level(first.mean + first.std * noise[:, :1], first)]
    for k, (slope, offset, variance) in enumerate(upwards):
        below = levels[-1]
        upper = gaussian(slope * below.codes + offset, variance)
        levels.append(Level(upper.mean + upper.std * noise[:, k + 1, None], upper))
        below.prior = gaussian(SLOPES[k] * levels[-1].codes, STDS[k] ** 2)
        below.prior_depends_on_sample = True
    levels[-1].prior = vc.DiagonalGaussian.standard_like(levels[-1].codes)
    images, likelihood = images_and_likelihood(levels[0].codes)
    return images, Output(likelihood, levels)


def exact_upwards(levels):
    """The exact q(z_{l+1}|z_l) = p(z_{l+1}|z_l), by Bayes."""
    variances = marginal_variances(levels)
    return [
        (SLOPES[k] * variances[k + 1] / variances[k], 0.0, variances[k + 1] * STDS[k] ** 2 / variances[k])
        for k in range(levels - 1)
    ]


def exact_top_down(noise):
    """Images and Output from the exact q(z_2|x) q(z_1|z_2, x), the latter as a model makes it: evidence times prior."""
    slope, rows = GAIN * SLOPES[0], torch.ones(len(noise), 1, **F64)
    residual = (GAIN * STDS[0]) ** 2 + SIGMA**2  # Var[x|z_2]
    variance = 1 / (1 + slope**2 / residual)
    top = gaussian(rows * variance * slope * X / residual, variance)
    second = top.mean + top.std * noise[:, 1:]
    prior = gaussian(SLOPES[0] * second, STDS[0] ** 2)
    lower = gaussian(rows * X / GAIN, (SIGMA / GAIN) ** 2).product(prior)
    first = lower.mean + lower.std * noise[:, :1]
    images, likelihood = images_and_likelihood(first)
    return images, Output(likelihood, [Level(first, lower, prior), Level(second, top, top.standard_like(second))])


def close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_with_the_exact_posterior_every_sample_weighs_log_p(levels):
    noise = torch.randn(1000, levels, generator=torch.Generator().manual_seed(0), **F64)
    images, output = bottom_up(exact_first(levels), exact_upwards(levels), noise)
    weights = _log_weights(images, output, binary=False)
    assert weights.shape == (1000,)
    close(weights, log_p(levels).expand(1000))


def test_from_the_top_down_too():
    noise = torch.randn(1000, 2, generator=torch.Generator().manual_seed(1), **F64)
    close(_log_weights(*exact_top_down(noise), binary=False), log_p().expand(1000))
    for bound in ("chain", "product"):  # the same there
        close(-HELBO(bound=bound)(*exact_top_down(SIGNS))["loss"], log_p())


@pytest.mark.parametrize("levels", [1, 2])
def test_with_the_exact_posterior_the_chain_is_log_p(levels):
    terms = HELBO()(*bottom_up(exact_first(levels), exact_upwards(levels), SIGNS))
    close(-terms["loss"], log_p(levels))
    close(-terms["negative_elbo"], log_p(levels))


def test_over_random_samples_the_chain_is_log_p_but_for_the_noise_of_its_analytic_top():
    """Sample and closed form of the top rate differ by a noise of mean 0; nothing else does."""
    for levels in (2, 3):
        noise = torch.randn(20_000, levels, generator=torch.Generator().manual_seed(2), **F64)
        images, output = bottom_up(exact_first(levels), exact_upwards(levels), noise)
        top = output.levels[-1]
        sampled = (top.posterior.log_prob(top.codes) - top.prior.log_prob(top.codes)).sum(1)
        difference = rates(output)[-1].sum(1) - sampled
        loss = HELBO()(images, output)["loss"]
        close(loss, difference.mean() - log_p(levels))
        error = difference.std().item() / math.sqrt(len(noise))
        assert error < 0.02
        assert -loss.item() == pytest.approx(log_p(levels).item(), abs=4 * error)


def expected_log_normal(mean, spread, variance):
    """E log N(u; 0, variance) for u ~ N(mean, spread), summed over units."""
    return -0.5 * (torch.log(2 * math.pi * variance) + (mean**2 + spread) / variance).sum()


def product_posterior(posterior, upward):
    """ELBO of q(z_1|x) q(z_2|x), each the marginal of the chain's q, and I(z_1; z_2|x): both in closed form."""
    (mean, variance), (slope, offset, noise) = posterior, upward
    upper_mean, upper_variance = slope * mean + offset, slope**2 * variance + noise
    elbo = (
        expected_log_normal(X - GAIN * mean, GAIN**2 * variance, torch.full((3,), SIGMA**2, **F64))
        + expected_log_normal(mean - SLOPES[0] * upper_mean, variance + SLOPES[0] ** 2 * upper_variance, STDS[0] ** 2)
        + expected_log_normal(upper_mean, upper_variance, torch.ones(3, **F64))
        + td.Normal(mean, variance.sqrt()).entropy().sum()
        + td.Normal(upper_mean, upper_variance.sqrt()).entropy().sum()
    )
    return elbo, 0.5 * torch.log(upper_variance / noise).sum()


def test_with_the_exact_posterior_the_product_form_is_lower_by_exactly_two_gaps():
    posterior, (upward,) = exact_first(), exact_upwards(2)
    elbo, information = product_posterior(posterior, upward)
    terms = HELBO(bound="product")(*bottom_up(posterior, [upward], SIGNS))
    close(log_p() + terms["loss"], (log_p() - elbo) + information)
    assert log_p() - elbo > 0.05
    assert information > 0.05
    # The terms still report the chain's bound.
    close(-terms["negative_elbo"], log_p())
    close(terms["distortion"] + terms["product_rate"], terms["loss"])


def random_posteriors(count):
    """Some near the exact posterior, some far away."""
    generator = torch.Generator().manual_seed(3)
    exact, (upward,) = exact_first(), exact_upwards(2)
    for k in range(count):
        size = 0.02 * 1.1**k  # up to 5.5 for 60
        shift = size * torch.randn(5, 3, generator=generator, **F64)
        yield (
            (exact[0] + shift[0], exact[1] * shift[1].exp()),
            (upward[0] + shift[2], upward[1] + shift[3], upward[2] * shift[4].exp()),
        )


def test_for_any_posterior_the_product_form_is_below_its_elbo_and_every_bound_below_log_p():
    gaps = []
    for posterior, upward in random_posteriors(60):
        images, output = bottom_up(posterior, [upward], SIGNS)
        elbo, information = product_posterior(posterior, upward)
        chain, product = -HELBO()(images, output)["loss"], -HELBO(bound="product")(images, output)["loss"]
        torch.testing.assert_close(product, elbo - information)
        assert information > 0
        assert product <= elbo <= log_p()
        assert chain <= log_p()
        # The chain's gap is the divergence of its posterior from the exact one, computed apart.
        torch.testing.assert_close(log_p() - chain, gap_of_chain(posterior, upward))
        gaps.append((log_p() - chain).item())
    assert min(gaps) < 0.01
    assert max(gaps) > 10


def gap_of_chain(posterior, upward):
    """KL(q(z_1, z_2|x)‖p(z_1, z_2|x)), by torch's own KL of two-dimensional Gaussians, summed over units."""
    joints = []
    for (mean, variance), (slope, offset, noise) in ((posterior, upward), (exact_first(), exact_upwards(2)[0])):
        covariance = torch.stack([variance, slope * variance, slope * variance, slope**2 * variance + noise], dim=1)
        means = torch.stack([mean, slope * mean + offset], dim=1)
        joints.append(td.MultivariateNormal(means, covariance.view(3, 2, 2)))
    return td.kl_divergence(*joints).sum()


def copying(gap, betas, bound="chain"):
    """The loss where z_2 copies z_1 with an error of this standard deviation and p(z_1|z_2) is as sharp."""
    first = gaussian(torch.ones(4, 1, **F64) * exact_first()[0], exact_first()[1])
    lower = Level(first.mean + first.std * SIGNS[:, :1], first, prior_depends_on_sample=True)
    upper = gaussian(lower.codes, gap**2)
    second = upper.mean + upper.std * SIGNS[:, 1:]
    lower.prior = gaussian(second, gap**2)
    images, likelihood = images_and_likelihood(lower.codes)
    levels = [lower, Level(second, upper, upper.standard_like(second))]
    return HELBO(betas, bound=bound)(images, Output(likelihood, levels))["loss"].item()


def test_with_beta_decreasing_upwards_the_chain_falls_without_end():
    """A copy ten times as exact lowers the loss by (β_1 − β_2) ln 10 in each of the three units, for ever."""
    with pytest.warns(UserWarning, match=r"no minimum when β decreases upwards: use bound='product'"):
        losses = [copying(10.0**-k, betas=(1.0, 0.5)) for k in range(1, 7)]
    steps = [after - before for before, after in itertools.pairwise(losses)]
    assert steps[1:] == pytest.approx([-3 * 0.5 * math.log(10)] * 4, abs=1e-3)
    for betas, slope in (((1.0, 1.0), 0.0), ((0.5, 1.0), 1.5 * math.log(10))):
        assert copying(1e-6, betas) - copying(1e-5, betas) == pytest.approx(slope, abs=1e-3)
    # The closed form of the product punishes the copy instead: the noise of z_1 is far from that of its prior.
    assert copying(1e-2, (1.0, 0.5), "product") > copying(1e-1, (1.0, 0.5), "product") + 100


@pytest.mark.parametrize(
    "settings",
    [{"betas": (1.0, 1.0)}, {"betas": (0.5, 1.0)}, {"betas": 0.1}, {"bound": "product", "betas": (1.0, 0.5)}],
)
def test_no_warning_where_the_objective_has_a_minimum(settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HELBO(**settings)(*bottom_up(exact_first(), exact_upwards(2), SIGNS))


def test_the_warning_is_for_bottom_up_inference_and_comes_once():
    loss = HELBO(betas=(1.0, 0.5))
    loss(*exact_top_down(SIGNS))  # warnings are errors here
    batch = bottom_up(exact_first(), exact_upwards(2), SIGNS)
    with pytest.warns(UserWarning, match="no minimum") as caught:
        loss(*batch)
    assert [warning.filename for warning in caught] == [__file__]
    loss(*batch)
    # Three levels: a fall between any two neighbours counts.
    three = bottom_up(exact_first(3), exact_upwards(3), torch.cat([SIGNS, SIGNS[:, :1]], dim=1))
    HELBO(betas=(0.1, 0.2, 0.2))(*three)
    with pytest.warns(UserWarning, match="no minimum"):
        HELBO(betas=(0.1, 0.2, 0.1))(*three)
