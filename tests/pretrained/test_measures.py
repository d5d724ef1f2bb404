"""Scores on cards: known answers of models that can be seen through, and which differences are tolerated."""

import numpy as np
import pytest
import torch
from torch import nn

import vaecourse as vc
from vaecourse.data.rendered.factor_grid import FactorGrid
from vaecourse.data.rendered.ground_truth import GROUND_TRUTH, GroundTruth
from vaecourse.models import Level
from vaecourse.pretrained import measures

GRID = FactorGrid(("a", "b", "c", "d"), (4, 4, 4, 4))


def render(factors):
    """Images 1×4 whose pixels are the classes."""
    return np.asarray(factors, np.uint8)[:, None, None, :]


class SeesThrough(nn.Module):
    """Level 1 holds the first two factors of the image, level 2 the others; samples add noise that drowns them."""

    latent_dims = (2, 2)

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.encoded = 0

    def infer(self, images, sample=True):
        self.encoded += len(images)
        codes = 255 * images.flatten(1)
        codes = 100 * torch.randn_like(codes) if sample else codes
        return [Level(codes[:, :2]), Level(codes[:, 2:])]


@pytest.fixture(scope="module")
def made_to_order():
    """A set of 2,000 such images, with its ground truth."""
    factors = torch.from_numpy(np.random.default_rng(0).integers(4, size=(2000, 4)))
    split = vc.Split(torch.from_numpy(render(factors)), factors=factors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(GROUND_TRUTH, "made_to_order", GroundTruth(GRID, render))
        yield vc.ImageSet("made_to_order", split[:10], split, "a test")


@pytest.fixture(scope="module")
def model():
    return SeesThrough()


@pytest.fixture(scope="module")
def found(model, made_to_order):
    return measures.disentanglement(model, made_to_order)


def test_each_level_and_all_together_are_scored(found):
    """Half of the factors are in each level, so half of the gaps are whole; together they are all there."""
    assert list(found["means"]) == ["1", "2", "all"] == list(found["samples"])
    for level, share in (("1", 0.5), ("2", 0.5), ("all", 1.0)):
        scores = found["means"][level]
        assert scores["mig"] == pytest.approx(share, abs=0.02)
        assert scores["max_r2"] == pytest.approx(share, abs=0.02)
        assert scores["r2"] == pytest.approx(share, abs=0.02)
        assert scores["modularity"] == pytest.approx(1, abs=0.02)
        assert scores["total_correlation"] == pytest.approx(0, abs=0.02)
    assert found["means"]["all"]["factor_vae_score"] == 1
    assert found["means"]["1"]["factor_vae_score"] < 0.9
    assert found["means"]["all"]["dci_disentanglement"] > 0.95
    assert all(scores["mig"] < 0.05 and scores["dci_informativeness"] < 0.4 for scores in found["samples"].values())


def test_images_made_to_order_are_encoded_once_for_all_levels(model, found):
    ordered = 1_000 + 750 * 32 + 750 * 32
    assert model.encoded == 2 * ordered + 6 * 2000


def test_protocols_stand_beside_the_scores(found):
    assert found["protocol"]["images"] == 2000
    assert found["protocol"]["factor_vae_score"]["training groups"] == 500
    assert found["protocol"]["dci"]["learner"] == "boosted_trees"


def test_an_infinite_total_correlation_is_none(made_to_order):
    codes = torch.rand(2000, 1, generator=torch.Generator().manual_seed(0)).repeat(1, 2)
    truth = GROUND_TRUTH["made_to_order"]
    scores, _ = measures._scores_of(codes, made_to_order.test.factors, lambda factors: factors[:, :2], truth)
    assert scores["total_correlation"] is None


def test_a_factor_of_one_value_changes_no_score(made_to_order):
    """As the colour of dSprites: also not those by the published formulas, which know no such exception."""
    factors = made_to_order.test.factors
    codes = factors[:, :3] + torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
    grid = FactorGrid(("colour", *GRID.names), (1, *GRID.sizes))
    coloured = torch.cat([torch.zeros(2000, 1, dtype=torch.int64), factors], dim=1)
    plain, _ = measures._scores_of(codes, factors, lambda drawn: drawn[:, :3], GroundTruth(GRID, render))
    found, _ = measures._scores_of(codes, coloured, lambda drawn: drawn[:, 1:4], GroundTruth(grid, render))
    for name in plain.keys() - {"factor_vae_score", "beta_vae_score"}:  # these draw other images
        assert found[name] == pytest.approx(plain[name], rel=1e-6), name


def test_ground_truth_draws_the_images_of_the_data_sets():
    for name, shape in (("dsprites", (1, 64, 64)), ("toy_faces", (3, 64, 64))):
        truth = GROUND_TRUTH[name]
        split = truth.images(truth.grid.classes_of(np.array([0, 1])))
        assert split.image_shape == shape
        assert split.images.max() > 200
        assert all(column < len(truth.grid.names) for column in (*truth.cyclic, *truth.categorical))


@pytest.fixture
def stripes(striped_split):
    return vc.ImageSet("stripes", striped_split[:300], striped_split[300:], "a test")


def test_scores_of_a_hierarchy_are_those_of_its_report(stripes):
    model = vc.HDVAE((1, 12, 12), (3, 2), hidden=(16,))
    report = vc.level_report(model, stripes.test)
    found = measures.scores(model, stripes, ("elbo", "reconstruction", "active_units"))
    assert [found["elbo"]["rate_1"], found["elbo"]["rate_2"]] == pytest.approx(report.rate, rel=1e-5)
    assert found["elbo"]["negative_elbo"] == pytest.approx(found["elbo"]["distortion"] + sum(report.rate), rel=1e-5)
    assert found["reconstruction"]["psnr"] == pytest.approx(report.psnr, rel=1e-6)
    assert found["active_units"] == {"units": [3, 2], "active": report.active_units}


def test_an_autoencoder_has_a_distortion_and_one_reconstruction(stripes):
    found = measures.scores(vc.Autoencoder((1, 12, 12), 3), stripes, ("distortion", "reconstruction", "active_units"))
    assert found["distortion"]["distortion"] > 0
    assert len(found["reconstruction"]["ssim"]) == 1
    assert found["active_units"]["units"] == [3]


def test_likelihood_is_tighter_than_the_bound_and_says_how_it_was_taken(stripes):
    model = vc.VAE((1, 12, 12), 3)
    found = measures.scores(model, stripes, ("elbo", "nll"))  # stripes are black and white as they are
    assert found["nll"]["nll"] < found["elbo"]["negative_elbo"]
    assert found["nll"]["protocol"] == {"images": 100, "samples": 200, "pixels": "static binarisation, seed 0"}
    gaussian = vc.VAE((1, 12, 12), 3, likelihood="gaussian")
    assert measures.nll(gaussian, stripes)["protocol"] == {"images": 100, "samples": 200}


def test_differences_are_those_beyond_the_tolerance():
    before = {
        "elbo": {"rate": 20.0, "negative_elbo": 100.0},
        "active_units": {"active": [3, 2]},
        "disentanglement": {"means": {"1": {"mig": 0.5, "total_correlation": None}}, "protocol": {"images": 10}},
    }
    assert measures.differences(before, before) == []
    near = {
        "elbo": {"rate": 20.015, "negative_elbo": 100.05},
        "active_units": {"active": [3, 2]},
        "disentanglement": {"means": {"1": {"mig": 0.515, "total_correlation": None}}, "protocol": {"images": 99}},
    }
    assert measures.differences(before, near) == []
    far = {
        "elbo": {"rate": 20.03, "negative_elbo": 100.05},
        "active_units": {"active": [3, 1]},
        "disentanglement": {"means": {"1": {"mig": 0.53, "total_correlation": 1.0}}},
    }
    assert measures.differences(before, far) == [
        "elbo.rate: 20.0 on the card, 20.03 now",
        "active_units.active.1: 2 on the card, 1 now",
        "disentanglement.means.1.mig: 0.5 on the card, 0.53 now",
        "disentanglement.means.1.total_correlation: None on the card, 1.0 now",
    ]
    assert len(measures.differences(before, {})) == 6


def test_what_was_not_on_the_card_is_no_difference():
    assert measures.differences({}, {"elbo": {"rate": 1.0}}) == []
