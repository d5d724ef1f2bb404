"""HDVAE: its two ways of inference, its way down, and when it is the VAE."""

import math

import pytest
import torch
from agreement import assert_same_model

import vaecourse as vc
from vaecourse.losses import HELBO, BetaVAE
from vaecourse.models.hdvae import DECODER_READS, INFERENCE

SHAPE = (1, 6, 5)
DIMS = (4, 3, 2)
MANY = 20_000

both_inferences = pytest.mark.parametrize("inference", INFERENCE)
both_decoders = pytest.mark.parametrize("decoder_reads", DECODER_READS)


@pytest.fixture
def images():
    return torch.rand(7, *SHAPE, generator=torch.Generator().manual_seed(0))


def hdvae(dims=DIMS, scale=2.0, **settings):
    """A small hierarchy, its weights multiplied so that priors and posteriors depend on what they are given."""
    model = vc.HDVAE(**{"image_shape": SHAPE, "latent_dims": dims, "hidden": (16,), "level_hidden": (8,)} | settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def gaussian(network, codes):
    return vc.DiagonalGaussian(*network(codes).chunk(2, dim=1))


def assert_equal(first, second):
    torch.testing.assert_close(first.mean, second.mean)
    torch.testing.assert_close(first.log_variance, second.log_variance)


@both_inferences
@both_decoders
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_one_level_is_the_vae_bit_for_bit(inference, decoder_reads, network):
    shape = (3, 8, 8)
    vae = vc.VAE(shape, 4, network=network, seed=5)
    model = vc.HDVAE(shape, (4,), inference=inference, decoder_reads=decoder_reads, network=network, seed=5)
    assert_same_model(model, vae, shape, HELBO(), BetaVAE())


@both_inferences
@both_decoders
@pytest.mark.parametrize("levels", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [(1, 9, 8), (3, 8, 8)])
@pytest.mark.parametrize(("network", "hidden"), [("mlp", (8,)), ("conv", (4,))])
def test_shapes(inference, decoder_reads, levels, shape, network, hidden):
    dims = (6, 2, 5, 1)[:levels]
    model = vc.HDVAE(
        shape,
        dims,
        inference,
        decoder_reads,
        level_hidden=(7, 3),
        network=network,
        hidden=hidden,
        likelihood="gaussian",
    )
    output = model(torch.rand(3, *shape))
    assert output.reconstruction.mean.shape == (3, *shape)
    for level, dim in zip(output.levels, dims, strict=True):
        for values in (level.codes, level.posterior.mean, level.posterior.std, level.prior.mean, level.prior.std):
            assert values.shape == (3, dim)
    assert [tuple(code.shape) for code in model.sample_prior(2)] == [(2, dim) for dim in dims]
    assert model.generate(2).shape == (2, *shape)


def test_layers_between_levels_run_from_the_lower_to_the_upper_one():
    model = vc.HDVAE(SHAPE, (4, 3), level_hidden=(7, 5))
    (upwards,), (downwards,) = model.posteriors, model.priors
    assert [tuple(w.shape) for w in upwards.parameters() if w.ndim == 2] == [(7, 4), (5, 7), (6, 5)]
    assert [tuple(w.shape) for w in downwards.parameters() if w.ndim == 2] == [(5, 3), (7, 5), (8, 7)]


@pytest.mark.parametrize("sample", [True, False])
def test_bottom_up_each_level_is_inferred_from_the_one_below(images, sample):
    model = hdvae()
    levels = model(images, sample=sample).levels
    assert_equal(levels[0].posterior, gaussian(model.encoder, images))
    for below, level, network in zip(levels, levels[1:], model.posteriors, strict=False):
        assert_equal(level.posterior, gaussian(network, below.codes))
    for level in levels:
        assert torch.equal(level.codes, level.posterior.mean) is not sample
    assert [level.prior_depends_on_sample for level in levels] == [True, True, False]


@pytest.mark.parametrize("sample", [True, False])
def test_top_down_each_level_is_inferred_from_the_image_and_the_one_above(images, sample):
    model = hdvae(inference="top_down")
    levels = model(images, sample=sample).levels
    evidence = [vc.DiagonalGaussian(*e.chunk(2, dim=1)) for e in model.encoder(images).split([8, 6, 4], dim=1)]
    assert_equal(levels[2].posterior, evidence[2])
    for k in (1, 0):
        level, prior = levels[k], gaussian(model.priors[k], levels[k + 1].codes)
        assert_equal(level.prior, prior)
        # Product of densities: precisions add, and weigh the means.
        precision = 1 / evidence[k].variance + 1 / prior.variance
        torch.testing.assert_close(level.posterior.variance, 1 / precision)
        mean = (evidence[k].mean / evidence[k].variance + prior.mean / prior.variance) / precision
        torch.testing.assert_close(level.posterior.mean, mean)
        assert (level.posterior.variance < level.prior.variance).all()
    for level in levels:
        assert torch.equal(level.codes, level.posterior.mean) is not sample
        assert not level.prior_depends_on_sample


def test_top_down_posterior_is_the_normalised_product_of_densities():
    """By brute force on a grid of 1-D codes."""
    model = hdvae((1, 1), inference="top_down")
    image = torch.rand(1, *SHAPE)
    lower, upper = model(image).levels
    grid = torch.linspace(-30, 30, 60_001, dtype=torch.float64)[:, None]
    mean, log_variance = model.encoder(image).double()[0, :2]
    evidence = torch.distributions.Normal(mean, (log_variance / 2).exp())
    prior_mean, prior_log_variance = model.priors[0](upper.codes).double()[0]
    prior = torch.distributions.Normal(prior_mean, (prior_log_variance / 2).exp())
    density = (evidence.log_prob(grid) + prior.log_prob(grid)).exp()
    density /= density.sum() * 1e-3
    torch.testing.assert_close(density, lower.posterior.log_prob(grid).exp(), atol=1e-5, rtol=1e-4)
    assert density.max() > 0.1


@both_inferences
def test_priors_are_those_of_the_way_down(images, inference):
    model = hdvae(inference=inference)
    levels = model(images).levels
    assert_equal(levels[2].prior, vc.DiagonalGaussian(torch.zeros(7, 2), torch.zeros(7, 2)))
    for k in (0, 1):
        assert_equal(levels[k].prior, gaussian(model.priors[k], levels[k + 1].codes))
        descended = model.descend(*(level.codes for level in levels[k + 1 :]))
        torch.testing.assert_close(descended[k], levels[k].prior.mean)


@both_inferences
def test_levels_held_are_kept_and_those_below_are_prior_means(inference):
    model = hdvae(inference=inference)
    codes = [torch.randn(5, dim) for dim in DIMS]
    kept = model.descend(*codes)
    assert all(torch.equal(mine, its) for mine, its in zip(kept, codes, strict=True))
    first, *held = model.descend(*codes[1:])
    assert all(torch.equal(mine, its) for mine, its in zip(held, codes[1:], strict=True))
    torch.testing.assert_close(first, gaussian(model.priors[0], codes[1]).mean)
    first, second, third = model.descend(codes[2])
    assert torch.equal(third, codes[2])
    torch.testing.assert_close(second, gaussian(model.priors[1], codes[2]).mean)
    torch.testing.assert_close(first, gaussian(model.priors[0], second).mean)  # means are handed on


def test_draws_below_a_held_level_have_the_distribution_of_the_priors():
    model = hdvae()
    torch.manual_seed(0)
    held = torch.tensor([[0.7, -1.2]]).expand(MANY, 2)
    first, second, third = model.descend(held, sample=True)
    assert torch.equal(third, held)
    prior = gaussian(model.priors[1], held[:1])
    assert ((second.mean(0) - prior.mean).abs() < 5 * prior.std / math.sqrt(MANY)).all()
    torch.testing.assert_close(second.std(0), prior.std[0], rtol=0.03, atol=0)
    # The prior of z_1 differs from row to row: what it leaves is N(0, I), and independent of z_2.
    prior = gaussian(model.priors[0], second)
    rest = (first - prior.mean) / prior.std
    torch.testing.assert_close(
        torch.cov(torch.cat([rest, second / second.std(0)], 1).T)[:4, :4], torch.eye(4), atol=0.05, rtol=0
    )
    assert prior.mean.std(0).max() > 0.1


def test_refused_on_the_way_down():
    model = hdvae()
    with pytest.raises(ValueError, match="hold the codes of 1 to 3 upper levels, got 0"):
        model.descend()
    with pytest.raises(ValueError, match="hold the codes of 1 to 3 upper levels, got 4"):
        model.descend(*(torch.zeros(2, 2) for _ in range(4)))
    with pytest.raises(ValueError, match=r"codes must have shape \(N, 2\), got \(5, 3\)"):
        model.descend(torch.zeros(5, 3))
    with pytest.raises(ValueError, match=r"codes must have shape \(N, 3\), got \(5, 4\)"):
        model.descend(torch.zeros(5, 4), torch.zeros(5, 2))


def test_the_prior_is_sampled_down_the_hierarchy():
    model = hdvae()
    torch.manual_seed(3)
    codes = model.sample_prior(MANY)
    torch.manual_seed(3)
    top = torch.randn(MANY, 2)
    expected = model.descend(top, sample=True)
    assert all(torch.equal(mine, its) for mine, its in zip(codes, expected, strict=True))
    assert torch.equal(codes[2], top)
    # E z_2 = E E[z_2|z_3], Var z_2 = E Var + Var E, over fresh draws of z_3.
    prior = gaussian(model.priors[1], torch.randn(MANY, 2))
    variance = prior.variance.mean(0) + prior.mean.var(0)
    assert ((codes[1].mean(0) - prior.mean.mean(0)).abs() < 7 * (variance / MANY).sqrt()).all()
    torch.testing.assert_close(codes[1].var(0), variance, rtol=0.06, atol=0)


@both_inferences
@both_decoders
def test_which_levels_the_decoder_reads(images, inference, decoder_reads):
    model = hdvae(inference=inference, decoder_reads=decoder_reads)
    codes = [torch.randn(5, dim, requires_grad=True) for dim in DIMS]
    gradients = torch.autograd.grad(model.decode(*codes).logits.square().sum(), codes, allow_unused=True)
    assert (gradients[0].abs().sum(0) > 0).all()
    for gradient in gradients[1:]:
        assert gradient is None if decoder_reads == "first" else (gradient.abs().sum(0) > 0).all()


def test_a_decoder_of_the_first_level_takes_that_one_alone():
    codes = [torch.randn(5, dim) for dim in DIMS]
    model = hdvae()
    assert torch.equal(model.decode(codes[0]).logits, model.decode(*codes).logits)


@both_inferences
@both_decoders
def test_other_numbers_of_codes_are_refused(inference, decoder_reads):
    model = hdvae(inference=inference, decoder_reads=decoder_reads)
    codes = [torch.zeros(5, dim) for dim in DIMS]
    numbers = (0, 2) if decoder_reads == "first" else (0, 1, 2)
    for count in numbers:
        with pytest.raises(ValueError, match=f"decodes 3 levels of codes, z_1 first; got {count}"):
            model.decode(*codes[:count])
    with pytest.raises(ValueError, match=r"codes must have shape \(N, 4\), got \(5, 3\)"):
        model.decode(*codes[1:], codes[0])


@both_inferences
@both_decoders
@pytest.mark.parametrize("bound", ["chain", "product"])
def test_gradients_of_helbo_reach_every_parameter(images, inference, decoder_reads, bound):
    model = hdvae(inference=inference, decoder_reads=decoder_reads, scale=1)
    HELBO((1.0, 1.5, 2.0), bound=bound)(images, model(images))["loss"].backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.abs().sum() > 0] == []


@both_inferences
def test_an_upper_level_sees_the_image(images, inference):
    """Its posterior differs from image to image, and its sample from draw to draw."""
    model = hdvae(inference=inference)
    top = model(images, sample=False).levels[-1].posterior
    assert (top.mean.std(0) > 1e-3).all()
    draws = [model(images).levels[-1].codes for _ in range(2)]
    assert not torch.equal(*draws)
