"""Kill trainings and the making of the cache at random moments: ``python killed.py SEED FOLDER KIND TRIES …``.

Each outcome is a line of the output, with its kind. The processes are forked from this one, so that torch is
imported once.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import hostile
import numpy as np
import torch
from tiny_recipes import tiny_recipe

import vaecourse as vc
from vaecourse.__main__ import INTERRUPTED, main
from vaecourse.data import cache
from vaecourse.pretrained.recipes import RECIPES

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
KILLS = 3  # of one training, before it may end


def started(action, log: Path) -> int:
    """The number of a new process that does the action, with what it prints in a file."""
    sys.stdout.flush()
    if process := os.fork():
        return process
    status = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        status = action() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    finally:
        os._exit(status)


def status_of(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed(action, log: Path, seconds: float, number: int) -> str:
    """Send a signal after some seconds; returns what is wrong with the way in which the process ended, or nothing."""
    log.write_text("")
    process = started(action, log)
    time.sleep(seconds)
    os.kill(process, number)
    status, text = status_of(process), log.read_text(encoding="utf-8", errors="replace")
    if "Traceback" in text or status not in (0, INTERRUPTED, -number):
        return f"after signal {number} the status is {status}: {text[-300:]}"
    return ""


def train(folder: Path):
    return lambda: main(["train", "killed", "--folder", str(folder)])


def result(folder: Path):
    """What a run leaves, but for times: the names of all files, the weights, the scores and the history."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))
    try:
        card = json.loads((folder / "killed_seed0.json").read_text(encoding="utf-8"))
    except OSError as error:
        return str(error)
    history = {name: values for name, values in card["history"].items() if name != "seconds"}
    return names, card["weights"]["sha256"], card["scores"], history


def trainings(tries: int, generator: random.Random, folder: Path):
    begun = time.monotonic()
    status_of(started(train(folder / "whole"), folder / "log"))
    seconds, expected = time.monotonic() - begun, result(folder / "whole")
    for one in range(tries):
        wrong = ""
        for _ in range(KILLS):
            moment, number = generator.uniform(0, seconds), SIGNALS[one % len(SIGNALS)]
            wrong = wrong or killed(train(folder / str(one)), folder / "log", moment, number)
        status = status_of(started(train(folder / str(one)), folder / "log"))
        if not wrong and (status or result(folder / str(one)) != expected):
            wrong = f"status {status}, {result(folder / str(one))} instead of {expected}"
        yield wrong or "accepted"


def at_once(tries: int, generator: random.Random, folder: Path):
    status_of(started(train(folder / "whole"), folder / "log"))
    for one in range(tries):
        processes = [started(train(folder / str(one)), folder / f"log{number}") for number in range(3)]
        statuses = sorted(map(status_of, processes))
        texts = "".join((folder / f"log{number}").read_text(encoding="utf-8") for number in range(3))
        said = texts.count("is being trained by another process") + texts.count("there already")
        is_right = 0 in statuses and set(statuses) <= {0, 1} and said == 2 and "Traceback" not in texts
        is_right = is_right and result(folder / str(one)) == result(folder / "whole")
        yield "accepted" if is_right else f"{statuses}: {texts[-500:]}"


def caches(tries: int, generator: random.Random, folder: Path):
    images = np.random.default_rng(0).integers(0, 256, (20_000, 28, 28), dtype=np.uint8)
    more = {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": np.zeros(20_000, np.uint8)}
    hostile.write(folder / "mnist", hostile.idx_set() | {name: hostile.idx_bytes(one) for name, one in more.items()})
    os.environ |= {"VAECOURSE_DATA": str(folder), "VAECOURSE_CACHE": str(folder / "cache")}

    def load():
        return main(["data", "mnist"])

    begun = time.monotonic()
    status_of(started(load, folder / "log"))
    seconds = time.monotonic() - begun
    for one in range(tries):
        cache.path("mnist").unlink(missing_ok=True)
        wrong = killed(load, folder / "log", generator.uniform(0, seconds), SIGNALS[one % len(SIGNALS)])
        loaded = vc.load("mnist", offline="error")
        left = [path.name for path in cache.folder().iterdir()]
        if not torch.equal(loaded.train.images[:, 0], torch.from_numpy(images)) or left != ["mnist.safetensors"]:
            wrong = wrong or f"other images, or files left: {left}"
        yield wrong or "accepted"


if __name__ == "__main__":
    RECIPES["killed"] = tiny_recipe("killed", epochs=25)
    torch.set_num_threads(1)
    seed, place, *wanted = sys.argv[1:]
    for kind, tries in zip(wanted[::2], wanted[1::2], strict=True):
        (Path(place) / kind).mkdir()
        for outcome in globals()[kind](int(tries), random.Random(int(seed)), Path(place) / kind):
            print(json.dumps([kind, outcome]), flush=True)
