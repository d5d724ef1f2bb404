"""python -m vaecourse: what is where, and one-line errors."""

import dataclasses
import subprocess
import sys
import time

import pytest
import torch

import vaecourse as vc
from vaecourse.__main__ import main
from vaecourse.data import cache, downloads, loading

ALL_KNOWN = loading.KNOWN


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """No data, no network; only MNIST, so that what the system has does not matter."""
    monkeypatch.delenv("VAECOURSE_DATA", raising=False)
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "available", lambda class_name: False)
    monkeypatch.setattr(loading, "KNOWN", {"mnist": loading.KNOWN["mnist"]})
    monkeypatch.setattr("vaecourse.__main__.KNOWN", loading.KNOWN)


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
    store_mnist()
    assert line_of_mnist(capsys).split() == ["mnist", "cache", "2", "MB", str(cache.path("mnist"))]


def test_the_table_lists_every_set_and_waits_for_all_networks_at_once(capsys, monkeypatch):
    def slow(class_name):
        time.sleep(0.4)
        return False

    names, rendered = ["mnist", "fashion_mnist", "cifar10", "svhn", "stl10"], ["dsprites", "toy_faces"]
    assert list(ALL_KNOWN) == names + rendered
    known = {name: dataclasses.replace(known, system_folders=()) for name, known in ALL_KNOWN.items()}
    monkeypatch.setattr(loading, "KNOWN", known)
    monkeypatch.setattr("vaecourse.__main__.KNOWN", known)
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
