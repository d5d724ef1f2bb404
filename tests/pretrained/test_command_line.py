"""python -m vaecourse: what is where, and one-line errors."""

import dataclasses
import json
import subprocess
import sys
import time

import pytest
import torch
from tiny_recipes import tiny_recipe

import vaecourse as vc
from vaecourse.__main__ import UNFINISHED, main
from vaecourse.data import cache, downloads, loading
from vaecourse.pretrained.recipes import RECIPES

ALL_KNOWN = loading.DATA_SETS


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """No data, no network; only MNIST, so that what the system has does not matter."""
    monkeypatch.delenv("VAECOURSE_DATA", raising=False)
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "available", lambda class_name: False)
    monkeypatch.setattr(loading, "DATA_SETS", {"mnist": loading.DATA_SETS["mnist"]})
    monkeypatch.setattr("vaecourse.__main__.DATA_SETS", loading.DATA_SETS)


def store_mnist():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2000, 1, 28, 28), dtype=torch.uint8, generator=generator)
    split = vc.Split(images, labels=torch.arange(2000) % 10)
    cache.write("mnist", {"train": split[:1500], "test": split[1500:]}, "a test")


def line_of_mnist(capsys):
    assert main(["data"]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split() == ["data", "set", "found", "size", "path"]
    return line


def test_the_table_says_what_loading_would_do(capsys, monkeypatch, tmp_path):
    assert line_of_mnist(capsys).split(maxsplit=1) == ["mnist", "stand-in (no network)  –     –"]
    monkeypatch.setattr(downloads, "available", lambda class_name: True)
    assert "download needed  12 MB" in line_of_mnist(capsys)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte").write_bytes(bytes(3_000_000))
    monkeypatch.setenv("VAECOURSE_DATA", str(tmp_path))
    assert line_of_mnist(capsys).split() == ["mnist", "folder", "3", "MB", str(tmp_path / "mnist")]
    (tmp_path / "mnist").rename(tmp_path / "gone")
    store_mnist()
    assert line_of_mnist(capsys).split() == ["mnist", "cache", "2", "MB", str(cache.path("mnist"))]


def test_the_table_lists_every_set_and_waits_for_all_networks_at_once(capsys, monkeypatch):
    def slow(class_name):
        time.sleep(0.4)
        return False

    names, rendered = ["mnist", "fashion_mnist", "cifar10", "svhn", "stl10", "celeba"], ["dsprites", "toy_faces"]
    assert list(ALL_KNOWN) == names + rendered
    known = {name: dataclasses.replace(known, system_folders=()) for name, known in ALL_KNOWN.items()}
    monkeypatch.setattr(loading, "DATA_SETS", known)
    monkeypatch.setattr("vaecourse.__main__.DATA_SETS", known)
    monkeypatch.setattr(downloads, "available", slow)
    start = time.monotonic()
    assert main(["data"]) == 0
    assert time.monotonic() - start < 4 * 0.4
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split(maxsplit=1) for line in lines] == [
        *([name, "stand-in (no network)  –     –"] for name in names),
        *([name, "rendered in seconds    –     –"] for name in rendered),
    ]


def test_the_table_stores_and_downloads_nothing(capsys, monkeypatch):
    monkeypatch.setattr(downloads, "available", lambda class_name: True)
    monkeypatch.setattr(downloads, "download", lambda *arguments: pytest.fail("downloaded"))
    line_of_mnist(capsys)
    assert not cache.folder().exists()


def test_loading_prints_source_and_shapes(capsys):
    store_mnist()
    assert main(["data", "mnist"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mnist: a test",
        "  train  images (1500, 1, 28, 28), labels (1500,)",
        "  test   images (500, 1, 28, 28), labels (500,)",
    ]


def test_user_errors_are_one_line_and_exit_code_2(capsys, monkeypatch, tmp_path):
    assert main(["data", "mnits"]) == 2
    assert capsys.readouterr() == ("", "vaecourse: there is no data set 'mnits': did you mean 'mnist'?\n")
    monkeypatch.setenv("VAECOURSE_DATA", str(tmp_path / "nowhere"))
    assert main(["data"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"vaecourse: VAECOURSE_DATA is {tmp_path / 'nowhere'}, which is not a folder")
    assert err.count("\n") == 1


def test_ctrl_c_is_one_line(capsys, monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("vaecourse.__main__.load", interrupted)
    assert main(["data", "mnist"]) == 130
    assert capsys.readouterr().err == "vaecourse: interrupted, nothing is left half-written\n"


@pytest.mark.parametrize("arguments", [[], ["dat"], ["data", "mnist", "extra"]])
def test_commands_that_do_not_exist_exit_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: vaecourse" in capsys.readouterr().err


def test_the_module_runs_and_its_exit_code_reaches_the_shell():
    finished = subprocess.run([sys.executable, "-m", "vaecourse", "data", "mnits"], capture_output=True, text=True)
    assert finished.returncode == 2
    assert finished.stderr == "vaecourse: there is no data set 'mnits': did you mean 'mnist'?\n"


@pytest.fixture
def tiny_table(striped_mnist, monkeypatch):
    """A table of two recipes that are followed in a moment."""
    table = {name: tiny_recipe(name) for name in ("tiny", "small")}
    monkeypatch.setattr("vaecourse.pretrained.recipes.RECIPES", table)
    monkeypatch.setattr("vaecourse.__main__.RECIPES", table)


def test_the_table_of_recipes_fits_a_wide_window_and_holds_them_all(capsys):
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ")]
    assert shown == list(RECIPES)
    assert max(map(len, lines)) <= 160
    assert any(line.startswith("mnist: 20 × all images in batches of 128") for line in lines)
    assert any("HELBO(betas=2-1-0.5, bound=product)" in line for line in lines)


def test_recipes_with_trained_weights_bear_a_star(capsys, tiny_table, monkeypatch):
    monkeypatch.setattr("vaecourse.pretrained.names", lambda: ["small"])
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["tiny", "VAE(2)"]
    assert lines[2].split()[:2] == ["small", "*"]


def test_training_evaluating_and_packaging(capsys, tiny_table, tmp_path, monkeypatch):
    folder, package = ["--folder", str(tmp_path / "trained")], tmp_path / "package"
    monkeypatch.setattr("vaecourse.pretrained.library.FOLDER", package)
    assert main(["train", "*", "tiny", "--seeds", "0", "1", "0", *folder]) == 0
    assert sorted(path.stem for path in (tmp_path / "trained").glob("*.json")) == [
        *("small_seed0", "small_seed1", "tiny_seed0", "tiny_seed1")
    ]
    assert main(["evaluate", "tiny", "--seeds", "0", "1", *folder]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "tiny_seed0: the scores of its card",
        "tiny_seed1: the scores of its card",
    ]
    assert main(["package", "tiny", "--seed", "1", *folder]) == 0
    assert main(["evaluate", "*"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "tiny: the scores of its card"
    card = json.loads((package / "tiny.json").read_text())
    card["scores"]["elbo"]["distortion"] *= 1.1
    (package / "tiny.json").write_text(json.dumps(card))
    assert main(["evaluate", "tiny"]) == 1
    assert capsys.readouterr().out.startswith("tiny: NOT the scores of its card\n  elbo.distortion: ")


def test_a_failed_training_is_told_and_exits_with_code_1(capsys, tiny_table, tmp_path, monkeypatch):
    monkeypatch.setattr("vaecourse.pretrained.recipes.RECIPES", {"wild": tiny_recipe("wild", learning_rate=1e30)})
    assert main(["train", "wild", "--folder", str(tmp_path)]) == 1
    assert "wild_seed0: " in capsys.readouterr().out


def test_wrong_names_of_recipes_and_models_are_user_errors(capsys, tiny_table, tmp_path):
    folder = ["--folder", str(tmp_path)]
    for arguments, message in (
        (["train", "tinny", *folder], "there is no recipe 'tinny': did you mean 'tiny'?"),
        (
            ["evaluate", "tiny", "--seeds", "0", *folder],
            f"no pretrained model 'tiny_seed0' in {tmp_path}: there are none",
        ),
        (["package", "tiny", *folder], f"no pretrained model 'tiny_seed0' in {tmp_path}: there are none"),
    ):
        assert main(arguments) == 2
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "tiny", "--jobs", "0"])
    assert "give a whole number from 1, of at most 18 digits, not '0'" in capsys.readouterr().err


def test_recipes_refuse_a_stand_in(capsys, tiny_table, tmp_path, monkeypatch):
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "empty"))
    assert main(["train", "tiny", "--folder", str(tmp_path)]) == 1
    assert "tiny_seed0: MNIST is not on this machine" in capsys.readouterr().out


def test_a_training_that_its_minutes_did_not_suffice_for_exits_with_code_3(capsys, tiny_table, tmp_path):
    arguments = ["train", "tiny", "--folder", str(tmp_path)]
    assert main([*arguments, "--minutes", "1e-6"]) == UNFINISHED
    assert "no time was left" in capsys.readouterr().out
    assert main(arguments) == 0


@pytest.mark.parametrize("minutes", ["0", "-1", "soon", "nan"])
def test_minutes_are_a_number_above_0(capsys, minutes):
    with pytest.raises(SystemExit):
        main(["train", "x", "--minutes", minutes])
    assert "minutes above 0" in capsys.readouterr().err
