"""The importance-weighted bound on the log-likelihood of an image."""

import math

import torch
from torch import Tensor, nn
from tqdm import tqdm

from vaecourse.data import Split
from vaecourse.distributions import BernoulliImages
from vaecourse.evaluation.passes import evaluation_mode
from vaecourse.models import Output
from vaecourse.models.base import unwrapped

# Pixel values decoded at once (4 bytes each, in a few copies): enough for the matrix products to be efficient.
VALUES_AT_ONCE = 1_000_000
# This is added to the seed of the codes, so that they do not share random numbers with pixels binarised by that seed.
CODES_SEED_OFFSET = 1_000_003


@torch.no_grad()
def nll(model: nn.Module, split: Split, samples: int, seed: int = 0, progress: bool = False) -> Tensor:
    """Return an upper bound on −log p(x) of each image, which is tighter with more samples.

    It is −log (1/k) Σ w with w = p(x, z) / q(z|x) for k codes z drawn from the posterior (Burda et al., 2016, equation
    8). One sample gives −ELBO. The expected bound decreases towards −log p(x) as k grows.

    Samples are processed in blocks of a fixed number of pixel values, and summed in float64. The memory needed
    therefore depends neither on ``samples`` nor on the number of images.

    Parameters
    ----------
    model : nn.Module
        Model whose levels have a posterior and a prior.
    split : Split
        Images to score: binary ones if the model's pixels are Bernoulli. If the split is binarised dynamically, one
        draw is scored for all samples: that of ``split.binarized("static", seed)``.
    samples : int
        Number k of importance samples per image.
    seed : int
        Seed of the codes. The caller's random state is not changed.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    float64 Tensor of shape (N,), in nats per image, on the CPU
        For Gaussian pixels p(x) is a density, so the values may be negative.

    Raises
    ------
    TypeError
        If ``split`` is not a Split.
    ValueError
        If ``samples`` is below 1, there are no images, the model has no posterior, or the pixels of the model
        are Bernoulli and those of the split grey: their cross-entropy is not a likelihood.
    """
    _check_settings(split, samples)
    if split.dynamic:
        split = Split(split.images).binarized("static", seed)
    rows = max(1, VALUES_AT_ONCE // math.prod(split.image_shape))
    binary = all(bool(((images == 0) | (images == 1)).all()) for images in split.batches(rows))
    model = unwrapped(model)
    bounds = []
    with (
        evaluation_mode(model, seed + CODES_SEED_OFFSET) as device,
        tqdm(total=len(split) * samples, unit="sample", disable=not progress) as bar,
    ):
        for images in split.to(device).batches(rows):
            total = torch.full((len(images),), -math.inf, dtype=torch.float64, device=device)
            # If there are few images, a block holds several samples of each.
            for block in torch.arange(samples).split(rows // len(images)):
                repeated = images.repeat(len(block), 1, 1, 1)
                log_weights = _log_weights(repeated, model(repeated), binary).view(len(block), -1)
                total = torch.logaddexp(total, log_weights.logsumexp(0))
                bar.update(log_weights.numel())
            bounds.append(total - math.log(samples))
    return -torch.cat(bounds).cpu()


def _check_settings(split: Split, samples: int) -> None:
    if not isinstance(split, Split):
        raise TypeError(f"nll takes a Split, as vc.load(name).test, got {type(split).__name__}")
    if not len(split):
        raise ValueError("there are no images to score")
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")


def _log_weights(images: Tensor, output: Output, binary: bool) -> Tensor:
    """Return log w = log p(x|z) + Σ [log p(z) − log q(z|x)] over levels and units, for each row (N,)."""
    if any(level.posterior is None or level.prior is None for level in output.levels):
        raise ValueError("this model has no posterior and so no bound on the likelihood: score a VAE")
    if isinstance(output.reconstruction, BernoulliImages) and not binary:
        raise ValueError(
            "grey images have no likelihood under Bernoulli pixels, only a cross-entropy: score split.binarized()"
        )
    log_weights = -output.reconstruction.negative_log_likelihood(images).double()
    for level in output.levels:
        gain = level.prior.log_prob(level.codes) - level.posterior.log_prob(level.codes)
        log_weights += gain.sum(1)
    return log_weights
