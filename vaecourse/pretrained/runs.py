"""Runs: train recipes with a seed, one or several at once; each run leaves weights and a card that documents it."""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from vaecourse.data import ImageSet, load
from vaecourse.pretrained import cards
from vaecourse.pretrained.measures import scores, tolerances
from vaecourse.pretrained.recipe import PretrainedError, Recipe
from vaecourse.training.fit import fit

# Number of test images on which a run is evaluated during training; afterwards it is evaluated on all of them.
HISTORY_IMAGES = 2_000
SECONDS_TO_CONNECT = 10


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


def train(
    recipe: Recipe, seed: int, folder: str | Path, weights: str | Path | None = None, progress: bool = True
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
    KeyboardInterrupt
        If the training is interrupted.
    """
    run = Run(recipe, seed, Path(folder), Path(folder if weights is None else weights))
    for path in (run.folder, run.weights):
        path.mkdir(parents=True, exist_ok=True)
    with _alone(run):
        if run.card_path.exists():
            return _finished(run)
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
    return f"{run.name}: there already"


@lru_cache(maxsize=1)
def images_of(name: str) -> ImageSet:
    return load(name, offline="error")


def train_all(
    runs: Sequence[tuple[Recipe, int]],
    folder: str | Path,
    weights: str | Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
) -> list[str]:
    """Train several recipes, ``jobs`` at a time or on a Dask cluster, and return one line for each error.

    A run that fails does not stop the others.

    Parameters
    ----------
    runs : sequence of (Recipe, seed)
    folder, weights : paths
        Folders as for :func:`train`. On a cluster all workers must have access to them.
    jobs : int
        Number of processes on this machine; if there are several, each uses one thread.
    dask : str, optional
        Address of a scheduler, whose workers replace the local processes.

    Raises
    ------
    PretrainedError
        If the scheduler cannot be reached, or its workers run several tasks in one process.
    """
    from joblib import Parallel, delayed

    folder, weights = (None if path is None else Path(path).absolute() for path in (folder, weights))
    several = jobs > 1 or dask is not None
    failed = []
    with (
        _backend(jobs, dask) as count,
        tqdm(total=len(runs), unit="run", desc="runs", position=0) as bar,
    ):
        parallel = Parallel(n_jobs=count, return_as="generator_unordered", batch_size=1, pre_dispatch="all")
        for line, succeeded in parallel(delayed(_attempt)(*run, folder, weights, several) for run in runs):
            tqdm.write(line)
            bar.update()
            if not succeeded:
                failed.append(line)
    return failed


def _attempt(recipe: Recipe, seed: int, folder: Path, weights: Path | None, several: bool) -> tuple[str, bool]:
    """Train, and return a line and whether the run succeeded. Errors that a user can correct become such a line."""
    if several:
        torch.set_num_threads(1)
    try:
        return train(recipe, seed, folder, weights, progress=not several), True
    except (ValueError, ArithmeticError, OSError) as error:  # settings, data, divergence, files
        return f"{recipe.name}_seed{seed}: {error}", False


@contextlib.contextmanager
def _backend(jobs: int, dask: str | None) -> Iterator[int]:
    """Select where joblib runs its tasks inside the block, and yield the number of jobs."""
    from joblib import parallel_config

    if dask is None:
        # Linear algebra libraries in the worker processes use one thread too.
        with parallel_config("loky", inner_max_num_threads=1) if jobs > 1 else contextlib.nullcontext():
            yield jobs
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise PretrainedError("Dask is not installed: pip install distributed") from error
    try:
        client = Client(dask, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise PretrainedError(
            f"there is no Dask scheduler at {dask} ({error}): start one, or correct the address"
        ) from error
    with client:
        threads = client.nthreads()
        if any(count > 1 for count in threads.values()):
            # Runs in one process would share one random state.
            raise PretrainedError("the workers of this cluster have several threads: start them with --nthreads 1")
        with parallel_config("dask", client=client, wait_for_workers_timeout=30):
            yield -1
