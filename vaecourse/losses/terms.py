"""The two terms that every loss of the course is made of: distortion and rate."""

from torch import Tensor

from vaecourse.models.output import Output


def distortion(images: Tensor, output: Output) -> Tensor:
    """−log p(x|z) of each image (N,), in nats, from images (N, C, H, W) in [0, 1]."""
    return output.reconstruction.negative_log_likelihood(images)


def rates(output: Output) -> list[Tensor]:
    """KL(q(z|x)‖p(z)) of each image and unit, in nats: a tensor (N, d) for each latent level.

    Raises
    ------
    ValueError
        If the model has no posterior, as a plain autoencoder.
    """
    if any(level.posterior is None for level in output.levels):
        raise ValueError("this model has no posterior and so no rate: train it with Reconstruction()")
    return [level.posterior.kl(level.prior) for level in output.levels]


def elbo_terms(images: Tensor, output: Output) -> dict[str, Tensor]:
    """``distortion``, ``rate`` and their sum ``negative_elbo``: batch means, in nats per image."""
    distortion_mean = distortion(images, output).mean()
    rate = sum(level.sum(1).mean() for level in rates(output))
    return {"distortion": distortion_mean, "rate": rate, "negative_elbo": distortion_mean + rate}
