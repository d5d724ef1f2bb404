"""Several runs at once: in processes of this machine, or on a Dask cluster."""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from vaecourse.pretrained.recipe import PretrainedError, Recipe
from vaecourse.pretrained.runs import OutOfTime, train

SECONDS_TO_CONNECT = 10


def train_all(
    runs: Sequence[tuple[Recipe, int]],
    folder: str | Path,
    weights: str | Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
    minutes: float = math.inf,
) -> tuple[list[str], list[str]]:
    """Train several recipes, ``jobs`` at a time or on a Dask cluster.

    A run that fails does not stop the others.

    Parameters
    ----------
    runs : sequence of (Recipe, seed)
    folder, weights : paths
        Folders as for :func:`vaecourse.pretrained.runs.train`. On a cluster all workers must have access to them.
    jobs : int
        Number of processes on this machine, at most one for each run; if there are several, each uses one thread.
    dask : str, optional
        Address of a scheduler, whose workers replace the local processes.
    minutes : float
        Time for all of them together. What is not finished then goes on with the next call.

    Returns
    -------
    failed, unfinished : lists of str
        A line for each run that failed, and for each that the time did not suffice for.

    Raises
    ------
    PretrainedError
        If the scheduler cannot be reached, or its workers run several tasks in one process.
    """
    from joblib import Parallel, delayed

    folder, weights = (None if path is None else Path(path).absolute() for path in (folder, weights))
    jobs = max(1, min(jobs, len(runs)))
    several = jobs > 1 or dask is not None
    failed, unfinished = [], []
    deadline = time.time() + 60 * minutes
    with (
        _backend(jobs, dask) as count,
        tqdm(total=len(runs), unit="run", desc="runs", position=0) as bar,
    ):
        parallel = Parallel(n_jobs=count, return_as="generator_unordered", batch_size=1, pre_dispatch="all")
        for line, outcome in parallel(delayed(_attempt)(*run, folder, weights, several, deadline) for run in runs):
            tqdm.write(line)
            bar.update()
            {"finished": [], "failed": failed, "unfinished": unfinished}[outcome].append(line)
    return failed, unfinished


def _attempt(
    recipe: Recipe, seed: int, folder: Path, weights: Path | None, several: bool, deadline: float
) -> tuple[str, str]:
    """Train, and return a line and "finished", "unfinished" or, for an error of whatever kind, "failed"."""
    if several:
        torch.set_num_threads(1)
    try:
        return train(recipe, seed, folder, weights, progress=not several, deadline=deadline), "finished"
    except OutOfTime as stopped:
        return str(stopped), "unfinished"
    except (ValueError, ArithmeticError, OSError) as error:  # settings, data, divergence, files
        return f"{recipe.name}_seed{seed}: {error}", "failed"
    except Exception as error:  # such as a lack of memory: the other runs go on
        lines = str(error).splitlines() or [""]
        return f"{recipe.name}_seed{seed}: {type(error).__name__}: {lines[0]}", "failed"


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
    except (OSError, ValueError, AssertionError) as error:  # the last, without words, sometimes after another failure
        raise PretrainedError(
            f"there is no Dask scheduler at {dask} ({str(error) or 'no connection'}): start one, or correct the address"
        ) from error
    with client:
        threads = client.nthreads()
        if any(count > 1 for count in threads.values()):
            # Runs in one process would share one random state.
            raise PretrainedError("the workers of this cluster have several threads: start them with --nthreads 1")
        with parallel_config("dask", client=client, wait_for_workers_timeout=30):
            yield -1
