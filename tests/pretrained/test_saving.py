"""vc.save and vc.load_model: the same model again, and refusals in one line."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from explored_models import MODELS, SHAPE, shaped

import vaecourse as vc
from vaecourse.pretrained import PretrainedError

ALL = MODELS | {
    "shaped": shaped,
    "diffusion": lambda: vc.DiffusionModel(SHAPE, 3, hidden=(16,), prior_variance="learned"),
    "legendre": lambda: vc.PHVAE(SHAPE, 3, degree=2, basis="legendre", mixing="sum", hidden=(16,)),
    "convolutions": lambda: vc.VAE(SHAPE, 3, network="conv", hidden=(4,), likelihood="gaussian", sigma=0.3),
    "defaults": lambda: vc.VAE(SHAPE, np.int64(3)),
}


@pytest.mark.parametrize("name", ALL)
def test_a_model_is_the_same_again(name, random_split, tmp_path):
    model = ALL[name]()
    vc.save(model, tmp_path / "model.safetensors")
    again = vc.load_model(tmp_path / "model.safetensors")
    assert type(again) is type(model)
    assert again.card["class"] == type(model).__name__
    assert not again.training
    assert torch.equal(vc.reconstruct(model, random_split), vc.reconstruct(again, random_split))
    assert {key: value.dtype for key, value in model.state_dict().items()} == {
        key: value.dtype for key, value in again.state_dict().items()
    }
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_convolutions_of_any_memory_format_are_saved(random_split, tmp_path, memory_format):
    model = ALL["convolutions"]().to(memory_format=memory_format)
    vc.save(model, tmp_path / "model")
    again = vc.load_model(tmp_path / "model")
    torch.testing.assert_close(vc.reconstruct(model, random_split), vc.reconstruct(again, random_split))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_weights_keep_their_precision(tmp_path, dtype):
    model = ALL["vae"]().to(dtype)
    vc.save(model, tmp_path / "model")
    again = vc.load_model(tmp_path / "model")
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())


def test_a_pretrained_and_a_compiled_model_can_be_saved(tmp_path):
    for model in (vc.load_pretrained("vae2-mnist"), torch.compile(ALL["vae"](), backend="eager")):
        vc.save(model, tmp_path / "model")
        assert vc.load_model(tmp_path / "model").settings["latent_dim"] in (2, 4)


class Mine(vc.VAE):
    """A model of the reader's own."""


def test_what_cannot_be_made_again_is_refused(tmp_path):
    for model in (Mine(SHAPE, 2), torch.nn.Linear(2, 2)):
        with pytest.raises(TypeError, match=r"models of vaecourse, not (Mine|Linear): keep its weights"):
            vc.save(model, tmp_path / "model")
    with pytest.raises(OSError, match="nowhere"):
        vc.save(ALL["vae"](), tmp_path / "nowhere" / "model")
    assert list(tmp_path.iterdir()) == []


def changed(path, **card):
    """Write a model whose card says something else."""
    state = safetensors.torch.load_file(path)
    with safetensors.safe_open(path, framework="pt") as file:
        before = json.loads(file.metadata()["card"])
    safetensors.torch.save_file(state, path, {"card": json.dumps(before | card)})


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"class": "Output"}, "a model of the class 'Output'"),
        ({"class": "__init__"}, "a model of the class '__init__'"),
        ({"class": None}, "a model of the class None"),
        ({"class": "HDVAE"}, "no HDVAE can be made"),
        ({"settings": {"image_shape": None}}, "no VAE can be made"),
        ({"settings": []}, "no VAE can be made"),
        ({"settings": {"image_shape": [1, 12, 12], "latent_dim": -1}}, "no VAE can be made"),
        ({"settings": {"image_shape": [1, 12, 12], "latent_dim": 5}}, "no VAE can be made"),
        ({"format": 2}, "no card that this version"),
        ({"sha256": "0"}, "changed or cut short"),
    ],
)
def test_cards_that_mean_nothing_are_refused_in_one_line(tmp_path, card, message):
    path = tmp_path / "model"
    vc.save(ALL["vae"](), path)
    changed(path, **card)
    with pytest.raises(PretrainedError, match=message) as caught:
        vc.load_model(path)
    assert "\n" not in str(caught.value)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "model"
    vc.save(ALL["vae"](), path)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[-100] ^= 1
    for wrong in (b"", content[:50], content[:-1], bytes(flipped), b"{" * 1000):
        path.write_bytes(wrong)
        with pytest.raises(PretrainedError):
            vc.load_model(path)
    with pytest.raises(PretrainedError, match="is not a whole model"):
        vc.load_model(tmp_path / "absent")
    safetensors.torch.save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(PretrainedError, match=r"no card that this version .* vc\.load_pretrained"):
        vc.load_model(path)
