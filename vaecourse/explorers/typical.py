"""Distortion, rate and −ELBO of single images of a split, to compare a reader's picture with."""

from dataclasses import replace

import torch
from torch import Tensor

from vaecourse.data import Split
from vaecourse.evaluation.passes import outputs
from vaecourse.losses.elbo import distortion, rates
from vaecourse.models import ImageModel

DRAWS = 8  # of the codes of each image; the page draws as often, so that its numbers scatter alike
PERCENTS = torch.linspace(0, 1, 101)
LARGEST = 1e6  # nats; beyond, as after an overflow, an image only counts as one that costs more than all others


def terms_of_images(model: ImageModel, split: Split, seed: int = 0) -> dict[str, Tensor]:
    """Return ``distortion``, ``rate`` and ``negative_elbo`` of each image (N,), in nats.

    An autoencoder has the first only. Each is the mean over 8 draws from the posterior. Grey pixels are taken as they
    are, even if the split is binarised dynamically, because a drawing is grey too.
    """
    grey = replace(split, dynamic=False)
    sums: dict[str, Tensor] = {}
    for draw in range(DRAWS):
        for name, values in _one_draw(model, grey, seed + draw).items():
            sums[name] = sums[name] + values if draw else values
    return {name: total / DRAWS for name, total in sums.items()}


def _one_draw(model: ImageModel, split: Split, seed: int) -> dict[str, Tensor]:
    distortions, costs = [], []
    for images, output in outputs(model, split, sample=True, seed=seed):
        distortions.append(distortion(images, output).cpu())
        if output.levels[0].posterior is not None:
            costs.append(sum(rate.sum(1) for rate in rates(output)).cpu())
    terms = {"distortion": torch.cat(distortions)}
    if costs:
        terms["rate"] = torch.cat(costs)
        terms["negative_elbo"] = terms["distortion"] + terms["rate"]
    return terms


def percentiles(model: ImageModel, split: Split, seed: int = 0) -> dict[str, Tensor]:
    """Return the percentiles 0 to 100 (101,) of each term of :func:`terms_of_images` over a split."""
    terms = terms_of_images(model, split, seed)
    return {name: values.nan_to_num(LARGEST).clamp(max=LARGEST).quantile(PERCENTS) for name, values in terms.items()}
