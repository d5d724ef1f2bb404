"""The measures that recipes name and cards state, each with its protocol."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from vaecourse import losses, metrics
from vaecourse.data import ImageSet
from vaecourse.data.rendered.ground_truth import GROUND_TRUTH, GroundTruth
from vaecourse.distributions import BernoulliImages
from vaecourse.evaluation import encode, evaluate
from vaecourse.evaluation import nll as likelihood_bound
from vaecourse.evaluation.passes import mean_scores
from vaecourse.metrics.published import as_published

NLL_IMAGES, NLL_SAMPLES = 1_000, 200
# disentanglement_lib encodes 970,000 images for FactorVAE's score and 1,920,000 for β-VAE's; we use 25,000 and 24,000.
FACTOR_VAE = {"group_size": 32, "train_groups": 500, "test_groups": 250, "variance_images": 1_000}
BETA_VAE = {"group_size": 16, "train_groups": 500, "test_groups": 250}
DCI_IMAGES = 5_000


def distortion(model: nn.Module, images: ImageSet) -> dict:
    """−log p(x|z) in nats per image over the test split, for a model without posterior and its codes z."""
    return {"distortion": evaluate(model, images.test, losses.Reconstruction())["distortion"]}


def elbo(model: nn.Module, images: ImageSet) -> dict:
    """Distortion, rate (in total and of each level) and their sum over the test split, from one sample per image."""
    terms = evaluate(model, images.test, losses.BetaVAE(1.0))
    return {name: value for name, value in terms.items() if name != "loss"}


def reconstruction(model: nn.Module, images: ImageSet) -> dict:
    """MSE, PSNR and SSIM of reconstructions from posterior means, averaged over the test split.

    Each is a list of one number, or for a hierarchy of one for each level: from that level and those above only.
    """
    levels = range(1, 1 + (len(model.latent_dims) if model.is_hierarchy else 1))
    wanted = {"mse": metrics.mse, "psnr": metrics.psnr, "ssim": metrics.ssim}
    by_level = [mean_scores(model, images.test, wanted, level) for level in levels]
    return {name: [found[name] for found in by_level] for name in wanted}


def active_units(model: nn.Module, images: ImageSet) -> dict:
    """Number of units of each level, and of those whose posterior mean has a variance above 0.01 on the test split."""
    levels = range(1, len(model.latent_dims) + 1)
    active = [int(metrics.active_units(encode(model, images.test, level)).sum()) for level in levels]
    return {"units": list(model.latent_dims), "active": active}


def nll(model: nn.Module, images: ImageSet) -> dict:
    """Importance-weighted bound on −log p(x) in nats per image, for the first images of the test split.

    For Bernoulli pixels the images are binarised once, with the grey values as probabilities of white.
    """
    split = images.test[:NLL_IMAGES]
    with torch.no_grad():
        bernoulli = isinstance(model(split[:1].as_floats(), sample=False).reconstruction, BernoulliImages)
    split = split.binarized("static") if bernoulli else split
    bound = likelihood_bound(model, split, samples=NLL_SAMPLES).mean().item()
    pixels = {"pixels": "static binarisation, seed 0"} if bernoulli else {}
    return {"nll": bound, "protocol": {"images": len(split), "samples": NLL_SAMPLES, **pixels}}


def disentanglement(model: nn.Module, images: ImageSet) -> dict:
    """All disentanglement scores on the test split, for each level and for all together, from means and from samples.

    Returns ``{"means": {"1": {"mig": …, …}, …, "all": …}, "samples": …, "protocol": …}``. An infinite total correlation
    (a unit repeats others exactly) becomes None.
    """
    truth, factors = GROUND_TRUTH[images.name], images.test.factors
    levels = [1] if len(model.latent_dims) == 1 else [*range(1, len(model.latent_dims) + 1), "all"]
    encoded = _Encoded(model, truth)
    found = {}
    for kind, sample in (("means", False), ("samples", True)):
        found[kind] = {}
        for level in levels:
            codes = encode(model, images.test, level, sample)
            scores, protocol = _scores_of(codes, factors, encoded.codes_at(level, sample), truth)
            found[kind][str(level)] = scores
    return {**found, "protocol": {"images": len(factors), **protocol}}


def _scores_of(codes, factors, encode_factors, truth: GroundTruth) -> tuple[dict, dict]:
    dci = metrics.dci(codes[:DCI_IMAGES], factors[:DCI_IMAGES])
    dependence = metrics.gaussian_total_correlation(codes)
    results = {
        "mig": metrics.mig(codes, factors),
        "modularity": metrics.modularity(codes, factors),
        "sap": metrics.sap(codes, factors),
        "r2": metrics.r2(codes, factors, truth.cyclic, truth.categorical),
        "max_r2": metrics.max_r2(codes, factors),
        "factor_vae_score": metrics.factor_vae_score(encode_factors, truth.grid.sizes, **FACTOR_VAE),
        "beta_vae_score": metrics.beta_vae_score(encode_factors, truth.grid.sizes, **BETA_VAE),
    }
    parts = ("disentanglement", "completeness", "informativeness")
    scores = {name: result.score for name, result in results.items()}
    scores |= {f"dci_{part}": getattr(dci, part) for part in parts}
    scores["total_correlation"] = dependence if math.isfinite(dependence) else None
    # All factors but those with a single value, such as the colour of dSprites.
    scored = results["mig"].protocol.get("factors scored", slice(None))
    scores |= as_published(results["mig"].matrix[:, scored], dci.importance[:, scored])
    return scores, {name: result.protocol for name, result in {**results, "dci": dci}.items()}


class _Encoded:
    """Codes of images rendered from factors. Codes are kept, so that all levels are scored on the same images."""

    def __init__(self, model: nn.Module, truth: GroundTruth):
        self.model = model
        self.truth = truth
        self.known: dict[bytes, dict[bool, torch.Tensor]] = {}

    def codes_at(self, level: int | str, sample: bool) -> Callable[[np.ndarray], torch.Tensor]:
        """A function from factors to the codes of one level, or of all levels."""
        ends = np.cumsum((0, *self.model.latent_dims))
        own = slice(None) if level == "all" else slice(ends[level - 1], ends[level])
        return lambda factors: self._codes(factors)[sample][:, own]

    def _codes(self, factors: np.ndarray) -> dict[bool, torch.Tensor]:
        key = factors.tobytes()
        if key not in self.known:
            images = self.truth.images(factors)
            # A different seed for each call, so that calls do not share their noise.
            seed = len(self.known)
            self.known[key] = {sample: encode(self.model, images, "all", sample, seed) for sample in (False, True)}
        return self.known[key]


@dataclass(frozen=True)
class Measure:
    """A measure, and the tolerance for its numbers on another machine than that of the card.

    Parameters
    ----------
    function : (model, ImageSet) -> dict
    relative, absolute : float
        Relative and absolute tolerance; meeting one is enough. Disentanglement scores depend on bins and thresholds,
        which rounding may cross.
    continuous : bool
        Whether small changes of the weights change it little. If false, the measure is ignored when a storage type is
        chosen, because tiny changes in inactive units can change it.
    """

    function: Callable[[nn.Module, ImageSet], dict]
    relative: float
    absolute: float
    continuous: bool = True


MEASURES = {
    "distortion": Measure(distortion, 1e-3, 0.0),
    "elbo": Measure(elbo, 1e-3, 1e-2),
    "reconstruction": Measure(reconstruction, 1e-3, 0.0),
    "active_units": Measure(active_units, 0.0, 0.0),
    "nll": Measure(nll, 1e-3, 0.0),
    "disentanglement": Measure(disentanglement, 0.0, 0.02, continuous=False),
}


def scores(model: nn.Module, images: ImageSet, measures: tuple[str, ...]) -> dict:
    """Scores of a model, by the name of the measure."""
    return {name: MEASURES[name].function(model, images) for name in measures}


def differences(before: dict, now: dict, relative: float = 0.0) -> list[str]:
    """One line for each score in ``before`` that differs now by more than the tolerance of its measure.

    ``relative`` is a lower bound on the relative tolerance of every measure.
    """
    lines = []
    for name, values in before.items():
        measure, found = MEASURES[name], dict(_numbers(now.get(name)))
        tolerated = {"rel_tol": max(relative, measure.relative), "abs_tol": measure.absolute}
        for place, value in _numbers(values):
            if place not in found or not _equal(value, found[place], **tolerated):
                lines.append(f"{'.'.join((name, *place))}: {value} on the card, {found.get(place, 'nothing')} now")
    return lines


def _equal(one, other, **tolerated: float) -> bool:
    if not (isinstance(one, int | float) and isinstance(other, int | float)):
        return one == other
    return math.isclose(one, other, **tolerated)


def _numbers(values, place: tuple[str, ...] = ()):
    """All leaves of nested dicts and lists, each with its path; protocols are left out."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else None
    if items is None:
        yield place, values
        return
    for key, value in items:
        if key != "protocol":
            yield from _numbers(value, (*place, str(key)))


def tolerances(measures: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Tolerances of the measures on another machine, as a card states them."""
    return {name: {"relative": MEASURES[name].relative, "absolute": MEASURES[name].absolute} for name in measures}
