"""fit: repeatable, interruptible, resumable; it stops when a term is not finite."""

import json
import math

import pytest
import torch

import vaecourse as vc
from vaecourse.training.fit import _adam
from vaecourse.training.terms import NEGLIGIBLE_MOMENT, _clear_negligible_moments

SHAPE = (1, 12, 12)


def small_vae(seed=0):
    return vc.VAE(SHAPE, latent_dim=3, hidden=(32,), seed=seed)


def fit(model, split, epochs=2, **settings):
    settings = {"loss": vc.losses.BetaVAE(), "progress": False, "batch_size": 64} | settings
    return vc.fit(model, split, epochs=epochs, **settings)


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


class InterruptAfter:
    """Presses Ctrl-C in the given epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def __call__(self, model, history):
        if history.rows[-1]["epoch"] == self.epoch:
            raise KeyboardInterrupt


def test_two_runs_with_one_seed_are_equal_bit_for_bit(random_split):
    models = [small_vae(), small_vae(), small_vae()]
    histories = [fit(model, random_split, seed=seed) for model, seed in zip(models, (5, 5, 6), strict=True)]
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert histories[0]["loss"][1:] == histories[1]["loss"][1:]
    assert not torch.equal(weights(models[0]), weights(models[2]))


def test_the_callers_random_state_does_not_matter_and_is_not_touched(random_split):
    first, second = small_vae(), small_vae()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    fit(first, random_split)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    fit(second, random_split)
    assert torch.equal(weights(first), weights(second))


def test_watching_does_not_change_training(random_split):
    plain, watched = small_vae(), small_vae()
    fit(plain, random_split)
    snapshots = vc.Snapshots(random_split[:20])
    fit(watched, random_split, test=random_split[:50], metrics=("mse", "psnr", "ssim"), callbacks=[snapshots])
    assert torch.equal(weights(plain), weights(watched))


class CountsImages:
    """A loss one of whose terms is the size of the batch."""

    def __init__(self, smallest_batch):
        self.smallest_batch = smallest_batch

    def __call__(self, images, output, epoch=float("inf")):
        return vc.losses.elbo_terms(images, output) | {
            "loss": output.reconstruction.mean.sum(),
            "images": torch.tensor(float(len(images))),
        }


@pytest.mark.parametrize(("smallest", "of_test"), [(2, 20.0), (1, 200.0)])
def test_terms_that_compare_images_see_test_batches_of_the_size_of_training(random_split, smallest, of_test):
    history = fit(small_vae(), random_split, loss=CountsImages(smallest), batch_size=20, test=random_split)
    assert history["images"][-1] == 20
    assert history["test_images"] == pytest.approx([of_test] * len(history["test_images"]))


def test_training_learns(striped_split):
    model = small_vae()
    history = fit(model, striped_split, epochs=30, learning_rate=1e-2, test=striped_split)
    # 12 equally likely pictures: ln 12 = 2.5 nats are needed to tell them apart; an independent Bernoulli
    # for each pixel costs 144 · h(1/12) = 41 nats.
    assert history["test_negative_elbo"][0] > 90
    assert history["test_negative_elbo"][-1] < 15


def test_history_has_the_terms_in_nats_per_image(random_split):
    model = small_vae()
    history = fit(model, random_split, test=random_split[:50], metrics=("mse", "psnr"))
    assert history["epoch"] == [0, 1, 2]
    assert math.isnan(history["loss"][0])
    terms = vc.evaluate(model, random_split[:50], vc.losses.BetaVAE())
    for name, value in terms.items():
        assert history[f"test_{name}"][-1] == pytest.approx(value)
    reconstructions = vc.reconstruct(model, random_split[:50])
    mse = ((reconstructions - random_split[:50].as_floats()) ** 2).mean().item()
    assert history["mse"][-1] == pytest.approx(mse)
    assert history["test_mse"][-1] == pytest.approx(mse)
    with pytest.raises(KeyError, match="it has epoch, seconds"):
        history["accuracy"]


def test_training_terms_are_averages_over_images_not_batches():
    """With a step of no size the average over unequal batches is the loss of the whole set."""
    generator = torch.Generator().manual_seed(0)
    split = vc.Split(torch.randint(0, 256, (70, *SHAPE), dtype=torch.uint8, generator=generator))
    model = vc.Autoencoder(SHAPE, 2)
    loss = vc.losses.Reconstruction()
    history = fit(model, split, epochs=1, loss=loss, learning_rate=1e-30)
    assert history["loss"][1] == pytest.approx(vc.evaluate(model, split, loss)["loss"], rel=1e-6)


def test_schedules_see_fractions_of_epochs(random_split):
    seen = []

    def spy(images, output, epoch=math.inf):
        if torch.is_grad_enabled():  # a step, and not the look at the weights after an epoch
            seen.append(epoch)
        return vc.losses.BetaVAE()(images, output, epoch)

    fit(small_vae(), random_split, loss=spy, batch_size=50)
    assert seen == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]


def test_the_learning_rate_follows_its_schedule(random_split):
    """A rate that is 0 from the second epoch on leaves the weights where the first epoch left them."""
    once, twice, plain = small_vae(), small_vae(), small_vae()
    fit(plain, random_split, epochs=1)
    fit(once, random_split, epochs=1, learning_rate_schedule=vc.losses.schedules.constant)
    fit(twice, random_split, epochs=2, learning_rate_schedule=lambda epoch: float(epoch < 1))
    assert torch.equal(weights(plain), weights(once))
    assert torch.equal(weights(once), weights(twice))


def test_a_training_with_schedule_limit_and_flips_resumes_exactly(random_split, tmp_path):
    settings = {"learning_rate_schedule": vc.losses.Cosine(4), "largest_gradient": 5.0}
    whole, parts = small_vae(), small_vae()
    fit(whole, random_split.with_flips(), epochs=4, **settings)
    for epochs in (1, 3, 4):
        fit(parts, random_split.with_flips(), epochs=epochs, checkpoint=tmp_path / "run.pt", **settings)
    assert torch.equal(weights(whole), weights(parts))
    unlike = small_vae()
    fit(unlike, random_split.with_flips(), epochs=4)
    assert not torch.equal(weights(whole), weights(unlike))


def test_no_gradient_is_longer_than_allowed(random_split):
    """Adam's first moment is a mean of gradients, so it cannot be longer than the longest of them."""
    lengths = {}
    for limit in (None, 0.5):
        optimizer = _adam(small_vae(), 1e-3, limit)
        (group,) = optimizer.param_groups
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        first = torch.cat([state["exp_avg"].flatten() for state in optimizer.state.values()])
        lengths[limit] = first.norm().item() / 0.1
    assert lengths[0.5] == pytest.approx(0.5, rel=1e-3)
    assert lengths[None] > 10


def test_dynamic_binarisation_draws_anew_each_epoch(random_split):
    drawn = []

    def spy(images, output, epoch=math.inf):
        drawn.append(images.sum().item())
        assert set(images.unique().tolist()) == {0.0, 1.0}
        return vc.losses.BetaVAE()(images, output, epoch)

    fit(small_vae(), random_split.binarized("dynamic"), loss=spy, batch_size=len(random_split), epochs=3)
    assert len(set(drawn)) == 3


def test_interruption_returns_model_and_history(random_split, capsys):
    model = small_vae()
    history = fit(model, random_split, epochs=5, callbacks=[InterruptAfter(2)])
    assert history.interrupted
    assert history["epoch"] == [0, 1, 2]
    assert not model.training
    assert "Interrupted after 2 of 5 epochs" in capsys.readouterr().out
    reference = small_vae()
    fit(reference, random_split, epochs=2)
    assert torch.equal(weights(model), weights(reference))


def test_resumed_training_equals_uninterrupted_training(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole, resumed = small_vae(), small_vae()
    expected = fit(whole, random_split, epochs=4)
    fit(resumed, random_split, epochs=4, checkpoint=path, callbacks=[InterruptAfter(2)])
    fresh = small_vae(seed=9)
    history = fit(fresh, random_split, epochs=4, checkpoint=path)
    assert torch.equal(weights(whole), weights(fresh))
    assert history["loss"][1:] == expected["loss"][1:]
    assert history["seconds"] == sorted(history["seconds"])
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]


def test_interruption_within_an_epoch_can_be_resumed_exactly(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole, resumed = small_vae(), small_vae()
    fit(whole, random_split, epochs=3)

    def interrupting(images, output, epoch=math.inf):
        if epoch > 1.4:
            raise KeyboardInterrupt
        return vc.losses.BetaVAE()(images, output, epoch)

    history = fit(resumed, random_split, epochs=3, loss=interrupting, checkpoint=path)
    assert history["epoch"] == [0, 1]
    fit(resumed, random_split, epochs=3, checkpoint=path)
    assert torch.equal(weights(whole), weights(resumed))


def test_interruption_while_writing_leaves_the_last_checkpoint_whole(random_split, tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    fit(small_vae(), random_split, epochs=1, checkpoint=path)
    before = path.read_bytes()

    def half_written(state, file):
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half_written)
    fit(small_vae(), random_split, epochs=2, checkpoint=path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]


def factor_vae():
    return vc.losses.FactorVAE(gamma=5.0, hidden=(16,), learning_rate=1e-3)


def test_a_run_goes_on_with_the_discriminator_of_its_loss(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole, resumed = small_vae(), small_vae()
    losses = [factor_vae() for _ in range(3)]
    expected = fit(whole, random_split, epochs=4, loss=losses[0])
    fit(resumed, random_split, epochs=4, loss=losses[1], checkpoint=path, callbacks=[InterruptAfter(2)])
    history = fit(small_vae(seed=9), random_split, epochs=4, loss=losses[2], checkpoint=path)
    assert history["loss"][1:] == expected["loss"][1:]
    discriminators = [weights(loss.discriminator) for loss in losses]
    assert torch.equal(discriminators[0], discriminators[2])
    assert not torch.equal(discriminators[0], discriminators[1])  # it had stopped half-way


def test_checkpoint_with_a_discriminator_is_refused_to_a_loss_without(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    fit(small_vae(), random_split, epochs=1, loss=factor_vae(), checkpoint=path)
    model = small_vae(seed=9)
    with pytest.raises(ValueError, match=r"a loss with a discriminator: go on with that loss, or train anew"):
        fit(model, random_split, epochs=2, checkpoint=path)
    assert torch.equal(weights(model), weights(small_vae(seed=9)))


def test_checkpoints_from_before_losses_had_a_state_are_read(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole = small_vae()
    fit(whole, random_split, epochs=3)
    fit(small_vae(), random_split, epochs=2, checkpoint=path)
    state = torch.load(path, weights_only=True)
    assert state.pop("loss") == {}
    torch.save(state, path)
    resumed = small_vae(seed=9)
    fit(resumed, random_split, epochs=3, checkpoint=path)
    assert torch.equal(weights(whole), weights(resumed))


def test_broken_checkpoint_is_refused(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    fit(small_vae(), random_split, checkpoint=path)
    whole = path.read_bytes()
    for broken in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="not a whole checkpoint"):
            fit(small_vae(), random_split, checkpoint=path)


def test_checkpoint_of_another_model_is_refused(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    fit(small_vae(), random_split, checkpoint=path)
    with pytest.raises(ValueError, match="checkpoint of another model"):
        fit(vc.VAE(SHAPE, latent_dim=4, hidden=(32,)), random_split, checkpoint=path)


def test_a_term_that_is_not_finite_stops_training_and_is_named(random_split):
    model = small_vae()

    def breaking(images, output, epoch=math.inf):
        terms = vc.losses.BetaVAE()(images, output, epoch)
        if epoch >= 1.5:
            terms["rate"] = terms["rate"] * float("nan")
            terms["loss"] = terms["distortion"] + terms["rate"]
        return terms

    with pytest.raises(vc.TrainingDiverged, match=r"rate is nan at step 7 \(epoch 2\), learning rate 0.001") as caught:
        fit(model, random_split, epochs=3, loss=breaking, batch_size=50)
    assert caught.value.history["epoch"] == [0, 1]
    reference = small_vae()
    fit(reference, random_split, epochs=1, batch_size=50)
    assert torch.equal(weights(model), weights(reference))


def test_a_learning_rate_that_is_too_high_stops_training(striped_split):
    model = vc.VAE(SHAPE, latent_dim=3, hidden=(32,))
    with pytest.raises(vc.TrainingDiverged, match="train on with a lower learning rate"):
        fit(model, striped_split, epochs=50, learning_rate=100.0)
    assert weights(model).isfinite().all()


def test_snapshots_follow_the_model(random_split):
    model = small_vae()
    snapshots = vc.Snapshots(random_split[:7], epochs=(0, 2))
    fit(model, random_split, callbacks=[snapshots])
    assert snapshots.epochs == [0, 2]
    assert torch.equal(snapshots.codes[0], vc.encode(small_vae(), random_split[:7]))
    assert torch.equal(snapshots.codes[1], vc.encode(model, random_split[:7]))
    assert torch.equal(snapshots.reconstructions[1], vc.reconstruct(model, random_split[:7]))


def test_snapshots_hold_samples_of_the_same_codes(random_split):
    model = small_vae()
    snapshots = vc.Snapshots(random_split[:7], samples=5)
    fit(model, random_split, callbacks=[snapshots])
    assert [len(images) for images in snapshots.samples] == [5, 5, 5]
    assert torch.equal(snapshots.samples[0], small_vae().generate(5))
    assert torch.equal(snapshots.samples[2], model.generate(5))
    plain = vc.Snapshots(random_split[:7])
    trained = small_vae()
    fit(trained, random_split, callbacks=[plain])
    assert plain.samples == []
    assert torch.equal(weights(trained), weights(model))  # sampling draws nothing from the training's own state


def test_snapshots_of_samples_want_a_prior(random_split):
    snapshots = vc.Snapshots(random_split[:7], samples=5)
    with pytest.raises(TypeError, match="Autoencoder has no prior to draw from: leave samples out"):
        fit(vc.Autoencoder((1, 12, 12), 2), random_split, loss=vc.losses.Reconstruction(), callbacks=[snapshots])


def test_history_is_saved_as_json(random_split, tmp_path):
    history = fit(small_vae(), random_split)
    history.save(tmp_path / "history.json")
    assert json.loads((tmp_path / "history.json").read_text()) == history.rows


def test_vanishing_moments_become_zero_and_others_stay():
    weight = torch.nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.Adam([weight], fused=True)
    weight.grad = torch.ones(4)
    optimizer.step()
    moments = torch.tensor([1e-40, NEGLIGIBLE_MOMENT / 2, -1e-3, 1.0])
    optimizer.state[weight]["exp_avg"].copy_(moments)
    _clear_negligible_moments(optimizer)
    assert torch.equal(optimizer.state[weight]["exp_avg"], torch.tensor([0.0, 0.0, -1e-3, 1.0]))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "at least 1"),
        ({"batch_size": 0}, ValueError, "at least 1"),
        ({"learning_rate": float("nan")}, ValueError, "positive and finite"),
        ({"metrics": ("fid",)}, ValueError, "choose among mse, psnr, ssim"),
    ],
)
def test_impossible_settings_are_refused(random_split, settings, error, message):
    with pytest.raises(error, match=message):
        fit(small_vae(), random_split, **settings)


@pytest.mark.parametrize(
    "loss",
    [
        vc.losses.DIPVAE(),
        vc.losses.BetaTCVAE(2.0),
        factor_vae(),
        vc.losses.HELBO(intra=1.0),
        vc.losses.HELBO(inter=1.0),
    ],
    ids=["DIP-VAE", "β-TCVAE", "FactorVAE", "γ_intra", "γ_inter"],
)
def test_a_batch_too_small_for_its_loss_is_refused_before_training(random_split, loss):
    message = f"{type(loss).__name__} needs at least 2 images in every batch, but 200 images .* leave one of 1"
    model = small_vae()
    with pytest.raises(ValueError, match=message):
        fit(model, random_split, loss=loss, batch_size=199)
    with pytest.raises(ValueError, match="in batches of 1 leave one of 1: choose another batch_size"):
        fit(model, random_split, loss=loss, batch_size=1)
    with pytest.raises(ValueError, match="1 images in batches of 64 leave one of 1"):
        fit(model, random_split[:1], loss=loss)
    assert torch.equal(weights(model), weights(small_vae()))
    fit(model, random_split[:6], loss=loss, batch_size=4, epochs=1)  # the last batch is of 2


def test_losses_without_such_a_need_take_a_batch_of_one(random_split):
    for loss in (vc.losses.BetaVAE(), vc.losses.HELBO()):
        fit(small_vae(), random_split[:5], loss=loss, batch_size=4, epochs=1)


def test_only_splits_are_trained_on(random_split):
    with pytest.raises(TypeError, match="fit takes a Split"):
        fit(small_vae(), random_split.images)
    with pytest.raises(ValueError, match="no images"):
        fit(small_vae(), random_split[:0])


def test_a_step_that_ruins_the_weights_is_not_saved_even_if_it_is_the_last(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    model = small_vae()
    fit(model, random_split, epochs=1, checkpoint=path)
    before, whole = weights(model), path.read_bytes()
    with pytest.raises(vc.TrainingDiverged, match=r"(inf|nan) at step 2 \(epoch 2\)"):
        fit(model, random_split, epochs=2, batch_size=len(random_split), learning_rate=1e30, checkpoint=path)
    assert torch.equal(weights(model), before)
    assert path.read_bytes() == whole
    history = fit(model, random_split, epochs=2, learning_rate=1e-4, checkpoint=path)  # the advice can be followed
    assert len(history) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state["optimizer"]["state"][0].update(exp_avg=torch.zeros(7)),
        lambda state: state["optimizer"]["state"][0].update(
            exp_avg_sq=state["optimizer"]["state"][0]["exp_avg"].double()
        ),
        lambda state: state["optimizer"]["state"][1].pop("exp_avg"),
        lambda state: state["optimizer"]["state"].pop(2),
        lambda state: state["optimizer"]["state"][0].update(step=torch.zeros(3)),
        lambda state: state["optimizer"].update(state=[]),
    ],
)
def test_moments_that_do_not_fit_are_refused_before_they_reach_the_optimiser(random_split, tmp_path, damage):
    path = tmp_path / "run.checkpoint"
    fit(small_vae(), random_split, epochs=1, checkpoint=path)
    state = torch.load(path, weights_only=True)
    damage(state)
    torch.save(state, path)
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        fit(small_vae(), random_split, epochs=2, checkpoint=path)


def test_a_flipped_bit_in_a_checkpoint_is_noticed(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    fit(small_vae(), random_split, epochs=1, checkpoint=path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        fit(small_vae(), random_split, epochs=2, checkpoint=path)
