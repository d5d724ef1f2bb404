"""What each level of a model does: the report, and the warning of levels that do nothing."""

import math

import pytest
import torch
from torch import nn

import vaecourse as vc
from vaecourse.evaluation.levels import COLLAPSED, warn_of_collapse
from vaecourse.losses import HELBO, BetaVAE
from vaecourse.metrics import active_units, psnr

SHAPE = (1, 12, 12)
DIMS = (4, 3, 2)


def hdvae(dims=DIMS, scale=2.0, **settings):
    """A hierarchy whose weights are large enough for every level to have a rate."""
    model = vc.HDVAE(SHAPE, dims, hidden=(16,), level_hidden=(8,), **settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def collapsed(**settings):
    """A bottom-up hierarchy of two levels whose upper posterior is N(0, I) for every image."""
    model = hdvae((4, 3), **settings)
    with torch.no_grad():
        for parameter in model.posteriors[0].parameters():
            parameter.zero_()
    return model


class KnownPosterior(nn.Module):
    """Means 2·(first pixel) and 2 for every image, log variances 0 and ln 4."""

    def forward(self, images):
        first = 2 * images.flatten(1)[:, :1]
        constants = torch.tensor([2.0, 0.0, math.log(4)]).expand(len(images), 3)
        return torch.cat([first, constants], dim=1)


def test_rates_and_active_units_against_sums_done_by_hand():
    model = vc.VAE(SHAPE, 2, hidden=(8,))
    model.encoder = KnownPosterior()
    images = torch.zeros(40, *SHAPE, dtype=torch.uint8)
    images[:10, 0, 0, 0] = 255  # a quarter of the images have mean 2 in unit 1, the others 0
    report = vc.level_report(model, vc.Split(images))
    # Unit 1: ½ · 2² in a quarter. Unit 2: ½ (2² + 4 − 1 − ln 4) in all.
    expected = torch.tensor([0.5, 3.5 - math.log(2)])
    torch.testing.assert_close(report.unit_rates[0], expected)
    assert report.rate == [pytest.approx(expected.sum().item())]
    assert report.units == [2]
    assert report.active_units == [1]  # the second unit's mean is the same for all images, however costly


@pytest.mark.parametrize("inference", ["bottom_up", "top_down"])
def test_report_agrees_with_evaluation(inference, striped_split):
    model, images = hdvae(inference=inference), striped_split[:100]
    report = vc.level_report(model, images, seed=2)
    terms = vc.evaluate(model, images, BetaVAE(), seed=2)
    assert report.units == list(DIMS)
    for level in (1, 2, 3):
        assert report.rate[level - 1] == pytest.approx(terms[f"rate_{level}"], rel=1e-4)
        assert report.unit_rates[level - 1].shape == (DIMS[level - 1],)
        assert report.unit_rates[level - 1].sum().item() == pytest.approx(report.rate[level - 1], rel=1e-4)
        means = vc.encode(model, images, level=level)
        assert report.active_units[level - 1] == active_units(means).sum()
        pictures = vc.reconstruct(model, images, level=level)
        assert report.psnr[level - 1] == pytest.approx(psnr(images.as_floats(), pictures).mean().item())
    assert len(set(report.psnr)) == 3
    assert report.active_units[0] > 0


def test_report_changes_neither_the_model_nor_the_random_state(random_split):
    model = hdvae().train()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = (vc.level_report(model, random_split, seed=seed) for seed in (1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert model.training
    assert first.rate != second.rate
    assert first.rate == vc.level_report(model, random_split, seed=1).rate


def test_a_level_at_its_prior_is_reported_with_advice(random_split):
    model = collapsed()
    with pytest.warns(vc.CollapseWarning, match=r"level 2 .* rate is 0\.000 .* Lower its β, warm β") as caught:
        report = vc.level_report(model, random_split)
    assert len(caught) == 1
    assert caught[0].filename == __file__  # it points at the caller
    assert report.rate[1] == 0
    assert report.unit_rates[1].tolist() == [0, 0, 0]
    assert report.active_units[1] == 0
    assert report.rate[0] > 1
    # All images share the upper code, so they share the reconstruction from it.
    pictures = vc.reconstruct(model, random_split, level=2)
    torch.testing.assert_close(pictures, pictures[:1].expand_as(pictures))


def test_report_is_a_table_in_a_notebook(random_split):
    header, rule, *rows = vc.level_report(hdvae(), random_split)._repr_markdown_().splitlines()
    report = vc.level_report(hdvae(), random_split)
    assert header == "| level | units | active | rate, nats per image | PSNR from here, dB |"
    assert rule.count("---") == 5
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    for level, row in enumerate(cells, start=1):
        values = (report.units, report.active_units, report.rate, report.psnr)
        units, active, rate, decibels = (value[level - 1] for value in values)
        assert row == [str(level), str(units), str(active), f"{rate:.2f}", f"{decibels:.2f}"]
    assert len(cells) == 3


def test_degrees_are_no_hierarchy(random_split):
    """They have rates, but no reconstruction of their own, and one that does nothing is no collapse."""
    model = vc.PHVAE(SHAPE, 2, degree=2, hidden=(8,))
    with torch.no_grad():
        for parameter in model.encoders[1].parameters():
            parameter.zero_()
    report = vc.level_report(model, random_split)
    assert report.rate[1] == 0
    assert report.psnr == [None, None]
    assert report._repr_markdown_().splitlines()[-1] == "| 2 | 2 | 0 | 0.00 |  |"


def test_collapse_is_a_rate_near_zero_of_an_upper_level():
    model = hdvae()
    with pytest.warns(vc.CollapseWarning) as caught:
        warn_of_collapse(model, [0.0, 0.05, 7.0, -0.02, COLLAPSED, -3.0])
    assert [str(warning.message).split()[1] for warning in caught] == ["2", "4"]
    warn_of_collapse(model, [0.0])  # one level: nothing to say
    warn_of_collapse(model, [0.0, 12.0])
    warn_of_collapse(model, [])


@pytest.mark.parametrize("test", [False, True], ids=["training terms", "test terms"])
def test_fit_warns_at_its_end(random_split, test):
    settings = {"epochs": 1, "learning_rate": 1e-30, "progress": False, "test": random_split[:50] if test else None}
    with pytest.warns(vc.CollapseWarning, match="level 2 has collapsed") as caught:
        vc.fit(collapsed(), random_split, HELBO(), **settings)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    vc.fit(hdvae((4, 3)), random_split, HELBO(), **settings)  # a warning would be an error


def test_fit_judges_by_the_test_images_where_there_are_some(random_split):
    """An upper level that answers to white pixels only, trained on white images and tested on black ones."""
    model = vc.HDVAE(SHAPE, (2, 1), inference="top_down", hidden=(8,), likelihood="gaussian")
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.zero_()
        model.encoder.layers[1].weight.fill_(0.1)
        model.encoder.layers[3].weight[4].fill_(0.1)  # the mean of z_2
    white = vc.Split(torch.full((20, *SHAPE), 255, dtype=torch.uint8))
    black = vc.Split(torch.zeros(20, *SHAPE, dtype=torch.uint8))
    settings = {"epochs": 1, "learning_rate": 1e-30, "progress": False}
    vc.fit(model, white, HELBO(), **settings)
    with pytest.warns(vc.CollapseWarning, match="level 2"):
        vc.fit(model, white, HELBO(), test=black, **settings)


def test_a_model_that_has_not_been_trained_has_not_collapsed(random_split):
    def at_once(images, output, epoch=math.inf):
        if output.levels[0].codes.requires_grad:
            raise KeyboardInterrupt
        return HELBO()(images, output, epoch)

    history = vc.fit(collapsed(), random_split, at_once, epochs=1, test=random_split[:50], progress=False)
    assert history.interrupted
    assert history["test_rate_2"] == [0]


def test_models_and_splits_without_a_report_are_refused(random_split):
    with pytest.raises(ValueError, match="no posterior and so no rate"):
        vc.level_report(vc.Autoencoder(SHAPE, 2), random_split)
    with pytest.raises(ValueError, match="at least 2 images, the split has 1"):
        vc.level_report(hdvae(), random_split[:1])
