"""Runs: reproducible, resumable, never mixed, and the same wherever they are computed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock
from tiny_recipes import tiny_recipe

import vaecourse as vc
from vaecourse.pretrained import cards, pool
from vaecourse.pretrained import runs as pretrained_runs
from vaecourse.pretrained.pool import train_all
from vaecourse.pretrained.recipe import PretrainedError
from vaecourse.pretrained.runs import OutOfTime, train

pytestmark = pytest.mark.usefixtures("striped_mnist")


def follow(recipe, folder, seed=0, **settings):
    return train(recipe, seed, folder, progress=False, **settings)


def card(folder, name="tiny_seed0"):
    return json.loads((folder / f"{name}.json").read_text())


def checksum(folder, name="tiny_seed0"):
    return card(folder, name)["weights"]["sha256"]


def visible(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_leaves_weights_and_a_card_and_nothing_else(tmp_path):
    line = follow(tiny_recipe(), tmp_path / "out")
    assert line.startswith("tiny_seed0: trained in ")
    assert visible(tmp_path / "out") == ["tiny_seed0.json", "tiny_seed0.safetensors"]


def test_the_card_tells_how_it_was_made(tmp_path):
    follow(tiny_recipe(train_images=200), tmp_path, seed=5)
    found = card(tmp_path, "tiny_seed5")
    assert found["recipe"] == tiny_recipe(train_images=200).settings()
    assert (found["seed"], found["train_images"], found["test_images"], found["data"]) == (5, 200, 100, "stripes")
    assert found["hardware"]["threads"] == torch.get_num_threads()
    assert torch.__version__.startswith(found["versions"]["torch"])
    assert found["history"]["epoch"] == [0, 1, 2]
    assert found["history"]["loss"][0] is None
    assert found["history"]["test_loss"][2] < found["history"]["test_loss"][0]
    assert found["evaluate_command"] == "python -m vaecourse evaluate tiny --seeds 5"
    assert set(found["tolerances"]) == set(found["scores"]) == {"elbo", "active_units"}
    assert str(tmp_path) not in json.dumps(found)


def test_scores_are_those_of_the_weights_over_the_whole_test_split(tmp_path, striped_split):
    follow(tiny_recipe(), tmp_path)
    model = vc.load_pretrained("tiny_seed0", tmp_path)
    expected = vc.evaluate(model, striped_split[300:], vc.losses.BetaVAE())
    assert card(tmp_path)["scores"]["elbo"]["negative_elbo"] == pytest.approx(expected["negative_elbo"], rel=1e-5)


def test_the_seed_decides_everything(tmp_path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        follow(tiny_recipe(), tmp_path / folder, seed=seed)
    assert checksum(tmp_path / "a", "tiny_seed1") == checksum(tmp_path / "b", "tiny_seed1")
    assert checksum(tmp_path / "a", "tiny_seed1") != checksum(tmp_path / "c", "tiny_seed2")


def test_a_finished_run_is_skipped_even_where_its_weights_are_gone(tmp_path):
    follow(tiny_recipe(), tmp_path / "cards", weights=tmp_path / "weights")
    assert visible(tmp_path / "cards") == ["tiny_seed0.json"]
    assert visible(tmp_path / "weights") == ["tiny_seed0.safetensors"]
    (tmp_path / "weights" / "tiny_seed0.safetensors").unlink()
    before = (tmp_path / "cards" / "tiny_seed0.json").stat().st_mtime_ns
    assert follow(tiny_recipe(), tmp_path / "cards", weights=tmp_path / "weights") == "tiny_seed0: there already"
    assert (tmp_path / "cards" / "tiny_seed0.json").stat().st_mtime_ns == before


def test_another_recipe_of_the_same_name_is_refused(tmp_path):
    follow(tiny_recipe(), tmp_path)
    before = (tmp_path / "tiny_seed0.json").read_bytes()
    with pytest.raises(PretrainedError, match=r"another recipe of this name \(epochs, loss changed\): move it away"):
        follow(tiny_recipe(epochs=3, beta=4.0), tmp_path)
    assert (tmp_path / "tiny_seed0.json").read_bytes() == before


def test_weights_without_a_card_are_no_finished_run(tmp_path):
    follow(tiny_recipe(), tmp_path)
    whole = (tmp_path / "tiny_seed0.safetensors").read_bytes()
    (tmp_path / "tiny_seed0.json").unlink()
    (tmp_path / "tiny_seed0.safetensors").write_bytes(whole[:100])
    assert "trained" in follow(tiny_recipe(), tmp_path)
    assert (tmp_path / "tiny_seed0.safetensors").read_bytes() == whole


PROGRAM = """
import sys
from tiny_recipes import tiny_recipe
from vaecourse.pretrained.runs import train
train(tiny_recipe(epochs=int(sys.argv[1])), 0, sys.argv[2], progress=False)
"""


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path):
    """Killed without warning after its first epochs: its lock is free, and the last whole epoch is where it goes on."""
    epochs, folder = 40, tmp_path / "killed"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "helpers")}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(epochs), str(folder)], env=environment)
    deadline = time.monotonic() + 300
    while not list(folder.glob("*.checkpoint")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list(folder.glob("*.json"))
    (checkpoint,) = folder.glob("*.checkpoint")
    done = torch.load(checkpoint, weights_only=True)["rows"][-1]["epoch"]
    assert 1 <= done < epochs
    follow(tiny_recipe(epochs=epochs), folder)
    follow(tiny_recipe(epochs=epochs), tmp_path / "whole")
    assert checksum(folder) == checksum(tmp_path / "whole")
    assert card(folder)["history"]["loss"] == card(tmp_path / "whole")["history"]["loss"]
    assert visible(folder) == ["tiny_seed0.json", "tiny_seed0.safetensors"]


def test_a_changed_recipe_does_not_go_on_from_the_old_checkpoint(tmp_path, monkeypatch):
    def stopped(*arguments, checkpoint, **settings):
        checkpoint.write_bytes(b"of the old recipe")
        return vc.History(interrupted=True)

    monkeypatch.setattr(pretrained_runs, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        follow(tiny_recipe(), tmp_path)
    monkeypatch.undo()
    assert [name for name in visible(tmp_path) if name.endswith("json")] == []


def test_two_processes_are_not_at_one_run(tmp_path):
    with (
        FileLock(tmp_path / ".tiny_seed0.lock"),
        pytest.raises(PretrainedError, match="tiny_seed0 is being trained by another process: wait for it, or stop it"),
    ):
        follow(tiny_recipe(), tmp_path)
    assert "trained" in follow(tiny_recipe(), tmp_path)


def test_cards_that_are_none_are_named(tmp_path):
    path = tmp_path / "tiny_seed0.json"
    for content, message in (
        ("{", "cannot be read"),
        ("[]", "is not the card of a trained model"),
        ('{"format": 99}', "has the format 99, and this version of vaecourse reads 1"),
        ('{"format": 1, "recipe": {}}', "lacks seed, image_shape, scores, weights"),
    ):
        path.write_text(content)
        with pytest.raises(PretrainedError, match=message):
            follow(tiny_recipe(), tmp_path)
        assert path.read_text() == content


def test_a_card_is_json_that_a_person_can_read(tmp_path):
    follow(tiny_recipe(epochs=3), tmp_path)
    text = (tmp_path / "tiny_seed0.json").read_text()
    assert '"epoch": [ 0, 1, 2, 3 ]' in text
    assert max(map(len, text.splitlines())) < 120


def test_numbers_are_rounded_and_what_is_none_is_null():
    assert cards.rounded({"a": [1.23456789, float("nan"), 3, True, "b"]}) == {"a": [1.23457, None, 3, True, "b"]}


def runs(*seeds):
    return [(tiny_recipe(name), seed) for name in ("tiny", "small") for seed in seeds]


def test_a_run_that_fails_does_not_stop_the_others(tmp_path, capsys):
    diverges = tiny_recipe("wild", learning_rate=1e30)
    missing = tiny_recipe("lost", epochs=0)
    failed, _ = train_all([(diverges, 0), (missing, 0), *runs(0)], tmp_path)
    assert len(failed) == 2
    assert failed[0].startswith("wild_seed0: ")
    assert failed[1] == "lost_seed0: epochs and batch_size must be at least 1, got 0 and 50"
    assert {"tiny_seed0.json", "small_seed0.json"} <= set(visible(tmp_path))
    assert "tiny_seed0: trained in" in capsys.readouterr().out


def test_processes_give_the_weights_that_one_process_gives(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "helpers"))
    assert train_all(runs(0, 1), "several", jobs=2) == ([], [])
    assert train_all(runs(0, 1), "one") == ([], [])
    for name in ("tiny_seed0", "tiny_seed1", "small_seed0", "small_seed1"):
        assert checksum(tmp_path / "several", name) == checksum(tmp_path / "one", name)
    assert card(tmp_path / "several")["hardware"]["threads"] == 1


def test_a_dask_cluster_takes_over(tmp_path, monkeypatch):
    """A cluster of two processes; a run that is there already is skipped there too, and one that fails is told."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "helpers"))
    follow(tiny_recipe(), tmp_path / "cluster")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        failed, _ = train_all(
            [*runs(0), (tiny_recipe("lost", epochs=0), 0)], tmp_path / "cluster", dask=cluster.scheduler_address
        )
    assert failed == ["lost_seed0: epochs and batch_size must be at least 1, got 0 and 50"]
    assert train_all(runs(0), tmp_path / "here") == ([], [])
    for name in ("tiny_seed0", "small_seed0"):
        assert checksum(tmp_path / "cluster", name) == checksum(tmp_path / "here", name)


def test_workers_of_several_threads_are_refused(tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0", silence_logs=50
        ) as cluster,
        pytest.raises(PretrainedError, match="several threads: start them with --nthreads 1"),
    ):
        train_all(runs(0), tmp_path, dask=cluster.scheduler_address)


def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(pool, "SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(PretrainedError, match="no Dask scheduler at tcp://localhost:1 "):
        train_all(runs(0), tmp_path, dask="tcp://localhost:1")
    with pytest.raises(PretrainedError, match="no Dask scheduler at nonsense://x"):
        train_all(runs(0), tmp_path, dask="nonsense://x")


def test_a_dask_client_that_never_begins_is_said_in_words(tmp_path, monkeypatch):
    """Its constructor then asserts, which happens now and then after a client that failed."""
    pytest.importorskip("distributed")

    def never(*arguments, **settings):
        raise AssertionError

    monkeypatch.setattr("distributed.Client", never)
    with pytest.raises(PretrainedError, match=r"no Dask scheduler at tcp://localhost:1 \(no connection\)"):
        train_all(runs(0), tmp_path, dask="tcp://localhost:1")


def test_a_run_stops_in_time_and_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    """By this clock a run begins in time, and every epoch ends after the deadline: so each call makes one epoch."""
    recipe = tiny_recipe(epochs=3)
    follow(recipe, tmp_path / "whole", deadline=time.time() + 1000)
    for done in (1, 2):
        monkeypatch.setattr(pretrained_runs, "time", clock(0.0, 100.0))
        with pytest.raises(OutOfTime, match=f"{done} of 3 epochs are done"):
            follow(recipe, tmp_path / "parts", deadline=50.0)
    monkeypatch.setattr(pretrained_runs, "time", clock(100.0))
    with pytest.raises(OutOfTime, match="no time was left"):
        follow(recipe, tmp_path / "parts", deadline=50.0)
    monkeypatch.setattr(pretrained_runs, "time", clock(0.0, 100.0))
    assert follow(recipe, tmp_path / "parts", deadline=50.0).startswith("tiny_seed0: trained")
    assert checksum(tmp_path / "parts") == checksum(tmp_path / "whole")
    assert visible(tmp_path / "parts") == visible(tmp_path / "whole")


def clock(*times):
    """A module ``time`` whose clock shows these times one after another, and then stays at the last."""
    shown = [*times]
    return SimpleNamespace(time=lambda: shown.pop(0) if len(shown) > 1 else shown[0], perf_counter=time.perf_counter)


def test_what_the_minutes_did_not_suffice_for_is_unfinished_and_not_failed(tmp_path):
    runs_of_three_epochs = [(tiny_recipe(epochs=3), seed) for seed in (0, 1)]
    failed, unfinished = train_all(runs_of_three_epochs, tmp_path, minutes=1e-4)
    assert failed == []
    assert len(unfinished) == 2
    assert train_all(runs_of_three_epochs, tmp_path) == ([], [])
