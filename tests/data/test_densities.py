"""Named densities, and the distances between samples: known answers and closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg, stats
from sklearn.datasets import make_moons

import vaecourse as vc
from vaecourse.data import DataError, densities

DIMENSIONS = {"mixture": 1, "log_normal": 1, "ring_mixture": 2, "moons": 2}


@pytest.mark.parametrize(("name", "dimension"), DIMENSIONS.items())
def test_a_sample_is_a_split_and_its_values(name, dimension):
    sample = densities.sample(name, 500, seed=3)
    assert sample.split.images.shape == (500, 1, 1, dimension)
    assert sample.split.images.dtype == torch.float32
    assert sample.values.shape == (500, dimension)
    low, high = sample.density.low, sample.density.high
    assert torch.equal(sample.to_values(torch.zeros(1, 1, 1, dimension)), torch.full((1, dimension), float(low)))
    assert torch.equal(sample.to_values(torch.ones(1, 1, 1, dimension)), torch.full((1, dimension), float(high)))
    assert torch.equal(sample.to_values(sample.split.images), sample.values)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_draws_are_seeded_and_leave_the_global_state_alone(name):
    state = np.random.get_state()[1].copy()  # noqa: NPY002 (the state that must not change)
    first, again, other = (densities.sample(name, 50, seed=seed).values for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def truncated(distribution, values, low, high):
    below, above = distribution.cdf(low), distribution.cdf(high)
    return (distribution.cdf(values) - below) / (above - below)


def test_the_mixture_has_its_distribution_function():
    values = densities.sample("mixture", 20_000).values[:, 0].double().numpy()
    parts = [(0.3, stats.norm(-3, 0.3)), (0.4, stats.norm(0, 0.8)), (0.3, stats.norm(2.5, 0.5))]
    # The box cuts off less than 1e−6 of it.
    assert stats.kstest(values, lambda x: sum(weight * part.cdf(x) for weight, part in parts)).pvalue > 0.01


def test_the_log_normal_is_truncated_at_its_box():
    values = densities.sample("log_normal", 20_000).values[:, 0].double().numpy()
    assert values.max() <= 5
    assert stats.kstest(values, lambda x: truncated(stats.lognorm(0.5), x, 0, 5)).pvalue > 0.01


def test_draws_outside_the_box_are_drawn_again(monkeypatch):
    wide = densities.Density(
        draw=lambda generator, count: generator.standard_normal((count, 1)),
        low=-0.5,
        high=1,
        untruncated=lambda values: stats.norm.pdf(values[:, 0]),
    )
    monkeypatch.setitem(densities.DENSITIES, "wide", wide)
    values = densities.sample("wide", 20_000).values[:, 0].double().numpy()
    assert len(values) == 20_000
    assert stats.kstest(values, lambda x: truncated(stats.norm(), x, -0.5, 1)).pvalue > 0.01
    normal = stats.truncnorm(-0.5, 1)
    assert wide.inside == pytest.approx(stats.norm.cdf(1) - stats.norm.cdf(-0.5))
    assert wide.entropy == pytest.approx(normal.entropy())
    np.testing.assert_allclose(wide.log_prob(values[:50, None]), normal.logpdf(values[:50]))
    assert wide.log_prob([[-0.6], [1.1]]).tolist() == [-math.inf, -math.inf]


def test_the_densities_of_one_dimension_are_those_of_scipy():
    values = np.linspace(-4.9, 4.9, 99)
    parts = [(0.3, stats.norm(-3, 0.3)), (0.4, stats.norm(0, 0.8)), (0.3, stats.norm(2.5, 0.5))]
    found = densities.DENSITIES["mixture"].log_prob(values[:, None]).exp()
    np.testing.assert_allclose(found, sum(weight * part.pdf(values) for weight, part in parts), rtol=1e-6)
    positive = np.linspace(0, 5, 99)
    found = densities.DENSITIES["log_normal"].log_prob(positive[:, None]).exp()
    log_normal = stats.lognorm(0.5)
    np.testing.assert_allclose(found, log_normal.pdf(positive) / log_normal.cdf(5), rtol=1e-6)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_the_entropy_is_the_mean_of_minus_log_p(name):
    """An expectation over draws beside an integral over the box: they share no line of code."""
    density = densities.DENSITIES[name]
    scores = -density.log_prob(densities.sample(name, 10_000, seed=7).values)
    assert density.entropy == pytest.approx(scores.mean().item(), abs=3 * scores.std().item() / math.sqrt(10_000))


@pytest.mark.parametrize("name", ["ring_mixture", "moons"])
def test_draws_fill_the_plane_as_the_density_says(name):
    sample = densities.sample(name, 20_000, seed=3)
    low, high = sample.density.low, sample.density.high
    centres = low + (high - low) * (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(centres, centres, indexing="ij"), -1).reshape(-1, 2)
    fine = sample.density.log_prob(grid).exp().numpy().reshape(200, 200) * ((high - low) / 200) ** 2
    assert fine.sum() == pytest.approx(1)
    expected = 20_000 * fine.reshape(20, 10, 20, 10).sum((1, 3))
    counts = np.histogram2d(*sample.values.T.numpy(), bins=20, range=[(low, high)] * 2)[0]
    full = expected > 5
    observed, predicted = (np.append(values[full], 20_000 - values[full].sum()) for values in (counts, expected))
    assert stats.chisquare(observed, predicted).pvalue > 0.01


def test_the_moons_are_an_integral_over_the_angle():
    """Their density at some points, by brute force: a sum over many centres on the two half circles."""
    angles = math.pi * (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    upper = torch.stack([angles.cos() - 0.5, angles.sin() - 0.25], 1)
    for point in torch.tensor([[0.5, -0.25], [-0.5, 0.75], [0.1, 0.1], [-1.6, -0.3]]).double():
        near = [torch.exp(-((point - half * upper) ** 2).sum(1) / 0.02) / (0.02 * math.pi) for half in (1, -1)]
        expected = torch.cat(near).mean().log().item()
        assert densities.DENSITIES["moons"].log_prob(point[None]).item() == pytest.approx(expected, abs=1e-5)


def test_the_density_of_the_images_has_the_volume_of_the_box_as_factor():
    """log p(image) = log p(value) + d ln(high − low): it integrates to 1 over the unit square."""
    density = densities.DENSITIES["ring_mixture"]
    cells = (torch.arange(200, dtype=torch.float64) + 0.5) / 200
    images = torch.cartesian_prod(cells, cells)[:, None, None]
    values = densities.Sample(vc.Split(torch.rand(1, 1, 1, 2)), density).to_values(images)
    log_density = density.log_prob(values) + 2 * math.log(density.high - density.low)
    assert log_density.exp().mean().item() == pytest.approx(1, abs=1e-6)


def test_the_ring_has_eight_gaussians_of_equal_weight():
    values = densities.sample("ring_mixture", 20_000).values
    angles = torch.arange(8) * math.pi / 4
    offsets = values[:, None] - 2 * torch.stack([angles.cos(), angles.sin()], 1)
    nearest = offsets.norm(dim=2).argmin(1)
    assert stats.chisquare(nearest.bincount()).pvalue > 0.01
    own = offsets[torch.arange(len(values)), nearest]
    # A sector cuts little off a Gaussian whose centre is 3.8 standard deviations from its sides.
    assert torch.allclose(own.std(0), torch.tensor(0.2), atol=0.003)


def test_the_moons_are_those_of_scikit_learn():
    """About (0, 0). Two samples of so many draws of one density are about 0.01 apart."""
    theirs = make_moons(20_000, noise=0.1, random_state=0)[0] - np.array([0.5, 0.25])
    values = densities.sample("moons", 20_000).values
    assert vc.metrics.wasserstein(values, theirs, directions=50) < 0.02
    assert vc.metrics.wasserstein(values * torch.tensor([1, -1]), theirs, directions=50) > 0.1


def test_an_unknown_density_gets_a_suggestion():
    with pytest.raises(DataError, match="there is no density 'lognormal': did you mean 'log_normal'"):
        densities.sample("lognormal", 10)
    with pytest.raises(DataError, match="choose one of mixture, log_normal, ring_mixture, moons"):
        densities.sample("uniform", 10)
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        densities.sample("moons", 0)


# Distances


def normal(count, seed, dimension=1):
    return np.random.default_rng(seed).standard_normal((count, dimension))


def test_a_shifted_sample_is_as_far_as_its_shift():
    sample = normal(500, 0)
    assert vc.metrics.wasserstein(sample, sample + 0.7) == pytest.approx(0.7)
    assert vc.metrics.wasserstein(torch.tensor(sample[:, 0]), sample) == 0


def test_the_sliced_distance_of_a_shift_is_its_mean_length_along_a_direction():
    """E |v·u| = 2 |v| / π for u uniform on the circle, |v| / 2 on the sphere."""
    for shift, factor in (([3.0, 4.0], 2 / math.pi), ([3.0, 4.0, 0.0], 1 / 2)):
        sample = normal(50, 0, len(shift))
        distance = vc.metrics.wasserstein(sample, sample + shift, directions=10_000)
        assert distance == pytest.approx(5 * factor, rel=0.02)


def test_wasserstein_of_two_gaussians_is_its_closed_form():
    """W1(N(0, 1), N(0, σ²)) = |σ − 1| E|z| = |σ − 1| √(2/π); sliced, the same for isotropic Gaussians."""
    expected = 1.5 * math.sqrt(2 / math.pi)
    assert vc.metrics.wasserstein(normal(50_000, 0), 2.5 * normal(40_000, 1)) == pytest.approx(expected, rel=0.02)
    first, second = normal(20_000, 0, 2), 2.5 * normal(20_000, 1, 2)
    assert vc.metrics.wasserstein(first, second, directions=20) == pytest.approx(expected, rel=0.02)


def test_kolmogorov_smirnov_of_two_gaussians_is_its_closed_form():
    """sup |Φ(x) − Φ(x − μ)| = 2 Φ(μ/2) − 1; of several axes the largest counts."""
    expected = 2 * stats.norm.cdf(0.4) - 1
    assert vc.metrics.kolmogorov_smirnov(normal(50_000, 0), normal(50_000, 1) + 0.8) == pytest.approx(
        expected, abs=0.01
    )
    shifted = normal(50_000, 1, 3) + np.array([0.1, 0.8, 0])
    assert vc.metrics.kolmogorov_smirnov(normal(50_000, 0, 3), shifted) == pytest.approx(expected, abs=0.01)


def test_kolmogorov_smirnov_ends():
    sample = normal(100, 0)
    assert vc.metrics.kolmogorov_smirnov(sample, sample) == 0
    assert vc.metrics.kolmogorov_smirnov(sample, sample + 100) == 1


def test_frechet_of_two_gaussians_is_its_closed_form():
    """Independent axes: Σ (μ − ν)² + (σ − τ)²; a common rotation, which makes covariances full, changes nothing."""
    first, second = normal(100_000, 0, 3) * [1, 2, 0.5] + [0, 1, 0], normal(100_000, 1, 3) * [3, 2, 1] + [2, 0, 0]
    expected = (4 + 1) + (4 + 0 + 0.25)
    assert vc.metrics.frechet(first, second) == pytest.approx(expected, rel=0.02)
    rotation = stats.special_ortho_group.rvs(3, random_state=0)
    turned = vc.metrics.frechet(torch.tensor(first @ rotation), torch.tensor(second @ rotation))
    assert turned == pytest.approx(vc.metrics.frechet(first, second))
    assert vc.metrics.frechet(first[:, 0], second[:, 0]) == pytest.approx(4 + 4, rel=0.02)


def test_frechet_agrees_with_the_matrix_square_root_of_scipy():
    first, second = normal(200, 0, 5) @ normal(5, 2, 5), normal(300, 1, 5) @ normal(5, 3, 5) + 1
    one, other = np.cov(first.T), np.cov(second.T)
    traces = np.trace(one + other - 2 * linalg.sqrtm(one @ other).real)
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + traces
    assert vc.metrics.frechet(first, second) == pytest.approx(expected)
    assert vc.metrics.frechet(first, first) == pytest.approx(0, abs=1e-9)


def test_frechet_needs_covariances():
    with pytest.raises(ValueError, match="at least two values"):
        vc.metrics.frechet(np.zeros((1, 2)), np.zeros((9, 2)))


@pytest.mark.parametrize("distance", [vc.metrics.frechet, vc.metrics.wasserstein, vc.metrics.kolmogorov_smirnov])
@pytest.mark.parametrize(
    ("first", "message"),
    [
        (np.zeros((0, 2)), "N ≥ 1"),
        (np.zeros((3, 2, 2)), r"shape \(N, d\) or \(N,\)"),
        (np.array([[0.0, np.nan]]), "not finite"),
        (np.zeros((3, 1)), "samples of 1 and 2 dimensions cannot be compared"),
    ],
)
def test_samples_that_cannot_be_compared_are_refused(distance, first, message):
    with pytest.raises(ValueError, match=message):
        distance(first, np.zeros((3, 2)))


def test_directions_must_be_some():
    with pytest.raises(ValueError, match="directions must be at least 1, got 0"):
        vc.metrics.wasserstein(np.zeros((3, 2)), np.zeros((3, 2)), directions=0)
