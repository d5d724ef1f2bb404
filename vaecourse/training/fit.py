"""``fit``, the training loop of the course, and ``step``, one step of it."""

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from vaecourse.checks import as_list
from vaecourse.data import Split
from vaecourse.evaluation import evaluate
from vaecourse.evaluation.levels import warn_of_collapse
from vaecourse.evaluation.passes import mean_scores
from vaecourse.losses.schedules import Schedule, constant
from vaecourse.models.base import unwrapped
from vaecourse.randomness import seeded
from vaecourse.training import checkpoints, interrupts
from vaecourse.training.crowding import Stopwatch
from vaecourse.training.history import History
from vaecourse.training.resuming import settings_of
from vaecourse.training.starting import IMAGE_METRICS, check_settings, check_trainable
from vaecourse.training.terms import RunningTerms


def fit(
    model: nn.Module,
    images: Split,
    loss: Callable,
    epochs: int,
    *,
    test: Split | None = None,
    metrics: Iterable[str] = (),
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    learning_rate_schedule: Schedule = constant,
    largest_gradient: float | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    callbacks: Iterable[Callable[[nn.Module, History], None]] = (),
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> History:
    """Train a model with Adam and return its history.

    On a CPU two runs with the same seed and initial weights end with identical weights. The caller's random state is
    not changed. Ctrl-C stops training; the model keeps its weights, and the history so far is returned, marked
    ``interrupted``. In a notebook cell that trains several models it ends the cell, with KeyboardInterrupt.

    Parameters
    ----------
    model : nn.Module
        Model to train. It is changed in place, and stays on ``device``. It may be compiled by ``torch.compile``. A
        ``nn.DataParallel`` trains on one device.
    images : Split
        Training images, for instance ``vc.load("mnist").train``.
    loss : callable
        Loss of :mod:`vaecourse.losses`: it maps (images, output, epoch) to named terms in nats per image.
    epochs : int
        Number of passes over the training images.
    test : Split, optional
        Test images, evaluated after each epoch; their terms are named ``test_…``.
    metrics : name or names among "mse", "psnr", "ssim"
        Metrics of reconstructions from posterior means, averaged over images: ``test_psnr`` of the test split, and
        ``psnr`` of the same number of training images.
    batch_size, learning_rate
        Images per step, and learning rate of Adam. The last, smaller batch of an epoch is used too.
    learning_rate_schedule : callable, optional
        Share of the learning rate by epochs trained, a float (:class:`vaecourse.losses.Cosine`). Default: constant 1.
    largest_gradient : float, optional
        Norm to which a longer gradient of all weights is shortened (Pascanu et al., 2013). Default: there is none.
    seed : int
        Seed of the order of the images, the codes and dynamic binarisation.
    device : optional
        Device to train on. Default: CUDA if available, else the CPU.
    callbacks : callable or iterable of callables
        Functions that are called as ``callback(model, history)`` before training and after every epoch.
    checkpoint : path, optional
        File that is written after every epoch. If it exists, training resumes from it, exactly where it stopped. The
        data, the model, the loss and the seed must be the same; a change of the other settings holds from there on.
    progress : bool
        Whether to show a progress bar with the terms.

    Raises
    ------
    ValueError
        If a setting is out of range, a metric is unknown, the checkpoint belongs to another run or its folder does
        not exist.
    TrainingDiverged
        If a term or a weight is not finite; the message says which and when. Model, loss and checkpoint are those of
        the epoch before, so that the same call with a lower learning rate goes on.
    OSError
        If the checkpoint cannot be written.

    Warns
    -----
    CollapseWarning
        If an upper level of a hierarchy ends with a rate near 0.
    CrowdedWarning
        If the first epoch ran on several threads of a CPU, and other programs kept them waiting.
    """
    metrics, callbacks = as_list(metrics), [callbacks] if callable(callbacks) else list(callbacks)
    check_settings(images, test, loss, epochs, batch_size, learning_rate, largest_gradient, metrics)
    if checkpoint is not None:
        checkpoints.check_place(checkpoint)
    interrupts.stop_if_interrupted_before()
    own = unwrapped(model)
    check_trainable(own)
    # Several GPUs cannot gather an Output: a DataParallel trains on one.
    trained = own if isinstance(model, nn.DataParallel) else model
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    optional = {"learning_rate_schedule": learning_rate_schedule, "largest_gradient": largest_gradient}
    settings = settings_of(images, own, loss, seed, batch_size=batch_size, learning_rate=learning_rate, **optional)

    def rate_at(epoch: float) -> float:
        return float(learning_rate * learning_rate_schedule(epoch))  # a checkpoint holds plain numbers only

    # Terms that compare the images of a batch depend on its size: it is the same for training and test.
    compared = batch_size if getattr(loss, "smallest_batch", 1) > 1 else None

    def look(epoch: int, running: RunningTerms | None = None) -> dict[str, float]:
        """Return test terms and metrics of the model as it is; terms that are not finite end the training."""
        terms = {} if test is None else evaluate(own, test, loss, epoch, batch_size=compared)
        found = {f"test_{name}": value for name, value in terms.items()}
        if running is not None:
            running.confirm(found)
        scores = {name: IMAGE_METRICS[name] for name in metrics}
        found |= mean_scores(own, images[: len(images if test is None else test)], scores) if metrics else {}
        of_test = mean_scores(own, test, scores) if metrics and test is not None else {}
        return found | {f"test_{name}": value for name, value in of_test.items()}

    history = History()
    try:
        interrupts.import_whole()
        with torch.inference_mode(False), torch.enable_grad(), seeded(seed, device):  # whatever the caller has set
            own.to(device)
            images, test = images.to(device), None if test is None else test.to(device)
            optimizer = _adam(own, learning_rate, largest_gradient)
            if checkpoint is not None and Path(checkpoint).exists():
                history.rows = checkpoints.load(checkpoint, own, loss, optimizer, device, settings)
            started = time.perf_counter() - (history.rows[-1]["seconds"] if history.rows else 0.0)
            if not history.rows:
                history.rows.append({"epoch": 0, "seconds": 0.0, **look(0)})
                _call(callbacks, own, history)
            first = history.rows[-1]["epoch"]
            steps = math.ceil(len(images) / batch_size)
            # disable is passed only to hide the bar, so that the environment's TQDM_DISABLE decides otherwise.
            hidden = {} if progress else {"disable": True}
            stopwatch = Stopwatch()
            with tqdm(total=epochs * steps, initial=first * steps, unit="step", **hidden) as bar:
                for epoch in range(first, epochs):
                    bar.set_description(f"epoch {epoch + 1}/{epochs}")
                    running = RunningTerms(own, loss, optimizer, history, bar, first_step=epoch * steps)
                    terms = _train_epoch(trained, images, loss, optimizer, rate_at, epoch, batch_size, running)
                    if epoch == first:
                        stopwatch.warn_if_crowded(device)
                    seconds = time.perf_counter() - started
                    history.rows.append({"epoch": epoch + 1, "seconds": seconds, **terms, **look(epoch + 1, running)})
                    if checkpoint is not None:
                        checkpoints.save(checkpoint, own, loss, optimizer, history.rows, device, settings)
                    _call(callbacks, own, history)
    except KeyboardInterrupt:
        history.interrupted = True
        history.rows = history.rows or [{"epoch": 0, "seconds": 0.0}]
    own.eval()
    if history.interrupted:
        print(f"Interrupted after {len(history) - 1} of {epochs} epochs: the model keeps its weights.")
    interrupts.note(history.interrupted)
    if len(history) > 1:
        warn_of_collapse(own, _rates_by_level(history.rows[-1]))
    return history


def _rates_by_level(row: dict[str, float]) -> list[float]:
    """Return the rate of each level, of the test set if there is one; empty for a model of one level."""
    prefix, found = "test_" if "test_rate_1" in row else "", []
    while (name := f"{prefix}rate_{len(found) + 1}") in row:
        found.append(row[name])
    return found


def _adam(model: nn.Module, learning_rate: float, largest_gradient: float | None) -> Optimizer:
    """Return Adam, which clips the norm of the gradient before each step if there is a limit."""
    optimizer = torch.optim.Adam(model.parameters(), float(learning_rate), fused=True)
    if largest_gradient is not None:

        def shorten(*_) -> None:
            nn.utils.clip_grad_norm_(model.parameters(), largest_gradient)

        optimizer.register_step_pre_hook(shorten)
    return optimizer


def _call(callbacks, model, history) -> None:
    for callback in callbacks:
        callback(model, history)


def _train_epoch(model, images, loss, optimizer, rate_at, epoch, batch_size, terms: RunningTerms) -> dict[str, float]:
    """Pass over the images once, in random order, and return the average of each term."""
    model.train()
    steps = math.ceil(len(images) / batch_size)
    for number, batch in enumerate(images.batches(batch_size, shuffle=True)):
        passed = epoch + number / steps
        for group in optimizer.param_groups:
            group["lr"] = rate_at(passed)
        terms.add(len(batch), step(model, loss, optimizer, batch, passed))
    averages = terms.averages()
    # Each loss was computed before its step: the last step may still have ruined the weights.
    with torch.no_grad(), seeded(0, batch.device):
        last = loss(batch, model(batch), epoch + 1)
    terms.confirm({name: value.item() for name, value in last.items()})
    return averages


def step(
    model: nn.Module,
    loss: Callable,
    optimizer: Optimizer,
    images: Tensor,
    epoch: float,
) -> dict[str, Tensor]:
    """Take one step of the optimiser on a batch of images (N, C, H, W), and return the terms of the loss."""
    output = model(images)
    terms = loss(images, output, epoch)
    optimizer.zero_grad()
    terms["loss"].backward()
    optimizer.step()
    return {name: value.detach() for name, value in terms.items()}
