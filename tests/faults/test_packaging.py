"""``package`` over an older model, interrupted anywhere: the old model or the new one is there."""

import os
import shutil

import pytest
import torch

import vaecourse as vc
from vaecourse.pretrained import PretrainedError, cards
from vaecourse.pretrained.recipe import Recipe

SETTINGS = {"class": "VAE", "latent_dim": 2, "hidden": [4]}


class Killed(BaseException):
    """What SIGKILL is to a process: no handler sees it."""


def write(folder, value):
    """A model whose weights are all equal."""
    recipe = Recipe("tiny", "mnist", SETTINGS, {"class": "BetaVAE"}, 1, 10, 1e-3)
    state = {name: torch.full_like(one, value) for name, one in recipe.build_model((1, 4, 4), 0).state_dict().items()}
    card = {"format": cards.FORMAT, "recipe": recipe.settings(), "seed": 0, "image_shape": [1, 4, 4], "scores": {}}
    cards.write(card, state, "float32", folder / "tiny.json", folder / "tiny.safetensors")


def value_in(folder):
    (value,) = torch.cat([one.flatten() for one in vc.load_pretrained("tiny", folder).state_dict().values()]).unique()
    return value.item()


@pytest.mark.parametrize("again", [1, 2, 3])
@pytest.mark.parametrize("call", range(1, 4))
def test_a_model_is_replaced_whole_or_not_at_all(call, again, tmp_path, monkeypatch, count):
    """The three renames of a write, each of them the last that is done, and the same of the next write."""
    write(tmp_path, 1.0)
    real, values = os.replace, {1.0}
    for new in range(2, 2 + again):
        done = []

        def replace(source, target, done=done):
            if len(done) == call - 1:
                raise Killed
            done.append(target)
            real(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace)
            with pytest.raises(Killed):
                write(tmp_path, float(new))
        values.add(float(new))
        found = value_in(tmp_path)
        count("package, killed", "accepted" if found in values else "failed")
        assert found in values
    write(tmp_path, 9.0)
    assert value_in(tmp_path) == 9.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.json", "tiny.safetensors"]


BROKEN = [
    {"recipe": None}, {"recipe": []}, {"recipe": {}}, {"seed": "x"}, {"seed": 2**70}, {"seed": None},
    {"image_shape": None}, {"image_shape": [1]}, {"image_shape": "x"}, {"image_shape": [0, 0, 0]},
    {"weights": None}, {"weights": []}, {"weights": {"sha256": 5}}, {"format": "1\n\x1b[2J"}, {"format": [1]},
]  # fmt: skip
MODELS = [
    None, "x", [], {}, {"class": None}, {"class": "__init__"}, {"class": ["VAE"]}, {"class": "VAE"},
    SETTINGS | {"latent_dim": -1}, SETTINGS | {"latent_dim": None}, SETTINGS | {"latent_dim": "2"},
    SETTINGS | {"hidden": None}, SETTINGS | {"hidden": [-4]}, SETTINGS | {"network": 7}, SETTINGS | {"more": 1},
]  # fmt: skip


@pytest.mark.parametrize("changes", BROKEN + [{"model": model} for model in MODELS], ids=str)
def test_a_card_with_wrong_values_is_refused_in_one_line(changes, tmp_path, count):
    write(tmp_path, 1.0)
    path = tmp_path / "tiny.json"
    card = cards.json.loads(path.read_text(encoding="utf-8"))
    if "model" in changes:
        card["recipe"]["model"] = changes["model"]
    else:
        card |= changes
    path.write_text(cards.json.dumps(card), encoding="utf-8")
    with pytest.raises(PretrainedError) as caught:
        vc.load_pretrained("tiny", tmp_path)
    count("cards with wrong values", "refused")
    assert str(caught.value).isprintable()


def test_deep_json_and_weights_that_are_not_finite_are_refused(tmp_path):
    write(tmp_path, float("nan"))
    with pytest.raises(PretrainedError, match="weights that are not finite"):
        vc.load_pretrained("tiny", tmp_path)
    (tmp_path / "tiny.json").write_text("[" * 100_000)
    with pytest.raises(PretrainedError, match="cannot be read"):
        vc.load_pretrained("tiny", tmp_path)
    shutil.rmtree(tmp_path)
