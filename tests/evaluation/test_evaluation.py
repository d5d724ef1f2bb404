"""Passes over a split: levels of a hierarchy one by one, and batches of nearly equal size."""

import pytest
import torch

import vaecourse as vc
from vaecourse.evaluation.passes import outputs

SHAPE = (1, 12, 12)
DIMS = (4, 3, 2)


def hdvae(**settings):
    return vc.HDVAE(SHAPE, DIMS, hidden=(16,), level_hidden=(8,), **settings)


@pytest.fixture(params=["bottom_up", "top_down"])
def model(request):
    return hdvae(inference=request.param)


def test_codes_of_each_level_and_of_all(model, random_split):
    levels = model(random_split.as_floats(), sample=False).levels
    for number, level in enumerate(levels, start=1):
        torch.testing.assert_close(vc.encode(model, random_split, level=number), level.posterior.mean)
    assert torch.equal(vc.encode(model, random_split), vc.encode(model, random_split, level=1))
    side_by_side = torch.cat([vc.encode(model, random_split, level=number) for number in (1, 2, 3)], dim=1)
    assert torch.equal(vc.encode(model, random_split, level="all"), side_by_side)
    assert side_by_side.shape == (200, 9)


def test_samples_of_all_levels_are_drawn_together(model, random_split):
    """The second level's samples are those of the pass in which the first level's were drawn."""
    together = vc.encode(model, random_split, level="all", sample=True, seed=4)
    for number, part in enumerate(together.split(DIMS, dim=1), start=1):
        assert torch.equal(vc.encode(model, random_split, level=number, sample=True, seed=4), part)
    assert not torch.equal(together, vc.encode(model, random_split, level="all", sample=True, seed=5))


@pytest.mark.parametrize("decoder_reads", ["first", "all"])
@pytest.mark.parametrize("inference", ["bottom_up", "top_down"])
def test_reconstructions_from_a_level_take_prior_means_below(inference, decoder_reads, random_split):
    model = hdvae(inference=inference, decoder_reads=decoder_reads)
    with torch.no_grad():
        first, second, third = (level.codes for level in model(random_split.as_floats(), sample=False).levels)
        below_third = model.priors[1](third).chunk(2, dim=1)[0]
        by_hand = {
            1: (first, second, third),
            2: (model.priors[0](second).chunk(2, dim=1)[0], second, third),
            3: (model.priors[0](below_third).chunk(2, dim=1)[0], below_third, third),
        }
        for level, codes in by_hand.items():
            expected = model.decode(*codes).mean
            torch.testing.assert_close(vc.reconstruct(model, random_split, level=level), expected)
    assert torch.equal(vc.reconstruct(model, random_split), vc.reconstruct(model, random_split, level=1))


@pytest.mark.parametrize("level", [0, -1, 4, "x", 1.0, None])
def test_a_level_that_is_not_there_is_refused(model, random_split, level):
    for evaluate in (vc.encode, vc.reconstruct):
        with pytest.raises(ValueError, match=f"there is no level {level!r}: this model has levels 1 to 3, 1 nearest"):
            evaluate(model, random_split, level=level)


def test_a_vae_has_one_level(random_split):
    model = vc.VAE(SHAPE, 3, hidden=(16,))
    assert torch.equal(vc.encode(model, random_split, level="all"), vc.encode(model, random_split))
    for evaluate in (vc.encode, vc.reconstruct):
        with pytest.raises(ValueError, match="no level 2: this model has levels 1 to 1"):
            evaluate(model, random_split, level=2)
    with pytest.raises(ValueError, match="no level 'all'"):
        vc.reconstruct(model, random_split, level="all")


def test_degrees_are_no_hierarchy(random_split):
    model = vc.PHVAE(SHAPE, 2, degree=3, hidden=(16,))
    posteriors = model.encode_degrees(random_split.as_floats())
    for degree, posterior in enumerate(posteriors, start=1):
        torch.testing.assert_close(vc.encode(model, random_split, level=degree), posterior.mean)
    expected = model(random_split.as_floats(), sample=False).reconstruction.mean
    torch.testing.assert_close(vc.reconstruct(model, random_split), expected)
    with pytest.raises(ValueError, match="levels of PHVAE are not a hierarchy: none is drawn from another"):
        vc.reconstruct(model, random_split, level=2)


@pytest.mark.parametrize(("count", "sizes"), [(500, [500]), (501, [251, 250]), (1001, [334, 334, 333]), (3, [3])])
def test_batches_are_of_nearly_equal_size(count, sizes):
    generator = torch.Generator().manual_seed(0)
    split = vc.Split(torch.randint(0, 256, (count, 1, 2, 2), dtype=torch.uint8, generator=generator))
    seen = [images for images, _ in outputs(vc.VAE((1, 2, 2), 2, hidden=(4,)), split)]
    assert [len(images) for images in seen] == sizes
    assert torch.equal(torch.cat(seen), split.as_floats())


@pytest.mark.parametrize(
    "loss",
    [vc.losses.DIPVAE(), vc.losses.BetaTCVAE(4.0), vc.losses.FactorVAE(5.0, hidden=(8,))],
    ids=["DIP-VAE", "β-TCVAE", "FactorVAE"],
)
def test_a_loss_that_compares_images_can_be_evaluated_on_any_number(loss):
    """501 images in batches of 500 would leave one alone."""
    split = vc.Split(torch.randint(0, 256, (501, 1, 2, 2), dtype=torch.uint8))
    terms = vc.evaluate(vc.VAE((1, 2, 2), 2, hidden=(4,)), split, loss)
    assert all(abs(value) < 1e6 for value in terms.values())


def test_terms_of_each_level_are_averages_over_the_split(model):
    """The level's rates of 1,001 images, one by one from the same draws."""
    generator = torch.Generator().manual_seed(0)
    split = vc.Split(torch.randint(0, 256, (1001, *SHAPE), dtype=torch.uint8, generator=generator))
    terms = vc.evaluate(model, split, vc.losses.HELBO(), seed=3)
    sums = [torch.zeros(()) for _ in DIMS]
    for _, output in outputs(model, split, sample=True, seed=3):
        sums = [total + rate.sum() for total, rate in zip(sums, vc.losses.rates(output), strict=True)]
    for number, total in enumerate(sums, start=1):
        assert terms[f"rate_{number}"] == pytest.approx(total.item() / 1001, rel=1e-4)
    assert terms["rate"] == pytest.approx(sum(terms[f"rate_{number}"] for number in (1, 2, 3)), rel=1e-5)


def test_no_images_have_no_terms(model, random_split):
    with pytest.raises(ValueError, match="there are no images to evaluate"):
        vc.evaluate(model, random_split[:0], vc.losses.BetaVAE())
    assert vc.encode(model, random_split[:0]).shape == (0, 4)
