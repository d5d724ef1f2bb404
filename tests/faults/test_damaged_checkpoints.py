"""Damaged checkpoints are refused, or are as good as the whole one: no run goes on with other weights."""

import hostile
import pytest
import torch

import vaecourse as vc


def fit(path, split):
    """The weights of a run that has already made its one epoch, if the file exists."""
    model = vc.VAE((1, 12, 12), latent_dim=2, hidden=[8])
    vc.fit(model, split, vc.losses.BetaVAE(), 1, checkpoint=path, progress=False)
    return torch.cat([value.detach().flatten() for value in model.parameters()])


def outcome(path, split, expected):
    try:
        return "accepted" if torch.equal(fit(path, split), expected) else "other weights without a word"
    except ValueError as error:
        return "refused" if str(path) in str(error) and "\n" not in str(error) else f"a message of no use: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("tries", [20, pytest.param(400, marks=pytest.mark.faults)])
@pytest.mark.parametrize("kind", ["one bit flipped", "damaged anyhow"])
def test_damaged_checkpoints(kind, tries, random_split, tmp_path, generator, count):
    path, faults = tmp_path / "run.checkpoint", []
    expected = fit(path, random_split)
    whole = path.read_bytes()
    for _ in range(tries):
        content = hostile.damaged(whole, generator)
        if kind == "one bit flipped":
            content = bytearray(whole)
            content[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        path.write_bytes(content)
        found = outcome(path, random_split, expected)
        count(f"checkpoint, {kind}", found)
        faults += [found] if found not in ("accepted", "refused") else []
    assert faults == []
