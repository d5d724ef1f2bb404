"""Runs: train a recipe with a seed; a run leaves weights and a card that documents it."""

import contextlib
import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from filelock import FileLock, Timeout
from torch import nn

from vaecourse.data import ImageSet, load
from vaecourse.pretrained import cards
from vaecourse.pretrained.measures import scores, tolerances
from vaecourse.pretrained.recipe import PretrainedError, Recipe
from vaecourse.training import History
from vaecourse.training.fit import fit

# Number of test images on which a run is evaluated during training; afterwards it is evaluated on all of them.
HISTORY_IMAGES = 2_000


@dataclass(frozen=True)
class Run:
    """A recipe, a seed, and the folders for its card and its weights."""

    recipe: Recipe
    seed: int
    folder: Path
    weights: Path

    @property
    def name(self) -> str:
        return f"{self.recipe.name}_seed{self.seed}"

    @property
    def card_path(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def weights_path(self) -> Path:
        return self.weights / f"{self.name}.safetensors"

    @property
    def checkpoint_path(self) -> Path:
        """The name contains a digest of the settings, so that a changed recipe does not resume from it."""
        digest = hashlib.sha256(json.dumps(self.recipe.settings(), sort_keys=True).encode()).hexdigest()
        return self.weights / f"{self.name}.{digest[:8]}.checkpoint"


class OutOfTime(Exception):
    """A training has stopped at its deadline; the message says how far it came. It goes on where it stopped."""


def train(
    recipe: Recipe,
    seed: int,
    folder: str | Path,
    weights: str | Path | None = None,
    progress: bool = True,
    deadline: float = math.inf,
) -> str:
    """Follow a recipe: train, score on the test split, write ``NAME_seedS.safetensors`` and then ``NAME_seedS.json``.

    The card is written last, so a run is finished if its card exists. An interrupted run resumes after its last
    complete epoch; a finished run is skipped.

    Parameters
    ----------
    recipe : Recipe
    seed : int
        Seed of the initial weights, of a discriminator, and of the training.
    folder : path
        Folder of the card, created if it does not exist.
    weights : path, optional
        Folder of the weights and the checkpoint. Default: ``folder``.
    progress : bool
        Whether to show the progress of the training.
    deadline : float
        Seconds since 1970. A training stops if its next epoch would end later, and goes on with the next call.

    Returns
    -------
    str
        A line that says what was done.

    Raises
    ------
    PretrainedError
        If the existing card is of another recipe, or another process trains this run.
    DataError
        If the data are not available; a stand-in is refused.
    OutOfTime
        If the training stops for the deadline.
    KeyboardInterrupt
        If the training is interrupted.
    """
    run = Run(recipe, seed, Path(folder), Path(folder if weights is None else weights))
    for path in (run.folder, run.weights):
        path.mkdir(parents=True, exist_ok=True)
    with _alone(run):
        if run.card_path.exists():
            return _finished(run)
        if time.time() > deadline:
            raise OutOfTime(f"{run.name}: no time was left for it")
        images = images_of(recipe.data)
        train_split = recipe.training_split(images.train)
        model = recipe.build_model(images.image_shape, seed)
        history = fit(
            model,
            train_split,
            recipe.build_loss(len(train_split), seed),
            recipe.epochs,
            test=images.test[:HISTORY_IMAGES],
            seed=seed,
            checkpoint=run.checkpoint_path,
            callbacks=[partial(_stop_in_time, run, deadline)],
            progress=progress,
            **recipe.fit_settings(),
        )
        if history.interrupted:
            raise KeyboardInterrupt
        started = time.perf_counter()
        model.cpu()
        card = {
            "format": cards.FORMAT,
            "recipe": recipe.settings(),
            "seed": seed,
            **cards.provenance(images, len(train_split)),
            "training_minutes": round(history["seconds"][-1] / 60, 2),
            "scores": cards.rounded(scores(model, images, recipe.measures)),
            "scoring_minutes": round((time.perf_counter() - started) / 60, 2),
            "tolerances": tolerances(recipe.measures),
            "train_command": f"python -m vaecourse train {recipe.name} --seeds {seed}",
            "evaluate_command": f"python -m vaecourse evaluate {recipe.name} --seeds {seed}",
            "history": cards.rounded({name: history[name] for name in history.names}),
        }
        cards.write(card, model.state_dict(), "float32", run.card_path, run.weights_path)
        run.checkpoint_path.unlink(missing_ok=True)
    return f"{run.name}: trained in {card['training_minutes']:.1f} minutes, scored in {card['scoring_minutes']:.1f}"


def _stop_in_time(run: Run, deadline: float, model: nn.Module, history: History) -> None:
    """Raise OutOfTime after an epoch if another one, as long as this one, would end after the deadline."""
    done = history.rows[-1]["epoch"]
    if not 0 < done < run.recipe.epochs:
        return
    last_epoch = history.rows[-1]["seconds"] - history.rows[-2]["seconds"]
    if time.time() + last_epoch > deadline:
        raise OutOfTime(f"{run.name}: {done} of {run.recipe.epochs} epochs are done, the same command goes on")


@contextlib.contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Hold a lock so that only one process trains this run; it is released if that process dies."""
    lock = FileLock(run.folder / f".{run.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PretrainedError(f"{run.name} is being trained by another process: wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.release()
    # The run is finished: a process that opened the lock file meanwhile finds the card and skips the run.
    Path(lock.lock_file).unlink(missing_ok=True)


def _finished(run: Run) -> str:
    card = cards.read(run.card_path)
    if card["recipe"] != run.recipe.settings():
        changed = sorted(
            key for key, value in run.recipe.settings().items() if card["recipe"].get(key, "missing") != value
        )
        raise PretrainedError(
            f"{run.card_path} was made by another recipe of this name ({', '.join(changed)} changed): "
            "move it away to train anew, or choose another folder"
        )
    # Both stay if a process died right after it wrote the card.
    cards.finish(run.card_path, run.weights_path)
    run.checkpoint_path.unlink(missing_ok=True)
    return f"{run.name}: there already"


@lru_cache(maxsize=1)
def images_of(name: str) -> ImageSet:
    return load(name, offline="error")
