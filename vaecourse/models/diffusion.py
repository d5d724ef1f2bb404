"""The diffusion model: a hierarchy whose levels have the size of the image, and whose inference is fixed."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vaecourse.checks import one_of
from vaecourse.distributions import DiagonalGaussian, GaussianImages
from vaecourse.models.hierarchy import Hierarchy
from vaecourse.models.networks import ImageShape, dense_layers
from vaecourse.models.output import Level, Output, check_codes

PRIOR_VARIANCES = ("posterior", "learned")
NOISE_FEATURES = 8  # cosines of the noise level that the denoiser reads


class DiffusionModel(Hierarchy):
    """p(z_L) Π p(z_l|z_{l+1}) p(x|z_1) with a fixed q(z_l|x) = N(α_l x, σ_l² I) (Sohl-Dickstein et al., 2015).

    The image is scaled to x in [−1, 1] and flattened. The marginals preserve the variance: α_l² + σ_l² = 1. The
    signal-to-noise ratio α_l²/σ_l² falls by the same factor from level to level. One network, the denoiser, estimates
    the image at every level, and each prior is the posterior with the estimate x̂ in the place of the image:
    p(z_l|z_{l+1}) = q(z_l|z_{l+1}, x̂(z_{l+1})) (Ho et al., 2020; Kingma et al., 2021).

    Parameters
    ----------
    image_shape : (C, H, W)
    levels : int
        The number of levels L; z_1 is the least noisy and z_L the noisiest. Each has C·H·W units.
    hidden : tuple of int
        Units of the dense layers of the denoiser.
    log_snr : (float, float)
        Logarithm of the signal-to-noise ratio at the image's end (level 0) and at level L.
    prior_variance : "posterior" or "learned"
        Each prior has the variance of its posterior, or the variance times a learned factor, one for each level.
    sigma : float, optional
        Standard deviation of the pixels given z_1, on the scale of [0, 1]. By default it is learned.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ValueError
        If there is no level, ``log_snr`` does not fall, or a choice is unknown.
    """

    learns_posterior = False

    def __init__(
        self,
        image_shape: ImageShape,
        levels: int,
        hidden: tuple[int, ...] = (128, 128, 128),
        log_snr: tuple[float, float] = (6.0, -6.0),
        prior_variance: str = "posterior",
        sigma: float | None = None,
        seed: int = 0,
    ):
        if levels < 1:
            raise ValueError(f"levels must be at least 1, got {levels}")
        if not log_snr[0] > log_snr[1]:
            raise ValueError(f"log_snr must fall from the image to the top, got {log_snr[0]} and {log_snr[1]}")
        if sigma is not None and not sigma > 0:
            raise ValueError(f"sigma must be positive, got {sigma}")
        if len(image_shape) != 3 or min(image_shape) < 1:
            raise ValueError(f"image_shape must be (channels, height, width), got {tuple(image_shape)}")
        one_of(prior_variance, PRIOR_VARIANCES, "prior_variance")
        pixels = math.prod(image_shape)
        super().__init__(image_shape, (pixels,) * levels, hidden=hidden, likelihood="gaussian", sigma=sigma, seed=seed)
        self.log_snr_range = tuple(log_snr)
        self.register_buffer("log_snr", torch.linspace(*log_snr, levels + 1)[1:])
        with self._seeded():
            self.denoiser = nn.Sequential(*dense_layers([pixels + NOISE_FEATURES, *hidden, pixels]))
        excess = torch.zeros(levels - 1)  # log of the prior's variance over the posterior's, of levels 1 … L − 1
        # A deviation of σ_1 on the scale of [−1, 1] is the best for data of variance 1.
        log_sigma = 0.5 * functional.logsigmoid(-self.log_snr[0]) - math.log(2)
        if prior_variance == "learned":
            self.log_excess = nn.Parameter(excess)
        else:
            self.register_buffer("log_excess", excess)
        if sigma is None:
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", torch.tensor(math.log(sigma)))

    def denoise(self, codes: Tensor, log_snr: Tensor) -> Tensor:
        """The estimate x̂ (…, d) of the image, on the scale of [−1, 1], from noisy codes (…, d).

        x̂ = α z − σ F(z): where there is little noise the code itself is nearly the estimate, and where there is
        little signal the network F gives all of it (Salimans and Ho, 2022, section 4).

        Parameters
        ----------
        codes : Tensor of shape (…, d)
        log_snr : Tensor of shape (…, 1), broadcast against ``codes``
        """
        first, last = self.log_snr_range
        harmonics = torch.arange(1, NOISE_FEATURES + 1, dtype=codes.dtype, device=codes.device)
        features = torch.cos(torch.pi * harmonics * (first - log_snr) / (first - last))
        features = features.expand(*codes.shape[:-1], NOISE_FEATURES)
        alpha, sigma = log_snr.sigmoid().sqrt(), (-log_snr).sigmoid().sqrt()
        return alpha * codes - sigma * self.denoiser(torch.cat([codes, features], dim=-1))

    def draw(self, centred: Tensor) -> Tensor:
        """Codes (L, N, d) of all levels, z_1 first, drawn from q.

        z_l/α_l is the image plus noise of variance 1/SNR_l, and every level adds
        its own noise to that of the level below.

        Parameters
        ----------
        centred : Tensor of shape (N, d)
            Images scaled to [−1, 1].
        """
        variance = torch.exp(-self.log_snr)
        added = variance.diff(prepend=torch.zeros_like(variance[:1])).sqrt()
        noise = centred.new_empty(len(added), *centred.shape).normal_()
        signal_and_noise = centred + (added[:, None, None] * noise).cumsum(0)
        return self.log_snr.sigmoid().sqrt()[:, None, None] * signal_and_noise

    def conditional(
        self,
        above: Tensor,
        centred: Tensor,
        level: slice,
    ) -> DiagonalGaussian:
        """q(z_l|z_{l+1}, x) of several levels: Ho et al. (2020), equations 6 and 7.

        Parameters
        ----------
        above : Tensor of shape (K, N, d)
            The codes z_{l+1} above each of the levels.
        centred : Tensor of shape (N, d), or (K, N, d)
            Images scaled to [−1, 1], or an estimate of them from each code.
        level : slice
            The K levels l, counted from 0: ``slice(None)`` is all but the top.
        """
        here = self.log_snr[:-1][level, None, None]
        higher = self.log_snr[1:][level, None, None]
        share = torch.exp(higher - here)  # SNR_{l+1} / SNR_l
        alpha, alpha_above = here.sigmoid().sqrt(), higher.sigmoid().sqrt()
        mean = share * alpha / alpha_above * above + (1 - share) * alpha * centred
        log_variance = torch.log1p(-share) + functional.logsigmoid(-here)
        return DiagonalGaussian(mean, log_variance.expand_as(mean))

    def priors(self, above: Tensor, level: slice) -> DiagonalGaussian:
        """p(z_l|z_{l+1}) of several levels, from the codes above each (K, N, d)."""
        estimate = self.denoise(above, self.log_snr[1:][level, None, None])
        q = self.conditional(above, estimate, level)
        log_variance = q.log_variance + self.log_excess[level, None, None]
        return DiagonalGaussian(q.mean, log_variance)

    def prior(self, *above: Tensor) -> DiagonalGaussian:
        """p(z_l|z_{l+1}) of the level below those given, over codes (N, d).

        Parameters
        ----------
        *above : Tensors of shape (N, d)
            z_{l+1}, …, z_L: the codes of all levels above, the nearest first. Only that one matters here.

        Raises
        ------
        ValueError
            If the codes are not those of the upper levels, or no level is below them.
        """
        level = len(self.latent_dims) - len(above)  # the one asked for
        if not 1 <= level < len(self.latent_dims):
            raise ValueError(f"give the codes of 1 to {len(self.latent_dims) - 1} upper levels, got {len(above)}")
        check_codes(above[0], self.latent_dim)
        (prior,) = _by_level(self.priors(self._own_type(above[0])[None], slice(level - 1, level)))
        return prior

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """The levels, z_1 first, of images (N, C, H, W) in [0, 1]: codes drawn from q, or their means α_l x."""
        centred = 2 * self._checked_images(images).flatten(1) - 1
        means = self.log_snr.sigmoid().sqrt()[:, None, None] * centred
        codes = self.draw(centred) if sample else means
        top = DiagonalGaussian(means[-1], functional.logsigmoid(-self.log_snr[-1]).expand_as(centred))
        # Every level but the top at once, and the denoiser in a single pass.
        posteriors = [*_by_level(self.conditional(codes[1:], centred, slice(None))), top]
        priors = [*_by_level(self.priors(codes[1:], slice(None))), DiagonalGaussian.standard_like(centred)]
        return [Level(*each) for each in zip(codes, posteriors, priors, strict=True)]

    def decode(self, *codes: Tensor) -> GaussianImages:
        """Codes (N, d) of all levels, z_1 first, or those of z_1 alone, to a distribution over images."""
        if len(codes) == 1:
            check_codes(codes[0], self.latent_dim)
            codes = [self._own_type(codes[0])]
        else:
            codes = self._checked_codes(*codes)
        estimate = self.denoise(codes[0], self.log_snr[0])
        # Pixels lie in [0, 1], so moving a mean into that range can only bring it nearer to them.
        return GaussianImages(((estimate + 1) / 2).clamp(0, 1).unflatten(1, self.image_shape), self.log_sigma)

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Add noise to images (N, C, H, W) level by level (none if ``sample=False``) and remove it again."""
        levels = self.infer(images, sample)
        return Output(self.decode(levels[0].codes), levels)


def _by_level(stacked: DiagonalGaussian) -> list[DiagonalGaussian]:
    """Gaussians (N, d), one for each level, from those of shape (K, N, d)."""
    return [DiagonalGaussian(*each) for each in zip(stacked.mean, stacked.log_variance, strict=True)]
