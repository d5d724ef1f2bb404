"""Passes of a model over a whole split, without gradients, in batches."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from vaecourse.checks import check_level, new_tensors_on_cpu
from vaecourse.data import Split
from vaecourse.models import Output
from vaecourse.models.base import unwrapped
from vaecourse.precision import at_least_float32, without_autocast
from vaecourse.randomness import seeded

EVALUATION_BATCH = 500


def check_split(split) -> None:
    """Raise TypeError, in words, if images do not come as a split: a tensor, an array or a whole data set is none."""
    if not isinstance(split, Split):
        raise TypeError(
            f"images come as a Split, as vc.load(name).test or vc.Split(uint8 images), got {type(split).__name__}"
        )


@contextmanager
def evaluation_mode(model: nn.Module, seed: int | None = None) -> Iterator[torch.device]:
    """Run a block with the model in evaluation mode, with torch seeded if ``seed`` is given; gives the device.

    Products are computed in the precision of the weights, also where the caller uses autocast.
    """
    new_tensors_on_cpu()
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        with without_autocast(device), nullcontext() if seed is None else seeded(seed, device):
            yield device
    finally:
        model.train(was_training)


@torch.no_grad()
def outputs(
    model: nn.Module, split: Split, sample: bool = False, seed: int = 0, batch_size: int | None = None
) -> Iterator[tuple[Tensor, Output]]:
    """Yield pairs (images, output) in the order of the split, from posterior means unless ``sample``.

    ``seed`` is the seed of the codes, and of the pixels if the split is binarised dynamically. Batches are of nearly
    equal size, at most ``batch_size`` (default: 500) or one more.
    """
    check_split(split)
    model = unwrapped(model)
    with evaluation_mode(model, seed) as device:
        for images in _batches(split.to(device), batch_size):
            yield images, model(images, sample=sample)


def _batches(split: Split, batch_size: int | None = None) -> Iterator[Tensor]:
    """Batches of nearly equal size, so that no batch-estimated term is computed on a single image."""
    count = math.ceil(len(split) / (batch_size or EVALUATION_BATCH))
    size = math.ceil(len(split) / max(count, 1)) or 1
    while size > 1 and len(split) % size == 1:
        size += 1
    return split.batches(size)


def on_cpu(values: Tensor) -> Tensor:
    """Return a result of a model on the CPU, in float32 at least, as figures and metrics take it."""
    return at_least_float32(values).cpu()


@torch.no_grad()
def encode(model: nn.Module, split: Split, level: int | str = 1, sample: bool = False, seed: int = 0) -> Tensor:
    """Return codes (N, d) of every image of a split, on the CPU: posterior means unless ``sample``.

    Parameters
    ----------
    level : int or "all"
        Level to return: 1 is nearest to the image, and "all" concatenates the levels, level 1 first.

    Raises
    ------
    TypeError
        If the images are not a split.
    ValueError
        If the model has no such level.
    """
    check_split(split)
    model, codes = unwrapped(model), []
    with evaluation_mode(model, seed) as device:
        for images in _batches(split.to(device)):
            levels = model.infer(images, sample)  # nothing is decoded
            if level != "all":
                check_level(level, len(levels))
            wanted = levels if level == "all" else [levels[level - 1]]
            codes.append(on_cpu(torch.cat([found.codes for found in wanted], dim=1)))
    return torch.cat(codes)


@torch.no_grad()
def reconstruct(model: nn.Module, split: Split, sample: bool = False, seed: int = 0, level: int = 1) -> Tensor:
    """Return reconstructions (N, C, H, W) in [0, 1] of every image of a split, on the CPU.

    They are decoded from posterior means unless ``sample``.

    Parameters
    ----------
    level : int
        Lowest level of a hierarchy whose codes are kept. The levels below are replaced by the means of their priors.
        1 keeps all levels: the usual reconstruction.

    Raises
    ------
    TypeError
        If the images are not a split.
    ValueError
        If the model has no such level, or its levels are not a hierarchy.
    """
    return torch.cat(list(_reconstructions(model, split, sample, seed, level)))


@torch.no_grad()
def _reconstructions(model: nn.Module, split: Split, sample: bool, seed: int, level: int) -> Iterator[Tensor]:
    model = unwrapped(model)
    for _, output in outputs(model, split, sample, seed):
        check_level(level, len(output.levels))
        if level == 1:
            likelihood = output.reconstruction
        elif not model.is_hierarchy:
            raise ValueError(f"the levels of {type(model).__name__} are not a hierarchy: none is drawn from another")
        else:
            likelihood = model.decode(*model.descend(*(kept.codes for kept in output.levels[level - 1 :])))
        yield on_cpu(likelihood.mean)


def mean_scores(
    model: nn.Module, split: Split, scores: Mapping[str, Callable[[Tensor, Tensor], Tensor]], level: int = 1
) -> dict[str, float]:
    """Return scores of images and their reconstructions, averaged over a split, as in :func:`reconstruct`.

    Images are compared batch by batch: the memory does not grow with the split.
    """
    totals, first = dict.fromkeys(scores, 0.0), 0
    for pictures in _reconstructions(model, split, False, 0, level):
        originals = split[first : first + len(pictures)].as_floats().cpu()
        first += len(pictures)
        for name, score in scores.items():
            totals[name] += score(originals, pictures).sum().item()
    return {name: total / len(split) for name, total in totals.items()}


def check_enough_images(split: Split, loss) -> None:
    """Raise ValueError if a split is smaller than the smallest batch of a loss."""
    needed = getattr(loss, "smallest_batch", 1)
    if len(split) < needed:
        raise ValueError(f"{type(loss).__name__} is evaluated on at least {needed} images, the split has {len(split)}")


@torch.no_grad()
def evaluate(
    model: nn.Module, split: Split, loss, epoch: float = math.inf, seed: int = 0, batch_size: int | None = None
) -> dict[str, float]:
    """Return the terms of a loss over a whole split, in nats per image, from one posterior sample per image.

    Terms that compare the images of a batch, such as a total correlation or a penalty on a covariance, depend on how
    many there are: give the ``batch_size`` of the training to compare them with it, as :func:`vaecourse.fit` does. By
    default batches hold up to 500 images.

    Raises
    ------
    TypeError
        If the images are not a split.
    ValueError
        If there are no images, or too few for a loss that compares them.
    """
    check_split(split)
    if not len(split):
        raise ValueError("there are no images to evaluate")
    check_enough_images(split, loss)
    totals: dict[str, float] = {}
    for images, output in outputs(model, split, sample=True, seed=seed, batch_size=batch_size):
        for name, value in loss(images, output, epoch).items():
            totals[name] = totals.get(name, 0.0) + value.item() * len(images)
    return {name: total / len(split) for name, total in totals.items()}
