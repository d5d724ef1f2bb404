"""The evidence lower bound: distortion, rate and their sum, the terms of all losses of the course."""

from numbers import Real

from torch import Tensor

from vaecourse.models.output import Level, Output

NO_RATE = "this model has no posterior and so no rate: train it with Reconstruction()"


def distortion(images: Tensor, output: Output) -> Tensor:
    """Return −log p(x|z) of each image (N,), in nats, from images (N, C, H, W) in [0, 1]."""
    return output.reconstruction.negative_log_likelihood(images)


def rates(output: Output, closed_form: bool = False) -> list[Tensor]:
    """Return the rate of each image and unit, in nats: a tensor (N, d) for each latent level.

    It is KL(q(z|x)‖p(z)) in closed form, given the other levels' samples. If the prior of a level was computed from
    codes drawn given that level's own sample (``prior_depends_on_sample``: a hierarchy inferred bottom-up), that KL is
    not the term of the bound. The rate is then the estimate log q − log p at the sample, which may be negative.

    Parameters
    ----------
    output : Output
    closed_form : bool
        Whether to use the closed form for every level nevertheless: the product form (see ``HELBO``).

    Raises
    ------
    ValueError
        If the model has no posterior, such as a plain autoencoder.
    """
    if any(level.posterior is None for level in output.levels):
        raise ValueError(NO_RATE)
    return [
        level.posterior.log_prob(level.codes) - level.prior.log_prob(level.codes)
        if level.prior_depends_on_sample and not closed_form
        else level.posterior.kl(level.prior)
        for level in output.levels
    ]


def level_rates(output: Output, closed_form: bool = False) -> list[Tensor]:
    """Return the rate of each level: batch means, in nats per image (see :func:`rates`)."""
    return [rate.sum(1).mean() for rate in rates(output, closed_form)]


def elbo_terms(images: Tensor, output: Output) -> dict[str, Tensor]:
    """Return ``distortion``, ``rate`` and their sum ``negative_elbo``: batch means, in nats per image.

    If there are several levels, the rate of each is included: ``rate_1`` (nearest to the image), ``rate_2``, …
    """
    distortion_mean = distortion(images, output).mean()
    by_level = level_rates(output)
    rate = sum(by_level)
    terms = {"distortion": distortion_mean, "rate": rate, "negative_elbo": distortion_mean + rate}
    if len(by_level) > 1:
        terms |= {f"rate_{level}": value for level, value in enumerate(by_level, start=1)}
    return terms


def per_level(values, count: int, name: str) -> list:
    """Return a list with one value for each of ``count`` levels, from a sequence or from one value for all.

    Raises
    ------
    ValueError
        If the number of values differs from ``count``.
    """
    if isinstance(values, Real) or callable(values):
        return [values] * count
    values = list(values)
    if len(values) != count:
        raise ValueError(f"{len(values)} {name} for {count} latent levels: give one for each, level 1 first")
    return values


def only_level(output: Output, loss: str) -> Level:
    """Return the level of a model that has a single one.

    Raises
    ------
    ValueError
        If the model has several levels, or no posterior.
    """
    if len(output.levels) != 1:
        raise ValueError(f"{loss} is for one latent level, this model has {len(output.levels)}: see HELBO(intra=…)")
    if output.levels[0].posterior is None:
        raise ValueError(NO_RATE)
    return output.levels[0]
