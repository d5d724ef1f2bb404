"""SpatialHDVAE: its shapes, its two ways down, its rates, and that no input makes it overflow."""

import math

import pytest
import torch
from torch import distributions, nn

import vaecourse as vc
from vaecourse.losses import HELBO, BetaVAE, rates
from vaecourse.models.quantisation import dequantised, quantised
from vaecourse.models.residual_networks import CORRECTION_OF_LOG_VARIANCE, PRIOR_LOG_VARIANCE, bounded

SHAPE = (3, 16, 16)
LEVELS = ((2, 8, 8), (1, 8, 8), (3, 4, 4), (5,))
SETTINGS = {"likelihood": "gaussian", "sigma": 0.12, "hidden": (6, 8)}


# Of weights that are random, or hardly trained, no more can be asked.
may_collapse = pytest.mark.filterwarnings("ignore:level:vaecourse.evaluation.levels.CollapseWarning")


@pytest.fixture
def images():
    return torch.rand(7, *SHAPE, generator=torch.Generator().manual_seed(0))


def spatial(levels=LEVELS, shape=SHAPE, moved=0.3, **settings):
    """A small hierarchy. Its weights are moved by noise, so that no prior and no posterior is N(0, I) any more."""
    model = vc.SpatialHDVAE(shape, levels, **SETTINGS | settings)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(moved * torch.randn_like(parameter) * parameter.numel() ** -0.25)
    return model


def codes_of(levels):
    return [level.codes for level in levels]


@pytest.mark.parametrize(
    ("shape", "levels"),
    [
        ((1, 28, 28), ((2, 14, 14), (3, 7, 7), (8,))),
        ((3, 32, 32), ((1, 16, 16), (1, 16, 16), (2, 4, 4))),
        ((3, 64, 64), ((2, 16, 16), (3, 8, 8), (3, 4, 4), (9,))),
        ((1, 64, 64), ((4,),)),
        ((1, 9, 22), ((1, 4, 11), (2, 2, 5), (3,))),
        ((3, 16, 16), ((2, 8, 8),)),
    ],
)
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_codes_are_flat_and_shapes_are_said(shape, levels, likelihood):
    hidden = (4, 4) if min(shape[1:]) < 16 else None
    model = vc.SpatialHDVAE(shape, levels, hidden=hidden, likelihood=likelihood)
    dims = tuple(math.prod(level) for level in levels)
    assert (model.latent_dims, model.latent_shapes, model.is_hierarchy) == (dims, levels, len(levels) > 1)
    output = model(torch.rand(2, *shape))
    assert output.reconstruction.mean.shape == (2, *shape)
    for level, dim in zip(output.levels, dims, strict=True):
        for values in (level.codes, level.posterior.mean, level.posterior.std, level.prior.mean, level.prior.std):
            assert values.shape == (2, dim)
    assert [tuple(code.shape) for code in model.sample_prior(3)] == [(3, dim) for dim in dims]
    assert model.generate(2).shape == (2, *shape)


def test_a_level_is_laid_out_as_its_shape_says():
    """One code changed, of a model whose layers are local, changes the image around its place only."""
    model = spatial(((2, 16, 16), (1, 8, 8)), shape=(3, 32, 32))
    codes = model.sample_prior(1)
    place = torch.zeros(2, 16, 16)
    place[1, 0, 15] = 3.0
    with torch.no_grad():
        before, after = (model.decode(first, codes[1]).mean for first in (codes[0], codes[0] + place.flatten()))
    difference = (after - before).abs().sum((0, 1))
    assert difference[:4, 28:].sum() > 1e-3
    assert difference[16:].sum() == difference[:, :16].sum() == 0


def test_before_training_nothing_is_known_and_nothing_paid(images):
    output = vc.SpatialHDVAE(SHAPE, LEVELS, **SETTINGS)(images)
    for level, rate in zip(output.levels, rates(output), strict=True):
        assert (rate == 0).all()
        assert (level.posterior.mean == 0).all()
        assert (level.posterior.log_variance == 0).all()


def test_a_posterior_without_correction_is_its_prior_and_costs_nothing(images):
    model = spatial()
    for stage in model.stages:
        nn.init.zeros_(stage.posterior_head[-1].weight)
        nn.init.zeros_(stage.posterior_head[-1].bias)
    output = model(images)
    *below, top = rates(output)
    assert all((rate.abs() < 1e-5).all() for rate in below)
    assert top.sum(1).mean() > 0.01
    assert any(level.prior.log_variance.std() > 0.01 for level in output.levels[:-1])


def test_rates_are_those_of_torch_distributions(images):
    output = spatial()(images)
    for level, rate in zip(output.levels, rates(output), strict=True):
        posterior, prior = (distributions.Normal(each.mean, each.std) for each in (level.posterior, level.prior))
        torch.testing.assert_close(rate, distributions.kl_divergence(posterior, prior))
        assert rate.sum() > 0.01


def test_one_dense_level_is_a_convolutional_vae(images):
    """Its prior is N(0, I), its loss that of BetaVAE, and HELBO's."""
    model = spatial(((5,),))
    output = model(images)
    (level,) = output.levels
    standard = distributions.Normal(torch.zeros(5), torch.ones(5))
    posterior = distributions.Normal(level.posterior.mean, level.posterior.std)
    torch.testing.assert_close(rates(output)[0], distributions.kl_divergence(posterior, standard))
    assert BetaVAE()(images, output)["loss"] == HELBO()(images, output)["loss"]


def test_the_posterior_is_its_prior_corrected_relative_to_the_priors_width(images):
    """Where the prior of a place is twice as wide, an equal correction moves the mean twice as far."""
    stage = spatial().stages[0]
    features, evidence = torch.randn(2, 2, 6, 8, 8, generator=torch.Generator().manual_seed(1)).unbind()
    prior = stage.prior(features)
    wider = vc.DiagonalGaussian(prior.mean, prior.log_variance + 2 * math.log(2))
    narrow, wide = (stage.posterior(each, features, evidence) for each in (prior, wider))
    torch.testing.assert_close(wide.mean - prior.mean, 2 * (narrow.mean - prior.mean))
    torch.testing.assert_close(wide.std, 2 * narrow.std)


def test_gradients_reach_every_weight(images):
    model = spatial(sigma=None)
    HELBO()(images, model(images))["loss"].backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


def test_layers_that_start_at_zero_learn():
    """Two steps from the initial weights on, every weight has a gradient, those of the encoder too."""
    model = vc.SpatialHDVAE(SHAPE, LEVELS, **SETTINGS | {"sigma": None})
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    batch = torch.rand(7, *SHAPE, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        optimizer.zero_grad()
        HELBO()(batch, model(batch))["loss"].backward()
        optimizer.step()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())


@pytest.mark.parametrize("sample", [True, False])
def test_decoding_the_codes_inferred_is_the_reconstruction(images, sample):
    model = spatial()
    torch.manual_seed(3)
    output = model(images, sample=sample)
    torch.manual_seed(3)
    levels = model.infer(images, sample=sample)
    torch.testing.assert_close(model.decode(*codes_of(levels)).mean, output.reconstruction.mean)
    for level, again in zip(output.levels, levels, strict=True):
        assert level.codes.equal(again.codes)


def test_means_are_handed_on_and_are_those_of_the_posteriors(images):
    model = spatial()
    first, second = (model.infer(images, sample=False) for _ in range(2))
    for level, again in zip(first, second, strict=True):
        assert level.codes.equal(level.posterior.mean)
        assert level.codes.equal(again.codes)


@pytest.mark.parametrize("kept", [1, 2, 3, 4])
def test_held_levels_stay_and_the_others_are_the_priors_means(images, kept):
    """The prior of a level that was inferred from codes is the one that descending from these codes finds."""
    model = spatial()
    levels = model.infer(images, sample=True)
    codes = codes_of(levels)
    found = model.descend(*codes[-kept:])
    for level in range(4 - kept, 4):
        assert found[level] is codes[level]
    if kept < 4:
        torch.testing.assert_close(found[3 - kept], levels[3 - kept].prior.mean)


def test_temperature_multiplies_the_widths_of_the_priors():
    model = spatial()
    top = torch.randn(1, 5, generator=torch.Generator().manual_seed(0))
    held = [codes.expand(4000, -1) for codes in model.descend(top)[1:]]
    mean = model.descend(*held)[0]
    torch.manual_seed(1)
    wide = model.descend(*held, sample=True)[0] - mean
    torch.manual_seed(1)
    narrow = model.descend(*held, sample=True, temperature=0.5)[0] - mean
    torch.testing.assert_close(narrow, 0.5 * wide, atol=1e-5, rtol=1e-4)
    assert 0.9 < model.sample_prior(4000, temperature=0.5)[-1].std() / 0.5 < 1.1
    assert torch.equal(model.generate(3, seed=2, temperature=0.0)[0], model.generate(3, seed=5, temperature=0.0)[0])
    assert not torch.equal(model.generate(3, seed=2)[0], model.generate(3, seed=5)[0])


def test_draws_have_the_priors_means_and_widths(images):
    model = spatial(((1, 4, 4), (2,)), hidden=(4, 4))
    prior = model.infer(images[:1], sample=False)[0].prior
    top = model.infer(images[:1], sample=False)[1].codes.expand(20_000, -1)
    torch.manual_seed(0)
    drawn = model.descend(top, sample=True)[0].detach()
    torch.testing.assert_close(drawn.mean(0), prior.mean[0], atol=0.05, rtol=0.05)
    torch.testing.assert_close(drawn.std(0), prior.std[0], atol=0.05, rtol=0.05)


def test_more_samples_tighten_the_bound():
    model = spatial(sigma=0.3)
    pictures = torch.randint(0, 256, (24, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = vc.data.Split(pictures)
    one, many = (vc.nll(model, split, samples=samples).mean() for samples in (1, 64))
    bound = vc.evaluate(model, split, HELBO())["negative_elbo"]
    assert many < one
    assert math.isclose(one, bound, rel_tol=0.02)


@may_collapse
def test_what_is_said_of_all_models_holds_of_this_one(images):
    """Level report, level-wise reconstruction, codes side by side: each by the model's flat codes."""
    model = spatial()
    split = vc.data.Split((images * 255).byte())
    report = vc.level_report(model, split)
    assert report.units == list(model.latent_dims)
    assert all(len(rate) == dim for rate, dim in zip(report.unit_rates, model.latent_dims, strict=True))
    assert vc.encode(model, split, "all").shape == (7, sum(model.latent_dims))
    torch.testing.assert_close(
        vc.reconstruct(model, split, level=4),
        model.decode(*model.descend(vc.encode(model, split, 4))).mean.detach(),
    )


def test_the_prior_of_a_level_is_where_draws_come_from(images):
    model = spatial()
    codes = model.infer(images)
    for held in range(1, len(LEVELS)):
        above = [level.codes for level in codes[-held:]]
        prior = model.prior(*above)
        torch.testing.assert_close(prior.mean, model.descend(*above)[-held - 1])
        torch.testing.assert_close(prior.mean, codes[-held - 1].prior.mean)
        torch.testing.assert_close(prior.std, codes[-held - 1].prior.std)
    with pytest.raises(ValueError, match="no level is below level 1"):
        model.prior(*(level.codes for level in codes))


def test_weights_of_one_byte_are_read_back(images):
    model, again = spatial(), vc.SpatialHDVAE(SHAPE, LEVELS, **SETTINGS)
    again.load_state_dict(dequantised(quantised(model.state_dict())))
    before, after = (each(images, sample=False).reconstruction.mean for each in (model, again))
    assert 0 < (before - after).abs().max() < 0.1


def test_equal_seeds_give_equal_weights_and_the_callers_random_state_is_his():
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    first, second, third = (vc.SpatialHDVAE(SHAPE, LEVELS, **SETTINGS, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


def test_bounded_is_the_identity_near_zero_and_never_flat():
    values = torch.tensor([-1e30, -50.0, -1e-3, 0.0, 1e-3, 50.0, 1e30], requires_grad=True)
    found = bounded(values, 6.0)
    assert (found.abs() <= 6).all()
    torch.testing.assert_close(found[2:5], values[2:5], atol=1e-6, rtol=0)
    (slope,) = torch.autograd.grad(found[5], values, retain_graph=True)
    assert slope[5] > 1e-2
    assert (found.diff() > 0).all()


EXTREMES = {
    "black": torch.zeros(2, *SHAPE),
    "white": torch.ones(2, *SHAPE),
    "noise": torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0)),
    "smallest": torch.full((2, *SHAPE), torch.finfo(torch.float32).tiny),
    "checkers": (torch.arange(2 * 3 * 256).view(2, *SHAPE) % 2).float(),
}


@pytest.mark.parametrize("picture", EXTREMES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_no_image_and_no_weights_make_it_overflow(picture, scale):
    """With weights of 30 times their size the features reach 1e20 and more; bounds, KL and slopes stay finite."""
    model = spatial()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    output = model(EXTREMES[picture])
    for level in output.levels:
        assert level.prior.log_variance.abs().max() <= PRIOR_LOG_VARIANCE
        correction = level.posterior.log_variance - level.prior.log_variance
        assert correction.abs().max() <= CORRECTION_OF_LOG_VARIANCE * (1 + 1e-5)
        assert level.posterior.log_variance.isfinite().all()
        assert level.posterior.std.isfinite().all()
    if scale <= 1:
        terms = HELBO()(EXTREMES[picture], output)
        terms["loss"].backward()
        assert all(value.isfinite() for value in terms.values())
        assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@may_collapse
@pytest.mark.parametrize("learning_rate", [1e-3, 1e-2])
def test_training_with_a_narrow_sigma_does_not_diverge(learning_rate):
    """Sixty steps on noise and stripes, with variances that have bounds: without bounds such trainings diverged."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (96, *SHAPE), dtype=torch.uint8, generator=generator)
    stripes = (torch.arange(16) % 4 * 85).to(torch.uint8).expand(96, *SHAPE)
    split = vc.data.Split(torch.cat([noise, stripes]))
    model = vc.SpatialHDVAE(SHAPE, LEVELS, **SETTINGS)
    history = vc.fit(model, split, HELBO(), 5, batch_size=16, learning_rate=learning_rate, progress=False)
    assert history["loss"][-1] < history["loss"][1]


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ((), "hold the shape of each level"),
        (((2, 8, 8), (3, 5, 5)), "halving the image gives 8×8, 4×4"),
        (((2, 4, 4), (2, 8, 8)), "larger than the one below"),
        (((4,), (2, 4, 4)), "level 1 cannot have the shape"),
        (((0, 8, 8),), "at least 1"),
        (((2, 8),), "level 1 cannot have the shape"),
        ((64, 32), "level 1 cannot have the shape"),
        (((2, 16, 16),), "halving the image gives"),
    ],
)
def test_shapes_that_cannot_be_are_refused_in_a_line(levels, words):
    with pytest.raises(ValueError, match=words):
        vc.SpatialHDVAE(SHAPE, levels, **SETTINGS)


def test_codes_of_the_wrong_shape_are_refused(images):
    model = spatial()
    codes = model.sample_prior(2)
    with pytest.raises(ValueError, match="decodes 4 levels"):
        model.decode(*codes[1:])
    with pytest.raises(ValueError, match=r"shape \(N, 128\)"):
        model.decode(codes[0].view(2, 2, 8, 8), *codes[1:])
    with pytest.raises(ValueError, match="1 to 4 upper levels"):
        model.descend()
