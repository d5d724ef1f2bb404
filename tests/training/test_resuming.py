"""Resumed runs: what differs is refused or followed in words; nothing broken is kept, and nothing whole is lost."""

import functools
import math

import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse import losses
from vaecourse.training.resuming import described

SHAPE = (1, 12, 12)


def ph_vae(**settings):
    return vc.PHVAE(SHAPE, 3, **{"degree": 2, "hidden": (16,), **settings})


def fit(split, path, model=None, loss=None, epochs=1, **settings):
    model = ph_vae() if model is None else model
    loss = losses.PolynomialDivergence() if loss is None else loss
    return vc.fit(model, split, loss, epochs, checkpoint=path, progress=False, **settings)


@pytest.fixture
def path(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    fit(random_split, path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": losses.PolynomialDivergence(2.0)}, "loss: weights 1.0 before, 2.0 now"),
        ({"loss": losses.BetaVAE(1.0)}, "loss: class PolynomialDivergence before, BetaVAE now"),
        ({"model": lambda: ph_vae(basis="legendre")}, "model: basis powers before, legendre now"),
        ({"model": lambda: ph_vae(likelihood="gaussian")}, "another model"),
        ({"model": lambda: vc.VAE(SHAPE, 3)}, "another model"),
        ({"seed": 1}, "seed 0 before, 1 now"),
        ({"split": lambda split: split[:100]}, "data: number of images 200 before, 100 now"),
        ({"split": lambda split: split[torch.arange(199, -1, -1)]}, "data: pixels"),
        ({"split": lambda split: split.with_flips()}, "data: flips False before, True now"),
        ({"split": lambda split: split.binarized()}, "data: dynamic False before, True now"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_run_is_refused_and_leaves_all_as_it_was(random_split, path, change, message):
    change = dict(change)
    content, model = path.read_bytes(), change.pop("model", ph_vae)()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    split = change.pop("split", lambda split: split)(random_split)
    with pytest.raises(ValueError, match=message) as caught:
        fit(split, path, model, epochs=2, **change)
    assert "give this run its own file" in str(caught.value)
    assert path.read_bytes() == content
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 1e-5},
        {"batch_size": 50},
        {"largest_gradient": 1.0},
        {"learning_rate_schedule": losses.Cosine(3)},
    ],
)
def test_other_settings_are_followed_in_words(random_split, path, change, capsys):
    resumed, same = ph_vae(), ph_vae()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    fit(random_split, copy, same, epochs=2)
    assert capsys.readouterr().out == ""
    fit(random_split, path, resumed, epochs=2, **change)
    assert f"goes on with other settings: {next(iter(change))}" in capsys.readouterr().out
    assert not torch.equal(resumed.decoder.layers[0].weight, same.decoder.layers[0].weight)


def test_numbers_of_numpy_are_stored_as_plain_ones(random_split, tmp_path):
    """A checkpoint may hold nothing else: it could not be read again."""
    path = tmp_path / "run.checkpoint"
    settings = {"learning_rate": np.float64(1e-3), "seed": np.int64(3), "largest_gradient": np.float64(5.0)}
    for epochs in (1, 2):
        loss = losses.PolynomialDivergence(np.float64(2.0))
        history = fit(random_split, path, loss=loss, epochs=epochs, learning_rate_schedule=np.cos, **settings)
    assert len(history) == 3


def test_the_settings_of_a_loss_are_compared_by_value_and_not_by_kind_of_sequence():
    one = losses.HELBO((1.0, 2.0), schedule=losses.Linear(3))
    assert described(one) == described(losses.HELBO([1.0, 2.0], schedule=losses.Linear(3.0)))
    assert described(one) != described(losses.HELBO((1.0, 2.0), schedule=losses.Linear(4)))
    used = losses.FactorVAE(1.0, (4,))
    used._make_discriminator(2, "cpu")
    assert described(used) == described(losses.FactorVAE(1.0, (4,)))


@pytest.mark.parametrize("place", ["nowhere/run.checkpoint", ".", "file/run.checkpoint"])
def test_a_place_where_nothing_can_be_written_is_found_out_before_training(random_split, tmp_path, place):
    (tmp_path / "file").write_bytes(b"")
    seen = []
    with pytest.raises(ValueError, match="choose another checkpoint"):
        fit(random_split, tmp_path / place, callbacks=lambda *_: seen.append(1))
    assert not seen


def test_a_full_disk_is_one_line_and_keeps_the_checkpoint_before(random_split, path, monkeypatch):
    content = path.read_bytes()

    def full(state, file):
        file.write_bytes(b"half")
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 128 vs 0")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(
        OSError, match=r"cannot be written \(perhaps the disk is full\), the one before is whole"
    ) as caught:
        fit(random_split, path, epochs=2)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


class Ruin:
    """A loss of a VAE that spoils something after some calls, and learns nothing itself."""

    def __init__(self, spoil, after: int):
        self._spoil, self._left, self._loss = spoil, after, losses.BetaVAE()

    def __call__(self, images, output, epoch=math.inf):
        self._left -= 1
        if self._left == 0:
            self._spoil()
        return self._loss(images, output, epoch)


def nan(values):
    with torch.no_grad():
        values.view(-1)[0] = math.nan


@pytest.mark.parametrize("epochs", [2, 5])
def test_weights_and_moments_that_are_not_finite_are_not_kept(random_split, tmp_path, epochs, monkeypatch):
    """A bias that no image reaches, and a moment, spoiled in the last step of epoch 2, seen by no term of the loss."""
    path = tmp_path / "run.checkpoint"
    made = []
    adam = torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda *given, **named: made.append(adam(*given, **named)) or made[-1])
    for what in ("model", "optimiser"):
        model = vc.VAE(SHAPE, 3, hidden=(16,))
        model.register_buffer("unused", torch.zeros(3))

        def spoil(what=what, model=model):
            nan(model.unused if what == "model" else next(iter(made[-1].state.values()))["exp_avg_sq"])

        history = fit(random_split, path, model, Ruin(spoil, -1), batch_size=200)
        content, before = path.read_bytes(), model.decoder.layers[0].weight.clone()
        # In epoch 2 one call is the step, and the second the look afterwards.
        with pytest.raises(vc.TrainingDiverged, match=f"state of the {what} is not finite at step 2") as caught:
            fit(random_split, path, model, Ruin(spoil, 2), epochs, batch_size=200)
        assert path.read_bytes() == content
        assert caught.value.history.rows == history.rows
        assert torch.equal(model.decoder.layers[0].weight, before)
        path.unlink()


def test_test_terms_that_are_not_finite_are_not_kept(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    test = random_split[:30]

    def loss(images, output, epoch=math.inf):
        terms = losses.BetaVAE()(images, output, epoch)
        return terms | {"loss": terms["loss"] * (math.nan if len(images) == len(test) and epoch == 2 else 1)}

    fit(random_split, path, vc.VAE(SHAPE, 3), loss, test=test)
    content = path.read_bytes()
    with pytest.raises(vc.TrainingDiverged, match=r"test_loss is nan at step 4 \(epoch 2\)"):
        fit(random_split, path, vc.VAE(SHAPE, 3), loss, 3, test=test)
    assert path.read_bytes() == content


@pytest.mark.parametrize("stored", [False, True])
def test_the_advice_after_a_divergence_can_be_followed_with_a_discriminator(random_split, tmp_path, stored):
    path = tmp_path / "run.checkpoint" if stored else None
    model, loss = vc.VAE(SHAPE, 3, hidden=(16,)), losses.FactorVAE(5.0, (8,), learning_rate=1e-3)
    fit(random_split, path, model, loss)
    before = {name: value.clone() for name, value in loss.discriminator.state_dict().items()}
    with pytest.raises(vc.TrainingDiverged, match="train on with a lower learning rate"):
        fit(random_split, path, model, loss, 3, learning_rate=1e30, batch_size=100)
    assert all(torch.equal(value, before[name]) for name, value in loss.discriminator.state_dict().items())
    history = fit(random_split, path, model, loss, 3, learning_rate=1e-4)
    assert math.isfinite(history["loss"][-1])


def test_a_divergence_in_the_first_epoch_leaves_no_spoiled_discriminator(random_split):
    model, loss = vc.VAE(SHAPE, 3, hidden=(16,)), losses.FactorVAE(5.0, (8,))
    with pytest.raises(vc.TrainingDiverged):
        fit(random_split, None, model, loss, learning_rate=1e30, batch_size=100)
    assert loss.discriminator is None
    assert math.isfinite(fit(random_split, None, model, loss)["loss"][-1])


def test_moments_of_a_discriminator_that_do_not_fit_are_refused(random_split, tmp_path):
    path = tmp_path / "run.checkpoint"
    fit(random_split, path, vc.VAE(SHAPE, 3), losses.FactorVAE(5.0, (8,)))
    state = torch.load(path, weights_only=True)
    state["loss"]["optimizer"]["state"][0]["exp_avg"] = torch.zeros(7)
    torch.save(state, path)
    with pytest.raises(ValueError, match="do not fit the discriminator"):
        fit(random_split, path, vc.VAE(SHAPE, 3), losses.FactorVAE(5.0, (8,)), 2)


@pytest.mark.parametrize(
    "damage",
    [
        {"rows": []},
        {"rows": [{"epoch": 0}]},
        {"rows": [{"epoch": 1, "seconds": 0.0}]},
        {"rows": 3},
        {"model": []},
        {"random": 3},
        {"random": torch.zeros(3)},
        {"settings": 3},
        {"loss": {"discriminator": {}}},
    ],
    ids=str,
)
def test_a_checkpoint_of_other_things_is_refused_in_words(random_split, path, damage):
    torch.save(torch.load(path, weights_only=True) | damage, path)
    with pytest.raises(ValueError, match="checkpoint"):
        fit(random_split, path, epochs=2)


def test_generators_and_single_names_are_taken(random_split):
    seen = []
    history = vc.fit(
        vc.VAE(SHAPE, 3),
        random_split,
        losses.BetaVAE(),
        2,
        metrics=(name for name in ("mse", "psnr")),
        callbacks=(seen.append(number) or (lambda *_: seen.append("called")) for number in range(1)),
        progress=False,
    )
    assert {"mse", "psnr"} < set(history.names)
    assert seen == [0, "called", "called", "called"]
    history = vc.fit(vc.VAE(SHAPE, 3), random_split, losses.BetaVAE(), 1, metrics="ssim", progress=False)
    assert "ssim" in history.names


@pytest.fixture
def not_compiled():
    """What ``torch.compile`` returns then calls the model as it is: compiling takes long, and is torch's affair."""
    torch.compiler.set_stance("force_eager")
    yield
    torch.compiler.set_stance("default")


@pytest.mark.parametrize("wrap", [torch.nn.DataParallel, functools.partial(torch.compile, backend="eager")])
def test_wrapped_models_train_and_resume_as_the_model_itself(random_split, tmp_path, wrap, not_compiled):
    plain, wrapped = (vc.VAE(SHAPE, 3, hidden=(16,)) for _ in range(2))
    snapshots = vc.Snapshots(random_split[:5], samples=2)
    fit(random_split, tmp_path / "plain", plain, losses.BetaVAE(), 2, test=random_split[:50])
    fit(random_split, tmp_path / "run", wrap(wrapped), losses.BetaVAE(), 1, test=random_split[:50], callbacks=snapshots)
    fit(random_split, tmp_path / "run", wrap(wrapped), losses.BetaVAE(), 2, test=random_split[:50], metrics="mse")
    torch.testing.assert_close(plain.state_dict(), wrapped.state_dict())
    again = wrap(wrapped)
    assert torch.equal(vc.encode(again, random_split), vc.encode(wrapped, random_split))
    assert vc.evaluate(again, random_split, losses.BetaVAE()) == vc.evaluate(wrapped, random_split, losses.BetaVAE())
    assert vc.level_report(again, random_split).rate == vc.level_report(wrapped, random_split).rate
    assert torch.equal(
        vc.nll(again, random_split[:9].binarized("static"), 2), vc.nll(wrapped, random_split[:9].binarized("static"), 2)
    )
    vc.plots.traversal(again, random_split, units=[0], steps=2)
    vc.plots.samples(again, 2)
