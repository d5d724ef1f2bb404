"""Hostile words on the command line and in recipes: one line and an exit status, nothing else."""

import builtins
import random

import pytest
import torch
from tiny_recipes import tiny_recipe

from vaecourse import losses, models
from vaecourse.__main__ import main
from vaecourse.pretrained import pool
from vaecourse.pretrained.recipe import Recipe, RecipeError

NAMES = [
    "", " ", "*x", "[", "[!", "tin", "../tiny", "/etc/passwd", "~", "tiny\n", "tiny\0", "\x1b[2J", "\u202e", "\udcff",
    "日本", "a" * 5000, "__class__", "vae2-mnist ", "%s%n", "{0.__class__}", "$(reboot)", "`id`", "tiny;ls",
]  # fmt: skip
NUMBERS = ["", "-1", "2**70", str(2**70), "9" * 5000, "1.5", "nan", "1e3", "x", "\x1b[2J", "0x10", "\0", "١x", "½"]
FOLDERS = ["/dev/null", "/dev/null/x", "\0", "a" * 300, "file"]
COMMANDS = [
    *([command, name] for command in ("data", "train", "evaluate", "package") for name in NAMES),
    *(["train", "tiny", option, value] for option in ("--seeds", "--jobs", "--minutes") for value in NUMBERS),
    *(["evaluate", "tiny", "--seeds", value] for value in NUMBERS),
    *(["package", "tiny", "--seed", value] for value in NUMBERS),
    *([command, "tiny", "--folder", place] for command in ("train", "package") for place in FOLDERS),
    *(["evaluate", "tiny", "--seeds", "0", "--folder", place] for place in FOLDERS),
    ["train", "tiny", "--weights", "/dev/null/x"],
    ["train", "tiny", "--dask", "x:y:z"], ["train", "tiny", "--dask", ""],
]  # fmt: skip


def complaint(arguments, capsys):
    """ "refused" in one printable line, "accepted" if a number of jobs or minutes can be one, or what is wrong."""
    try:
        status = main(arguments)
    except SystemExit as error:  # of argparse, which prints its usage before the line
        status = error.code
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    out, err = capsys.readouterr()
    last = (out or err).rstrip("\n").rpartition("\n")[2]
    if status == 0 and ("--jobs" in arguments or "--minutes" in arguments):
        return "accepted"
    if status not in (1, 2, 3) or not last.isprintable() or len(last) > 1100 or "Traceback" in err:
        return f"status {status}: {last!r}"
    return "refused"


@pytest.fixture
def tiny_table(striped_mnist, monkeypatch, tmp_path):
    monkeypatch.setattr("vaecourse.pretrained.recipes.RECIPES", {"tiny": tiny_recipe()})
    monkeypatch.setattr(pool, "SECONDS_TO_CONNECT", 0.2)
    monkeypatch.setattr("vaecourse.pretrained.library.FOLDER", tmp_path / "package")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()


def test_hostile_words_on_the_command_line(tiny_table, capsys, count):
    faults = []
    for arguments in COMMANDS:
        found = complaint(arguments, capsys)
        count("command line, hostile words", found)
        faults += [(arguments, found)] if found not in ("accepted", "refused") else []
    assert faults == [], "\n".join(map(repr, faults))


CLASSES = ["", None, 3, [], {}, "vae", "VAE ", "__builtins__", "__all__", "torch", "nn", "../VAE", "VAE\n"]
CLASSES += dir(builtins)
VALUES = [None, -1, 0, 1e18, 2**70, "2", "x", [], [-4], [[]], {}, {"class": "nowhere"}, True, [None], [1e9]]
VALUES += [float("nan"), float("inf")]
SETTINGS = ("latent_dim", "hidden", "network", "likelihood", "sigma", "nowhere", "image_shape", "seed", "class")


def recipe_outcome(model, loss):
    """ "accepted" or "refused", or any other error."""
    recipe = Recipe("tiny", "mnist", model, loss, 1, 10)
    try:
        with torch.device("meta"):  # so that the sizes of the model cost no memory
            recipe.build_model((1, 4, 4))
        recipe.build_loss(10)
    except RecipeError as error:
        return "refused" if str(error).isprintable() else f"a message of no use: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def test_no_class_but_those_of_the_course_is_made(count):
    for name in [*CLASSES, *set(vars(models)) - set(models.__all__), *set(vars(losses)) - set(losses.__all__)]:
        model, loss = {"class": "VAE", "latent_dim": 2}, {"class": "BetaVAE"}
        for changed in ({"model": {"class": name}, "loss": loss}, {"model": model, "loss": {"class": name}}):
            found = recipe_outcome(**changed)
            count("recipes, names of classes", found)
            assert found == "refused", changed


@pytest.mark.parametrize("tries", [60, pytest.param(2000, marks=pytest.mark.faults)])
def test_settings_of_recipes(tries, generator: random.Random, count):
    faults = []
    for _ in range(tries):
        model = {"class": "VAE", "latent_dim": 2, "hidden": [4]}
        loss = {"class": generator.choice(["BetaVAE", "FactorVAE", "HELBO"])}
        for _ in range(generator.randint(1, 2)):
            model[generator.choice(SETTINGS)] = generator.choice(VALUES)
            loss[generator.choice(["beta", "gamma", "schedule", "betas", "x"])] = generator.choice(VALUES)
        found = recipe_outcome(model, loss)
        count("recipes, settings", found)
        faults += [(model, loss, found)] if found not in ("accepted", "refused") else []
    assert faults == []
