"""``fit``, the training loop of the course, and ``step``, one step of it."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from vaecourse.data import Split
from vaecourse.evaluation import evaluate, reconstruct
from vaecourse.evaluation.levels import warn_of_collapse
from vaecourse.losses.schedules import Schedule, constant
from vaecourse.metrics import mse, psnr, ssim
from vaecourse.randomness import seeded
from vaecourse.training import checkpoints
from vaecourse.training.history import History
from vaecourse.training.terms import RunningTerms

IMAGE_METRICS = {"mse": mse, "psnr": psnr, "ssim": ssim}


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
    not changed. Ctrl-C stops training; the model keeps its weights, and the history so far is returned.

    Parameters
    ----------
    model : nn.Module
        Model to train. It is changed in place, and stays on ``device``.
    images : Split
        Training images, for instance ``vc.load("mnist").train``.
    loss : callable
        Loss of :mod:`vaecourse.losses`: it maps (images, output, epoch) to named terms in nats per image.
    epochs : int
        Number of passes over the training images.
    test : Split, optional
        Test images, evaluated after each epoch; their terms are named ``test_…``.
    metrics : names among "mse", "psnr", "ssim"
        Metrics of reconstructions from posterior means, averaged over images: ``test_psnr`` of the test split, and
        ``psnr`` of the same number of training images.
    batch_size, learning_rate
        Images per step, and learning rate of Adam. The last, smaller batch of an epoch is used too.
    learning_rate_schedule : callable, optional
        Share of the learning rate as a function of the epochs trained (a float), for instance
        :class:`vaecourse.losses.Cosine`. Default: constant 1.
    largest_gradient : float, optional
        Largest norm of the gradient of all weights together; a longer one is shortened to it (Pascanu et al., 2013).
        Default: there is no limit.
    seed : int
        Seed of the order of the images, the codes and dynamic binarisation.
    device : optional
        Device to train on. Default: CUDA if available, else the CPU.
    callbacks : iterable of callables
        Functions that are called as ``callback(model, history)`` before training and after every epoch.
    checkpoint : path, optional
        File that is written after every epoch. If it exists, training resumes from it, exactly where it stopped.
    progress : bool
        Whether to show a progress bar with the terms.

    Raises
    ------
    ValueError
        If a setting is out of range, a metric is unknown, or the checkpoint belongs to another model.
    TrainingDiverged
        If a term is not finite. The message names the term, the step and the learning rate.

    Warns
    -----
    CollapseWarning
        If an upper level of a hierarchy ends with a rate near 0.
    """
    _check_settings(images, loss, epochs, batch_size, learning_rate, metrics)
    if largest_gradient is not None and not largest_gradient > 0:
        raise ValueError(f"largest_gradient must be positive, got {largest_gradient}: leave it out for no limit")
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    images = images.to(device)
    optimizer = _adam(model, learning_rate, largest_gradient)

    def rate_at(epoch: float) -> float:
        return learning_rate * learning_rate_schedule(epoch)

    history = History()
    measure = _Measurement(model, images, test.to(device) if test is not None else None, loss, metrics)
    with seeded(seed, device):
        if checkpoint is not None and Path(checkpoint).exists():
            history.rows = checkpoints.load(checkpoint, model, loss, optimizer, device)
        started = time.perf_counter() - (history.rows[-1]["seconds"] if history.rows else 0.0)
        if not history.rows:
            history.rows.append({"epoch": 0, "seconds": 0.0, **measure(0)})
            _call(callbacks, model, history)
        first = history.rows[-1]["epoch"]
        steps = math.ceil(len(images) / batch_size)
        # disable is passed only to hide the bar, so that the environment's TQDM_DISABLE decides otherwise.
        hidden = {} if progress else {"disable": True}
        with tqdm(total=epochs * steps, initial=first * steps, unit="step", **hidden) as bar:
            try:
                for epoch in range(first, epochs):
                    bar.set_description(f"epoch {epoch + 1}/{epochs}")
                    terms = _train_epoch(model, images, loss, optimizer, rate_at, epoch, batch_size, history, bar)
                    seconds = time.perf_counter() - started
                    history.rows.append({"epoch": epoch + 1, "seconds": seconds, **terms, **measure(epoch + 1)})
                    if checkpoint is not None:
                        checkpoints.save(checkpoint, model, loss, optimizer, history.rows, device)
                    _call(callbacks, model, history)
            except KeyboardInterrupt:
                history.interrupted = True
        if history.interrupted:
            print(f"Interrupted after {len(history) - 1} of {epochs} epochs: model and history so far are returned.")
    model.eval()
    if len(history) > 1:
        warn_of_collapse(model, _rates_by_level(history.rows[-1]))
    return history


def _rates_by_level(row: dict[str, float]) -> list[float]:
    """Return the rate of each level, of the test set if there is one; empty for a model of one level."""
    prefix, found = "test_" if "test_rate_1" in row else "", []
    while (name := f"{prefix}rate_{len(found) + 1}") in row:
        found.append(row[name])
    return found


def _check_settings(images, loss, epochs, batch_size, learning_rate, metrics) -> None:
    if not isinstance(images, Split):
        raise TypeError(f"fit takes a Split, as vc.load(name).train, got {type(images).__name__}")
    if not len(images):
        raise ValueError("there are no images to train on")
    if epochs < 1 or batch_size < 1:
        raise ValueError(f"epochs and batch_size must be at least 1, got {epochs} and {batch_size}")
    smallest, needed = len(images) % batch_size or min(batch_size, len(images)), getattr(loss, "smallest_batch", 1)
    if smallest < needed:
        raise ValueError(
            f"{type(loss).__name__} needs at least {needed} images in every batch, but {len(images)} images in "
            f"batches of {batch_size} leave one of {smallest}: choose another batch_size"
        )
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate}")
    unknown = set(metrics) - set(IMAGE_METRICS)
    if unknown:
        raise ValueError(f"unknown metrics {sorted(unknown)}: choose among {', '.join(IMAGE_METRICS)}")


def _adam(model: nn.Module, learning_rate: float, largest_gradient: float | None) -> Optimizer:
    """Return Adam, which clips the norm of the gradient before each step if there is a limit."""
    optimizer = torch.optim.Adam(model.parameters(), learning_rate, fused=True)
    if largest_gradient is not None:

        def shorten(*_) -> None:
            nn.utils.clip_grad_norm_(model.parameters(), largest_gradient)

        optimizer.register_step_pre_hook(shorten)
    return optimizer


def _call(callbacks, model, history) -> None:
    for callback in callbacks:
        callback(model, history)


@dataclass
class _Measurement:
    """Computes the test terms and image metrics that a row of the history holds besides the training terms."""

    model: nn.Module
    train: Split
    test: Split | None
    loss: Callable
    metrics: Iterable[str]

    def __call__(self, epoch: int) -> dict[str, float]:
        row = {}
        if self.test is not None:
            row |= {f"test_{name}": value for name, value in evaluate(self.model, self.test, self.loss, epoch).items()}
        if self.metrics:
            count = len(self.test) if self.test is not None else len(self.train)
            row |= self._scores(self.train[:count], "")
            if self.test is not None:
                row |= self._scores(self.test, "test_")
        return row

    def _scores(self, split: Split, prefix: str) -> dict[str, float]:
        pictures, reconstructions = split.as_floats().cpu(), reconstruct(self.model, split)
        return {prefix + name: IMAGE_METRICS[name](pictures, reconstructions).mean().item() for name in self.metrics}


def _train_epoch(model, images, loss, optimizer, rate_at, epoch, batch_size, history, bar) -> dict[str, float]:
    """Pass over the images once, in random order, and return the average of each term."""
    model.train()
    steps = math.ceil(len(images) / batch_size)
    terms = RunningTerms(model, optimizer, history, bar, first_step=epoch * steps)
    for number, batch in enumerate(images.batches(batch_size, shuffle=True)):
        passed = epoch + number / steps
        for group in optimizer.param_groups:
            group["lr"] = rate_at(passed)
        terms.add(len(batch), step(model, loss, optimizer, batch, passed))
    averages = terms.averages()
    # Each loss was computed before its step: the last step may still have ruined the weights.
    with torch.no_grad(), seeded(0, batch.device):
        terms.confirm(loss(batch, model(batch), epoch + 1))
    return averages


def step(model: nn.Module, loss: Callable, optimizer: Optimizer, images: Tensor, epoch: float) -> dict[str, Tensor]:
    """Take one step of the optimiser on a batch of images (N, C, H, W), and return the terms of the loss."""
    output = model(images)
    terms = loss(images, output, epoch)
    optimizer.zero_grad()
    terms["loss"].backward()
    optimizer.step()
    return {name: value.detach() for name, value in terms.items()}
