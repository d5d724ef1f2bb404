"""Runs on bad days: one that fails stops no other, and a model that is replaced is never lost."""

import subprocess
import sys

import pytest
import torch
from tiny_recipes import tiny_recipe

import vaecourse as vc
from vaecourse import files
from vaecourse.pretrained import cards, pool, runs
from vaecourse.pretrained.pool import train_all
from vaecourse.pretrained.recipe import PretrainedError
from vaecourse.pretrained.runs import train


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] can't\nallocate"),
        torch.OutOfMemoryError("full"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_run_that_fails_in_any_way_stops_no_other(monkeypatch, tmp_path, error):
    def training(recipe, *_, **__):
        if recipe.name == "large":
            raise error
        return f"{recipe.name}: trained"

    monkeypatch.setattr(pool, "train", training)
    failed, unfinished = train_all([(tiny_recipe("large"), 0), (tiny_recipe("tiny"), 0)], tmp_path)
    assert [line.split(":")[0] for line in failed] == ["large_seed0"]
    assert type(error).__name__ in failed[0]
    assert "\n" not in failed[0]
    assert not unfinished


@pytest.mark.parametrize(("jobs", "count", "started"), [(1_000_000_000, 1, 1), (12, 3, 3), (2, 5, 2), (1, 1, 1)])
def test_there_are_no_more_workers_than_runs(monkeypatch, tmp_path, jobs, count, started):
    asked = []

    class Backend:
        def __init__(self, jobs, dask):
            asked.append(jobs)

        def __enter__(self):
            return 1

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(pool, "_backend", Backend)
    monkeypatch.setattr(pool, "train", lambda recipe, seed, *_, **__: f"{seed}")
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    assert train_all([(tiny_recipe(), seed) for seed in range(count)], tmp_path, jobs=jobs) == ([], [])
    assert asked == [started]


@pytest.mark.parametrize("died", ["before the weights", "before the card", "after the card", "never"])
def test_a_model_that_is_replaced_is_the_old_or_the_new_one(striped_mnist, tmp_path, monkeypatch, died):
    """As if the process died at each step of the writing: the model that the card describes is there."""
    train(tiny_recipe(), 0, tmp_path, progress=False)
    card, weights = tmp_path / "tiny_seed0.json", tmp_path / "tiny_seed0.safetensors"
    old = vc.load_pretrained("tiny_seed0", tmp_path)
    changed = {name: value + 1 for name, value in old.state_dict().items()}

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    if died == "before the weights":
        monkeypatch.setattr(cards, "save", die)
    elif died == "before the card":
        monkeypatch.setattr(cards, "write_record", die)
    elif died == "after the card":
        monkeypatch.setattr(type(weights), "replace", die)
    if died == "never":
        cards.write(dict(old.card), changed, "float32", card, weights)
    else:
        with pytest.raises(Killed):
            cards.write(dict(old.card), changed, "float32", card, weights)
    monkeypatch.undo()
    found = vc.load_pretrained("tiny_seed0", tmp_path).state_dict()
    expected = old.state_dict() if died.startswith("before") else changed
    assert all(torch.equal(value, expected[name]) for name, value in found.items())
    cards.write(dict(old.card), changed, "float32", card, weights)  # again, and all is in its place
    assert sorted(path.name for path in tmp_path.glob("*tiny*")) == [card.name, weights.name]


def test_a_finished_run_tidies_up_after_a_process_that_died_right_after_it_wrote_the_card(striped_mnist, tmp_path):
    train(tiny_recipe(), 0, tmp_path, progress=False)
    run = runs.Run(tiny_recipe(), 0, tmp_path, tmp_path)
    whole = sorted(tmp_path.iterdir())
    run.checkpoint_path.write_bytes(b"of the last epoch")
    run.weights_path.replace(cards.arriving(run.weights_path))
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    (tmp_path / f".tiny.{files._owner()}-{int(gone.stdout)}-00{files.SUFFIX}").mkdir()
    assert train(tiny_recipe(), 0, tmp_path, progress=False) == "tiny_seed0: there already"
    assert sorted(tmp_path.iterdir()) == whole


@pytest.mark.parametrize(
    "changes",
    [
        {"image_shape": None},
        {"image_shape": [1, -1, 12]},
        {"seed": 2**70},
        {"seed": None},
        {"weights": None},
        {"recipe": {"name": "tiny", "model": "VAE", "measures": []}},
        {
            "recipe": {
                "name": "t",
                "data": "d",
                "model": {"class": "VAE", "latent_dim": -1},
                "loss": {},
                "epochs": 1,
                "measures": [],
            }
        },
    ],
    ids=str,
)
def test_cards_that_mean_nothing_are_refused_in_one_line(striped_mnist, tmp_path, changes):
    train(tiny_recipe(), 0, tmp_path, progress=False)
    card = tmp_path / "tiny_seed0.json"
    cards.write_record(cards.read(card) | changes, card)
    with pytest.raises(PretrainedError) as caught:
        vc.load_pretrained("tiny_seed0", tmp_path)
    assert "\n" not in str(caught.value)
