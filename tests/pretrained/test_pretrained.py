"""Trained models: nothing is used that is not whole, known and checked; those of the package are in order."""

import dataclasses
import hashlib
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tiny_recipes import tiny_recipe

import vaecourse as vc
from vaecourse import pretrained
from vaecourse.pretrained import cards
from vaecourse.pretrained.library import FOLDER
from vaecourse.pretrained.measures import scores
from vaecourse.pretrained.recipe import PretrainedError
from vaecourse.pretrained.recipes import RECIPES
from vaecourse.pretrained.runs import train

MOST_MEGABYTES = 15
RUNS = sorted((Path(__file__).parents[2] / "results" / "dsprites_benchmark").glob("*.json"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder that the first test fills, for all."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(striped_mnist, kept, tmp_path):
    """A folder with two tiny models, ``tiny_seed0`` and ``small_seed0``."""
    for name in ("tiny", "small"):
        train(tiny_recipe(name), 0, kept, progress=False)  # what is there is skipped
    return shutil.copytree(kept, tmp_path / "trained")


def files(folder):
    """The card and the weights of the tiny model."""
    return folder / "tiny_seed0.json", folder / "tiny_seed0.safetensors"


def change_card(folder, **changes):
    path = folder / "tiny_seed0.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def put_weights(folder, content):
    """Other content in place of the weights, as if the card had been made for it."""
    (folder / "tiny_seed0.safetensors").write_bytes(content)
    change_card(folder, weights={"sha256": hashlib.sha256(content).hexdigest()})


def refused(folder, message, name="tiny_seed0"):
    with pytest.raises(PretrainedError, match=message) as caught:
        vc.load_pretrained(name, folder)
    assert "\n" not in str(caught.value)


def test_a_model_comes_back_with_its_card(trained, striped_split):
    model = vc.load_pretrained("tiny_seed0", trained)
    assert isinstance(model, vc.VAE)
    assert not model.training
    assert model.card == json.loads((trained / "tiny_seed0.json").read_text())
    codes = vc.encode(model, striped_split)
    assert torch.equal(codes, vc.encode(vc.load_pretrained("tiny_seed0", trained), striped_split))
    untrained = tiny_recipe().build_model((1, 12, 12), 0)
    assert not torch.equal(codes, vc.encode(untrained, striped_split))


def test_names_are_listed_and_suggested(trained):
    assert pretrained.names(trained) == ["small_seed0", "tiny_seed0"]
    refused(trained, f"no pretrained model 'tinny_seed0' in {trained}: did you mean 'tiny_seed0'", "tinny_seed0")
    refused(trained, "no pretrained model 'x' in .*: choose one of small_seed0, tiny_seed0", "x")
    refused(trained / "nowhere", "no pretrained model 'x' in .*: there are none", "x")
    refused(trained, "no pretrained model '../tiny_seed0' in .*", "../tiny_seed0")


def test_weights_that_are_missing_changed_or_cut_short_are_refused(trained):
    path = trained / "tiny_seed0.safetensors"
    whole = path.read_bytes()
    for content in (whole[:-1], whole[: len(whole) // 2], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(content)
        refused(trained, "is not the file of its card, it was changed or cut short: delete both files and train again")
    path.write_bytes((trained / "small_seed0.safetensors").read_bytes() + b" ")
    refused(trained, "is not the file of its card")
    path.unlink()
    refused(trained, "tiny_seed0.safetensors is missing: delete both files and train again")


def test_no_pickle_is_read_even_if_the_checksum_fits(trained):
    class Harm:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    put_weights(trained, pickle.dumps(Harm()))
    refused(trained, "is no file of safetensors")


def test_weights_of_another_shape_are_refused(trained):
    state = tiny_recipe().build_model((1, 12, 12)).state_dict()
    put_weights(trained, safetensors.torch.save({**state, "encoder.layers.1.weight": torch.zeros(16, 143)}))
    refused(trained, r"encoder.layers.1.weight of shape \(16, 143\), but the model of its card needs \(16, 144\)")
    del state["decoder.layers.0.bias"]
    put_weights(trained, safetensors.torch.save(state))
    refused(trained, r"decoder.layers.0.bias of shape none, but the model of its card needs \(16,\)")
    put_weights(
        trained, safetensors.torch.save({**tiny_recipe().build_model((1, 12, 12)).state_dict(), "x": torch.ones(1)})
    )
    refused(trained, r"x of shape \(1,\), but the model of its card needs none")


def test_cards_of_another_version_or_of_nothing_known_are_refused(trained):
    change_card(trained, format=2)
    refused(trained, "has the format 2, and this version of vaecourse reads 1: install the version that wrote it")
    change_card(trained, format=1, weights={"file": "x"})
    refused(trained, "lacks the sha256 of its weights")
    (trained / "tiny_seed0.json").write_text("half a ca")
    refused(trained, "cannot be read")


def test_a_card_cannot_ask_for_any_class_but_a_model(trained):
    recipe = tiny_recipe().settings()
    for name in ("Linear", "torch", "os.system", "__builtins__"):
        change_card(trained, recipe=recipe | {"model": {"class": name}})
        refused(trained, f"no class '{name}' in vaecourse.models")


def test_scores_are_computed_anew_and_compared(trained):
    assert pretrained.verify("tiny_seed0", trained) == []
    scores = json.loads((trained / "tiny_seed0.json").read_text())["scores"]
    scores["elbo"]["distortion"] *= 1.1
    change_card(trained, scores=scores)
    (line,) = pretrained.verify("tiny_seed0", trained)
    assert line.startswith("elbo.distortion: ")


def test_packaging_takes_a_byte_a_weight_and_scores_what_is_stored(trained, tmp_path, monkeypatch):
    target = tmp_path / "weights"
    line = pretrained.package("tiny", 0, trained, target)
    assert line.endswith("MB, int8")
    stored = safetensors.torch.load_file(target / "tiny.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.int8, torch.float16}
    assert (target / "tiny.safetensors").stat().st_size < 0.5 * (trained / "tiny_seed0.safetensors").stat().st_size
    model = vc.load_pretrained("tiny", target)
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}
    assert model.card["weights"]["type"] == "int8"
    assert model.card["evaluate_command"] == "python -m vaecourse evaluate tiny"
    assert pretrained.verify("tiny", target) == []
    monkeypatch.setattr("vaecourse.pretrained.library.FOLDER", target)
    assert pretrained.names() == ["tiny"]
    assert vc.load_pretrained("tiny").card == model.card
    (target / "tiny.safetensors").unlink()
    with pytest.raises(PretrainedError, match="is missing: install vaecourse again"):
        vc.load_pretrained("tiny")


def test_scores_of_disentanglement_do_not_ask_for_more_than_a_byte(trained, tmp_path, monkeypatch):
    scores = json.loads((trained / "tiny_seed0.json").read_text())["scores"]
    change_card(trained, scores={**scores, "disentanglement": {"means": {"1": {"mig": 0.2}}}})
    found = {**scores, "disentanglement": {"means": {"1": {"mig": 0.3}}}}
    monkeypatch.setattr("vaecourse.pretrained.packaging.scores", lambda *arguments: found)
    assert pretrained.package("tiny", 0, trained, tmp_path).endswith("MB, int8")
    assert vc.load_pretrained("tiny", tmp_path).card["scores"] == found


def test_what_other_seeds_score_is_on_the_card(trained, tmp_path):
    train(tiny_recipe(), 1, trained, progress=False)
    train(dataclasses.replace(tiny_recipe(), epochs=1), 2, trained, progress=False)  # another recipe
    pretrained.package("tiny", 0, trained, tmp_path)
    other = json.loads((trained / "tiny_seed1.json").read_text())["scores"]
    assert vc.load_pretrained("tiny", tmp_path).card["other_seeds"] == {"1": other}
    assert other != json.loads((trained / "tiny_seed0.json").read_text())["scores"]


def test_a_byte_a_weight_is_not_taken_where_it_moves_a_score(trained, tmp_path):
    """One great weight of a row leaves the others no steps; it is that of a hidden unit which is always 0."""
    model = vc.load_pretrained("tiny_seed0", trained)
    images = vc.load("mnist")
    with torch.no_grad():
        model.decoder.layers[0].bias[0] = -1_000
        model.decoder.layers[2].weight *= 20
        model.decoder.layers[2].weight[:, 0] = 60_000
    cards.write(model.card, model.state_dict(), "float32", *files(trained))
    change_card(trained, scores=scores(model, images, tuple(model.card["scores"])))
    line = pretrained.package("tiny", 0, trained, tmp_path / "weights")
    assert "MB, float16, as int8 would move elbo" in line
    assert vc.load_pretrained("tiny", tmp_path / "weights").card["weights"]["type"] == "float16"


def test_half_precision_is_not_taken_where_it_moves_a_score(trained, tmp_path):
    """Biases of 70,000 do not fit into float16, which ends at 65,504."""
    model = vc.load_pretrained("tiny_seed0", trained)
    with torch.no_grad():
        model.decoder.layers[2].bias[0] = -70_000
    card = model.card
    cards.write(card, model.state_dict(), "float32", *files(trained))
    images = vc.load("mnist")
    change_card(trained, scores=scores(model, images, tuple(card["scores"])))
    line = pretrained.package("tiny", 0, trained, tmp_path / "weights")
    assert "MB, float32, as int8 would move elbo" in line
    assert "as float16 would move elbo" in line
    assert vc.load_pretrained("tiny", tmp_path / "weights").decoder.layers[2].bias[0] == -70_000


def test_cards_know_every_seed_of_the_results():
    known = {}
    for run in map(cards.read, RUNS):
        known.setdefault(run["recipe"]["name"], {})[str(run["seed"])] = run["scores"]
    there = {name: runs for name, runs in known.items() if (FOLDER / f"{name}.json").exists()}
    assert len(there) > 10
    for name, runs in there.items():
        card = pretrained.card(name)
        runs.pop(str(card["seed"]))  # its weights are stored smaller, with scores of their own
        assert card["other_seeds"] == runs, name


@pytest.mark.parametrize("name", pretrained.names())
def test_models_of_the_package_are_those_of_its_recipes(name):
    """Whole, of the recipe that stands in the table now, and of the real data."""
    model = vc.load_pretrained(name)
    assert model.card["recipe"] == RECIPES[name].settings()
    assert not model.card["data"].startswith("stand-in")
    assert set(model.card["scores"]) == set(RECIPES[name].measures)
    images = model.generate(2) if hasattr(model, "generate") else model.decode(torch.zeros(2, model.latent_dim)).mean
    assert images.isfinite().all()


def test_the_wheel_stays_small(tmp_path):
    """The whole package, compressed as a wheel is."""
    package = FOLDER.parents[1]
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in package.rglob("*"):
            if path.suffix != ".pyc":
                wheel.write(path, path.relative_to(package))
    assert (tmp_path / "wheel.zip").stat().st_size <= MOST_MEGABYTES * 1e6
    weights = {path.stem for path in FOLDER.iterdir() if path.suffix == ".safetensors"}
    assert weights == set(pretrained.names())


def test_a_card_is_that_of_the_model():
    assert pretrained.card("vae-dsprites") == pretrained.load_pretrained("vae-dsprites").card


def test_of_some_models_there_is_the_card_only_and_the_way_to_the_weights():
    assert "dip-i-dsprites" not in pretrained.names()
    assert pretrained.card("dip-i-dsprites")["recipe"] == RECIPES["dip-i-dsprites"].settings()
    with pytest.raises(pretrained.PretrainedError, match="python -m vaecourse train dip-i-dsprites makes the weights"):
        pretrained.load_pretrained("dip-i-dsprites")


def test_a_card_that_is_not_there_is_named(tmp_path):
    with pytest.raises(pretrained.PretrainedError, match=r"there is no card .*vae-dsprite\.json.*vae-dsprites"):
        pretrained.card("vae-dsprite")
    with pytest.raises(pretrained.PretrainedError, match="there is no card"):
        pretrained.card("vae-dsprites", tmp_path)
