"""Estimators of dependence against Gaussians of known total correlation and mutual information."""

import math

import pytest
import torch
from torch import distributions as td

import vaecourse as vc
from vaecourse.losses import HELBO, gaussian_mutual_information, gaussian_total_correlation
from vaecourse.losses import stratified_total_correlation as stratified
from vaecourse.losses.dependence import log_aggregate
from vaecourse.models import Level

SHAPE = (1, 8, 8)


def paired(units, correlation):
    """Correlations where unit k goes with unit k + units/2, and no other: TC and MI of the halves are both known."""
    half, eye = units // 2, torch.eye(units // 2)
    return torch.cat([torch.cat([eye, correlation * eye], 1), torch.cat([correlation * eye, torch.eye(half)], 1)])


def known(units, correlation):
    return -units / 4 * math.log(1 - correlation**2)


def draws(count, units, correlation, times, seed=0):
    """``times`` sets of codes (count, units) with these correlations."""
    generator = torch.Generator().manual_seed(seed)
    root = torch.linalg.cholesky(paired(units, correlation))
    return torch.randn(times, count, units, generator=generator) @ root.T


def posteriors(count, units, correlation, variance, seed):
    """A level whose aggregate posterior is N(0, paired(units, correlation))."""
    generator = torch.Generator().manual_seed(seed)
    root = torch.linalg.cholesky(paired(units, correlation) - variance * torch.eye(units))
    mean = torch.randn(count, units, generator=generator) @ root.T
    q = vc.DiagonalGaussian(mean, torch.full_like(mean, math.log(variance)))
    return Level(mean + q.std * torch.randn(mean.shape, generator=generator), q, q.standard_like(mean))


def measured(estimates, truth):
    """Bias and spread of a list of estimates."""
    values = torch.tensor([float(value) for value in estimates])
    return values.mean().item() - truth, values.std().item()


@pytest.mark.parametrize("size", [None, 40, 7])
def test_the_aggregate_against_a_loop(size):
    level = posteriors(7, 2, 0.3, 0.2, seed=0)
    joint, units = log_aggregate(level, size)
    own = 1 / (size or 7)
    for i in range(7):
        densities = td.Normal(level.posterior.mean, level.posterior.std).log_prob(level.codes[i]).exp()
        shares = torch.tensor([own if j == i else (1 - own) / 6 for j in range(7)])
        torch.testing.assert_close(joint[i], (shares * densities.prod(1)).sum().log())
        torch.testing.assert_close(units[i], (shares[:, None] * densities).sum(0).log())
    torch.testing.assert_close(stratified(level, size), (joint - units.sum(1)).mean())


def test_the_aggregate_of_a_whole_data_set_is_the_mixture_of_its_posteriors():
    level = posteriors(50, 4, 0.5, 0.3, seed=1)
    mean, std, equal = level.posterior.mean, level.posterior.std, td.Categorical(torch.ones(50))
    joint, units = log_aggregate(level)
    mixture = td.MixtureSameFamily(equal, td.Independent(td.Normal(mean, std), 1))
    torch.testing.assert_close(joint, mixture.log_prob(level.codes))
    for j in range(4):
        mixture = td.MixtureSameFamily(equal, td.Normal(mean[:, j], std[:, j]))
        torch.testing.assert_close(units[:, j], mixture.log_prob(level.codes[:, j]))


def test_the_weights_are_unbiased():
    """The mean of the estimated q(z) over all batches with an image is that of the data set: here batches of 2 of 5."""
    whole = posteriors(5, 2, 0.0, 0.3, seed=2)
    expected = log_aggregate(whole)[0][0].exp()
    estimates = []
    for other in range(1, 5):
        rows = [0, other]
        q = vc.DiagonalGaussian(whole.posterior.mean[rows], whole.posterior.log_variance[rows])
        estimates.append(log_aggregate(Level(whole.codes[rows], q), 5)[0][0].exp())
    torch.testing.assert_close(torch.stack(estimates).mean(), expected)


# The table in the documentation of vaecourse.losses.dependence: (batch, units) to bias, largest spread.
STRATIFIED = {(128, 2): (-0.01, 0.1), (128, 8): (-0.4, 0.25), (512, 8): (-0.15, 0.15), (128, 32): (5.0, 1.0)}
GAUSSIAN = {
    (128, 2): (0.0, 0.1),
    (128, 8): (-0.2, 0.15),
    (512, 8): (-0.07, 0.1),
    (128, 32): (-1.95, 0.3),
    (512, 32): (-0.85, 0.2),
}


@pytest.mark.parametrize(("batch", "units"), STRATIFIED)
def test_stratified_total_correlation_of_pairs_with_correlation_point_6(batch, units):
    estimates = [stratified(posteriors(batch, units, 0.6, 0.3, seed), 60_000) for seed in range(12)]
    bias, spread = measured(estimates, known(units, 0.6))
    expected, largest = STRATIFIED[batch, units]
    assert spread < largest
    assert bias == pytest.approx(expected, abs=max(0.05, 0.2 * abs(expected)) + 2 * spread / math.sqrt(12))


@pytest.mark.parametrize(("batch", "units"), GAUSSIAN)
def test_gaussian_estimates_of_pairs_with_correlation_point_6(batch, units):
    codes, half = draws(batch, units, 0.6, times=20), units // 2
    expected, largest = GAUSSIAN[batch, units]
    total, spread = measured(map(gaussian_total_correlation, codes), known(units, 0.6))
    mutual, its_spread = measured(
        [gaussian_mutual_information(each[:, :half], each[:, half:]) for each in codes], known(units, 0.6)
    )
    assert max(spread, its_spread) < largest
    margin = max(0.03, 0.1 * abs(expected)) + 2 * spread / math.sqrt(20)
    assert total == pytest.approx(expected, abs=margin)
    assert total - 0.12 * known(units, 0.6) < mutual < total + 0.01


def test_with_many_images_the_gaussian_estimates_are_exact():
    (codes,) = draws(200_000, 8, 0.6, times=1)
    assert gaussian_total_correlation(codes).item() == pytest.approx(known(8, 0.6), abs=0.02)
    assert gaussian_mutual_information(codes[:, :4], codes[:, 4:]).item() == pytest.approx(known(8, 0.6), abs=0.02)


@pytest.mark.parametrize(("batch", "units"), [(128, 2), (128, 32), (512, 112), (64, 112)])
def test_gaussian_estimates_of_independent_units_are_near_0(batch, units):
    codes = draws(batch, units, 0.0, times=10)
    for estimate in (gaussian_total_correlation, lambda z: gaussian_mutual_information(z[:, :9], z[:, 9:])):
        if units > 9 or estimate is gaussian_total_correlation:
            values = torch.stack([estimate(each) for each in codes])
            assert values.min() > -1e-4
            assert values.mean() < 0.1


def test_stratified_total_correlation_of_independent_units_is_not_0_in_many_units():
    """Each sample lies by itself among 128 others in 32 units: they look dependent, by about 9 nats."""
    few = [stratified(posteriors(128, 2, 0.0, 0.3, seed), 60_000) for seed in range(5)]
    many = [stratified(posteriors(128, 32, 0.0, 0.3, seed), 60_000) for seed in range(5)]
    assert abs(measured(few, 0)[0]) < 0.05
    assert 7 < measured(many, 0)[0] < 11


def test_only_the_stratified_estimate_sees_what_is_not_linear():
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(512, 1, generator=generator)
    mean = torch.cat([first, (first**2 - 1) / math.sqrt(2)], dim=1)
    q = vc.DiagonalGaussian(mean, torch.full_like(mean, math.log(0.05)))
    level = Level(mean + q.std * torch.randn(mean.shape, generator=generator), q)
    assert gaussian_total_correlation(level.codes) < 0.05
    assert stratified(level, 60_000) > 0.4


def test_order_and_scale_of_units_do_not_matter():
    level = posteriors(100, 6, 0.5, 0.2, seed=3)
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    scale, shift = torch.tensor([3.0, 0.1, 1.0, 20.0, 0.5, 1.0]), torch.arange(6.0)

    def moved(codes):
        return (codes * scale + shift)[:, order]

    q = vc.DiagonalGaussian(moved(level.posterior.mean), (level.posterior.log_variance + 2 * scale.log())[:, order])
    other = Level(moved(level.codes), q)
    torch.testing.assert_close(stratified(other, 900), stratified(level, 900), atol=1e-3, rtol=0)
    for first, second in ((level.codes, other.codes), (level.codes.double(), moved(level.codes.double()))):
        torch.testing.assert_close(
            gaussian_total_correlation(second), gaussian_total_correlation(first), atol=1e-4, rtol=0
        )
    one, two = level.codes[:, :3], level.codes[:, 3:]
    torch.testing.assert_close(
        gaussian_mutual_information(-2 * two + 1, one.flip(1)), gaussian_mutual_information(one, two), atol=1e-4, rtol=0
    )


def test_a_unit_that_never_changes_and_fewer_images_than_units_leave_everything_finite():
    codes = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    codes[:, 3] = 0.7
    codes.requires_grad_()
    for value in (gaussian_total_correlation(codes), gaussian_mutual_information(codes[:, :8], codes[:, 8:])):
        (gradient,) = torch.autograd.grad(value, codes)
        assert value.isfinite()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("term", [{"intra": 1.0, "dataset_size": 900}, {"inter": 1.0}], ids=["intra", "inter"])
def test_gradients_reach_every_weight_of_inference(term):
    model = vc.HDVAE(SHAPE, (4, 3), hidden=(16,), level_hidden=(8,), seed=1)
    images = torch.rand(128, *SHAPE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for weight in model.posteriors.parameters():
            weight.mul_(4)  # so that z_2 depends on z_1 by more than the noise of a batch
    torch.manual_seed(0)
    terms = HELBO(**term)(images, model(images))
    terms["total_correlation" if "intra" in term else "inter_level_information"].backward()
    for network in (model.encoder, model.posteriors):
        assert all(weight.grad.abs().sum() > 0 for weight in network.parameters())
    assert all(weight.grad is None for weight in model.decoder.parameters())


def test_too_few_images_and_a_small_data_set_are_refused():
    level = posteriors(4, 2, 0.0, 0.3, seed=0)
    one = Level(level.codes[:1], vc.DiagonalGaussian(level.posterior.mean[:1], level.posterior.log_variance[:1]))
    with pytest.raises(ValueError, match="at least 2 images in a batch, got 1: use larger batches"):
        stratified(one)
    with pytest.raises(ValueError, match="dataset_size 3 is smaller than a batch of 4: give the number of training"):
        stratified(level, 3)
    with pytest.raises(ValueError, match="at least 2 images in a batch, got 1"):
        gaussian_total_correlation(level.codes[:1])
    with pytest.raises(ValueError, match="pairs of codes, got 4 and 3"):
        gaussian_mutual_information(level.codes, level.codes[:3])
