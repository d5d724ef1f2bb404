"""experiments/ph_vae_controls.py: controls are what they are called, and runs can be stopped and started again."""

import json
import sys
from pathlib import Path

import pytest
import torch

import vaecourse as vc

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SHAPE = (1, 12, 12)


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    import ph_vae_controls

    monkeypatch.setattr(ph_vae_controls, "HIDDEN", (16,))
    yield ph_vae_controls
    del sys.modules["ph_vae_controls"]


def test_controls_have_as_many_parameters_and_differ_in_what_they_see(script, random_split):
    models = {name: script.make_model(name, SHAPE, 0) for name, _ in script.POINTS}
    three = ("ph_vae", "ph_vae_legendre", "sees_x", "sees_centred")
    weights = [models[name].state_dict() for name in three]
    assert all(torch.equal(one, weights[0][key]) for state in weights for key, one in state.items())
    images = random_split.as_floats()
    features = {name: models[name].features(images) for name in three}
    assert all(torch.equal(seen, images) for seen in features["sees_x"])
    assert torch.equal(features["sees_centred"][2], features["ph_vae_legendre"][0])
    assert torch.equal(features["sees_x"][2], features["ph_vae"][0])
    assert not torch.equal(features["sees_x"][2], features["ph_vae"][2])
    assert models["vae48"].latent_dim == sum(models["ph_vae"].latent_dims) == 48


def test_all_models_of_a_seed_see_the_same_digits(script, random_split):
    first, again, other = (script.chosen_digits(random_split, 50, seed).images for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(script.chosen_digits(random_split, 10_000, 0)) == len(random_split)


@pytest.mark.usefixtures("striped_mnist")
def test_what_is_there_is_skipped_and_other_settings_are_refused(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "FOLDER", tmp_path / "ph_vae_controls")
    monkeypatch.setattr(script, "EPOCHS", {100: 1})
    monkeypatch.setattr(script, "POINTS", [("ph_vae", 1), ("vae48", 0.7)])
    monkeypatch.setattr(sys, "argv", ["ph_vae_controls.py", "--seeds", "3", "--images", "100"])
    script.main()
    files = sorted(script.FOLDER.iterdir())
    assert [path.name for path in files] == ["ph_vae_beta1_n100_seed3.json", "vae48_beta0.7_n100_seed3.json"]
    result = json.loads(files[0].read_text())
    assert (result["train_images"], result["data"], result["scores"]["active_units"]["units"]) == (
        100,
        "stripes",
        [16] * 3,
    )
    model = script.make_model("ph_vae", SHAPE, 3)
    split = script.chosen_digits(vc.load("mnist").train, 100, 3)
    history = vc.fit(model, split, vc.losses.BetaVAE(), 1, seed=3, progress=False)
    assert result["train_negative_elbo"] == history["negative_elbo"][-1]
    written = [path.read_bytes() for path in files]
    capsys.readouterr()
    script.main()
    assert capsys.readouterr().out == ""
    assert [path.read_bytes() for path in files] == written
    monkeypatch.setattr(script, "EPOCHS", {100: 2})
    with pytest.raises(SystemExit, match=r"ph_vae_beta1_n100_seed3\.json was made with other settings: take it away"):
        script.main()
