"""What explorers show is what the model computes: codes, ranges, moves down a hierarchy, pictures."""

import pytest
import torch
from explored_models import HIERARCHIES, MODELS, hierarchy, shaped

import vaecourse as vc
from vaecourse.distributions import DiagonalGaussian
from vaecourse.explorers import Exploration
from vaecourse.randomness import seeded


@pytest.fixture(params=[*MODELS, "shaped"])
def model(request):
    return (MODELS | {"shaped": shaped})[request.param]()


@pytest.fixture(params=HIERARCHIES, ids="-".join)
def hdvae(request):
    return hierarchy(*request.param)


@pytest.fixture
def vae():
    return MODELS["vae"]()


@pytest.fixture
def autoencoder():
    return MODELS["autoencoder"]()


@pytest.fixture
def ph_vae():
    return MODELS["ph_vae"]()


def prior_of(model, level, above):
    """p(z_level | z_{level+1}) in double precision, for a code (d,)."""
    network = model.priors[level - 1].double()
    with torch.no_grad():
        found = DiagonalGaussian.from_parameters(network(above.double()[None]))
    model.priors[level - 1].float()
    return found.mean[0], found.std[0]


def test_starts_are_posteriors_of_test_images_and_decode_to_their_reconstructions(model, random_split):
    exploration = Exploration(model, random_split, starts=5)
    assert torch.equal(exploration.images, random_split.as_floats()[exploration.indices])
    with torch.no_grad():
        levels = model(exploration.images, sample=False).levels
    for index in range(5):
        codes, widths = exploration.start(index)
        for code, width, level in zip(codes, widths, levels, strict=True):
            torch.testing.assert_close(code, level.codes[index])
            assert (width is None) == (level.posterior is None)
            if width is not None:
                torch.testing.assert_close(width, level.posterior.std[index])
        expected = vc.reconstruct(model, random_split[exploration.indices])[index]
        torch.testing.assert_close(exploration.decode(codes), expected)
        scores = exploration.scores(index)
        assert scores["MSE"] == pytest.approx(((expected - exploration.images[index]) ** 2).mean().item(), rel=1e-4)
        assert set(scores) == {"MSE", "PSNR", "SSIM"}


def test_a_move_keeps_the_noise_of_the_levels_below(hdvae, random_split):
    exploration = Exploration(hdvae, random_split, starts=3)
    codes, _ = exploration.start(1)
    moved = exploration.move(codes, 3, 1, -1.7)
    expected = [code.double() for code in codes]
    expected[2][1] = -1.7
    for level in (2, 1):
        mean, std = prior_of(hdvae, level, codes[level])
        new_mean, new_std = prior_of(hdvae, level, expected[level])
        expected[level - 1] = new_mean + new_std * (codes[level - 1] - mean) / std
    for code, value in zip(moved, expected, strict=True):
        torch.testing.assert_close(code.double(), value, rtol=1e-4, atol=1e-4)
    middle = exploration.move(codes, 2, 0, 0.3)
    assert torch.equal(middle[2], codes[2])
    assert not torch.equal(middle[0], codes[0])


def test_no_move_is_no_change_at_all(model, random_split):
    exploration = Exploration(model, random_split, starts=2)
    codes, _ = exploration.start(0)
    for level, code in enumerate(codes, start=1):
        for unit, value in enumerate(code.tolist()):
            same = exploration.move(codes, level, unit, value)
            assert all(torch.equal(one, other) for one, other in zip(same, codes, strict=True))


def test_many_moves_and_back_lead_to_where_one_was(random_split):
    exploration = Exploration(hierarchy(), random_split, starts=2)
    codes, _ = exploration.start(0)
    now = codes
    for value in torch.linspace(-2, 2, 200).tolist():
        now = exploration.move(now, 3, 0, value)
    now = exploration.move(now, 3, 0, codes[2][0].item())
    for one, other in zip(now, codes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_means_of_the_priors_stay_means(hdvae, random_split):
    exploration = Exploration(hdvae, random_split, starts=2)
    top, moved = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([[0.5, 0.0, 2.0]])
    with torch.no_grad():
        before, after = ([code[0] for code in hdvae.descend(held)] for held in (top, moved))
    for code, expected in zip(exploration.move(before, 3, 1, 0.0), after, strict=True):
        torch.testing.assert_close(code, expected, rtol=1e-4, atol=1e-4)


def test_degrees_stand_side_by_side(ph_vae, random_split):
    exploration = Exploration(ph_vae, random_split)
    codes, _ = exploration.start(0)
    moved = exploration.move(codes, 3, 0, 2.0)
    assert torch.equal(moved[0], codes[0])
    assert torch.equal(moved[1], codes[1])
    assert moved[2][0] == 2.0
    assert [level.level for level in exploration.levels] == ["degree 1", "degree 2", "degree 3"]
    with pytest.raises(ValueError, match="no level is drawn from degree 2"):
        exploration.resample_below(codes, 2, seed=0)


def test_resampling_holds_the_levels_from_the_one_named_upwards(hdvae, random_split):
    exploration = Exploration(hdvae, random_split)
    codes, _ = exploration.start(0)
    one, again, other = (exploration.resample_below(codes, 2, seed) for seed in (1, 1, 2))
    with torch.no_grad(), seeded(1):
        expected = hdvae.descend(codes[1][None], codes[2][None], sample=True)
    assert torch.equal(one[0], expected[0][0])
    assert torch.equal(one[0], again[0])
    assert not torch.equal(one[0], other[0])
    assert torch.equal(one[1], codes[1])
    assert torch.equal(one[2], codes[2])
    with pytest.raises(ValueError, match="no level is drawn from level 1"):
        exploration.resample_below(codes, 1, seed=0)
    with pytest.raises(ValueError, match="there is no level 4"):
        exploration.resample_below(codes, 4, seed=0)


def test_draws_from_the_prior_are_the_models_own(hdvae, random_split):
    exploration = Exploration(hdvae, random_split)
    codes = exploration.prior(seed=3)
    torch.testing.assert_close(exploration.decode(codes), hdvae.generate(1, seed=3)[0])


def test_an_autoencoder_has_no_prior(autoencoder, random_split):
    exploration = Exploration(autoencoder, random_split)
    assert not exploration.model.has_prior
    with pytest.raises(TypeError, match="Autoencoder has no prior"):
        exploration.prior(seed=0)


def test_a_mix_is_the_straight_line_on_every_level(hdvae, random_split):
    exploration = Exploration(hdvae, random_split)
    ends = [exploration.start(index)[0] for index in (2, 7)]
    for share, expected in ((0, ends[0]), (1, ends[1])):
        found = exploration.mix(2, 7, share)
        assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    for code, one, other in zip(exploration.mix(2, 7, 0.25), *ends, strict=True):
        torch.testing.assert_close(code, 0.75 * one + 0.25 * other)


def test_a_traversal_decodes_the_codes_moved_over_the_range(hdvae, random_split):
    exploration = Exploration(hdvae, random_split)
    codes, _ = exploration.start(0)
    values, pictures = exploration.traversal(codes, 2, 3, steps=5)
    level = exploration.levels[1]
    assert values[0].item() == pytest.approx(level.low[3].item())
    assert values[-1].item() == pytest.approx(level.high[3].item())
    for value, picture in zip(values.tolist(), pictures, strict=True):
        torch.testing.assert_close(exploration.decode(exploration.move(codes, 2, 3, value)), picture)


def test_units_are_ordered_by_rate_and_collapsed_ones_come_last(vae, random_split):
    final = vae.encoder.layers[-1]
    with torch.no_grad():
        final.weight[1], final.bias[1] = 0, 30  # the mean is 30 for every image: a large rate that tells nothing
    level = Exploration(vae, random_split).levels[0]
    with torch.no_grad():
        expected = vae.encode(random_split.as_floats()).kl().mean(0)
    torch.testing.assert_close(level.importance, expected)
    assert level.active_count == 3
    assert level.order[-1] == 1
    rates = level.importance[level.order[:3]]
    assert torch.equal(rates, rates.sort(descending=True).values)
    assert level.label(1) == f"unit 1 · {expected[1]:.2f} nats"


def test_units_of_an_autoencoder_are_ordered_by_variance(autoencoder, random_split):
    with torch.no_grad():
        autoencoder.encoder.layers[-1].weight[2] = 0
    level = Exploration(autoencoder, random_split).levels[0]
    variance = vc.encode(autoencoder, random_split).var(0)
    torch.testing.assert_close(level.importance, variance)
    assert level.order == variance.argsort(descending=True).tolist()
    assert (level.active_count, level.order[-1], level.quantity) == (3, 2, "variance")
    assert level.low[2] < level.high[2]  # a slider still


def test_ranges_hold_three_sigmas_and_every_start(model, random_split):
    exploration = Exploration(model, random_split)
    for place, level in enumerate(exploration.levels):
        starts = torch.stack([exploration.start(index)[0][place] for index in range(16)])
        assert (starts >= level.low).all()
        assert (starts <= level.high).all()
    if exploration.model.has_prior:
        assert (exploration.levels[-1].low <= -3).all()
        assert (exploration.levels[-1].high >= 3).all()


def test_named_starts_and_fewer_images_than_starts(vae, random_split):
    exploration = Exploration(vae, random_split, starts=[7, 3])
    assert torch.equal(exploration.images, random_split.as_floats()[[7, 3]])
    assert len(Exploration(vae, random_split[:3], starts=16).images) == 3
    assert Exploration(vae, random_split, seed=1).indices != Exploration(vae, random_split, seed=2).indices
    with pytest.raises(IndexError, match="there is no start 2: choose 0 to 1"):
        exploration.start(2)
    with pytest.raises(IndexError, match=r"starts \[200\]: name images 0 to 199 of the split"):
        Exploration(vae, random_split, starts=[200])
    with pytest.raises(ValueError, match="starts must be at least 1"):
        Exploration(vae, random_split, starts=0)


def test_a_start_of_a_dynamic_split_is_one_draw(vae, random_split):
    exploration = Exploration(vae, random_split.binarized())
    assert exploration.images.unique().tolist() == [0, 1]
    with torch.no_grad():
        torch.testing.assert_close(exploration.start(4)[0][0], vae.encode(exploration.images).mean[4])


def test_small_images_have_no_ssim():
    split = vc.Split(torch.arange(2 * 16, dtype=torch.uint8).reshape(2, 1, 4, 4))
    assert set(Exploration(vc.VAE((1, 4, 4), 2), split).scores(0)) == {"MSE", "PSNR"}


@pytest.mark.parametrize("training", [True, False])
def test_the_models_mode_and_the_random_state_are_left_alone(training, random_split):
    model = hierarchy().train(training)
    before = torch.get_rng_state()
    exploration = Exploration(model, random_split)
    codes = exploration.resample_below(exploration.prior(0), 3, seed=1)
    exploration.decode(exploration.move(codes, 3, 0, 1.0))
    assert model.training == training
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_model_is_refused_in_one_line(vae, random_split, value):
    with torch.no_grad():
        vae.decoder.layers[0].weight[0, 0] = value
    with pytest.raises(ValueError, match=r"NaN or infinite, first decoder.layers.0.weight") as caught:
        Exploration(vae, random_split)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_explored_is_refused(vae, random_split):
    with pytest.raises(ValueError, match="the split has images of 1×12×12, the model is made for 3×32×32"):
        Exploration(vc.VAE((3, 32, 32), 4), random_split)
    with pytest.raises(TypeError, match=r"a split of images, as mnist\.test, or on your pictures, not ImageSet"):
        Exploration(vae, vc.ImageSet("random", random_split, random_split, "drawn"))
    with pytest.raises(TypeError, match=r"a model of this package, as vc\.VAE, not Linear"):
        Exploration(torch.nn.Linear(2, 2), random_split)
    with pytest.raises(ValueError, match="at least 2 images, the split has 1"):
        Exploration(vae, random_split[:1])
    pairs = vc.Split(torch.zeros(4, 2, 8, 8))
    with pytest.raises(ValueError, match="1 channel or 3, not of 2"):
        Exploration(vc.VAE((2, 8, 8), 2), pairs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_on_a_gpu_is_explored_like_one_on_the_cpu(model, random_split):
    here = Exploration(model, random_split)
    codes, _ = here.start(3)
    level = len(codes)
    expected = here.decode(here.move(codes, level, 0, 1.5))
    there = Exploration(model.cuda(), random_split)
    found = there.decode(there.move(there.start(3)[0], level, 0, 1.5))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    if level > 1 and there.model.is_hierarchy:
        assert all(code.device.type == "cpu" for code in there.resample_below(codes, level, seed=0))
