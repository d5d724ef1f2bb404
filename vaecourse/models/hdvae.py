"""The hierarchical VAE: several levels of codes, with a learned prior for each level but the top."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaecourse.checks import one_of
from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.hierarchy import Hierarchy
from vaecourse.models.networks import ImageShape, dense_layers
from vaecourse.models.output import Level, Output, check_codes

INFERENCE = ("bottom_up", "top_down")
DECODER_READS = ("first", "all")


class HDVAE(Hierarchy):
    """The model p(z_L) Π p(z_l|z_{l+1}) p(x|z_1) with L levels of codes, z_1 nearest to the image, p(z_L) = N(0, I).

    The priors p(z_l|z_{l+1}) are diagonal Gaussians given by learned networks. There are two kinds of inference:

    * ``bottom_up``: q(z_1|x) Π q(z_{l+1}|z_l). Each level is inferred from the one below (Burda et al., 2016,
      section 2).
    * ``top_down``: q(z_L|x) Π q(z_l|z_{l+1}, x). The encoder gives a Gaussian for each level, which is multiplied by
      the prior from above on every level but the top (the ladder VAE: Sønderby et al., 2016).

    With one level the model is the VAE.

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_dims : tuple of int
        Number of units of each level, z_1 first.
    inference : "bottom_up" or "top_down"
    decoder_reads : "first" or "all"
        Input of the decoder: z_1, as above, or all levels concatenated, p(x|z_1, …, z_L).
    level_hidden : tuple of int
        Number of units of the dense layers between two levels, from the lower to the upper one.
    **settings
        ``network``, ``hidden``, ``likelihood``, ``sigma``, ``seed``: see :class:`vaecourse.models.ImageModel`.

    Raises
    ------
    ValueError
        If there is no level, a level has no unit, a choice is unknown, or a setting of the networks is invalid.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dims: tuple[int, ...],
        inference: str = "bottom_up",
        decoder_reads: str = "first",
        level_hidden: tuple[int, ...] = (128,),
        **settings,
    ):
        if not isinstance(latent_dims, Sequence) or not latent_dims:
            raise ValueError(f"latent_dims must hold the units of each level, as (64, 32), got {latent_dims}")
        super().__init__(image_shape, latent_dims, **settings)
        self.inference = one_of(inference, INFERENCE, "inference")
        self.decoder_reads = one_of(decoder_reads, DECODER_READS, "decoder_reads")
        dims = self.latent_dims
        pairs = list(itertools.pairwise(dims))
        with self._seeded():
            self.encoder = self._encoder(2 * (dims[0] if inference == "bottom_up" else sum(dims)))
            self.decoder = self._decoder(dims[0] if decoder_reads == "first" else sum(dims))
            self.priors = nn.ModuleList(_network(upper, reversed(level_hidden), lower) for lower, upper in pairs)
            upwards = pairs if inference == "bottom_up" else []
            self.posteriors = nn.ModuleList(_network(lower, level_hidden, upper) for lower, upper in upwards)

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """Infer the levels, z_1 first, of images (N, C, H, W) in [0, 1].

        Each level is computed from samples of the one before, or from means if ``sample=False``.
        """
        infer = self._infer_bottom_up if self.inference == "bottom_up" else self._infer_top_down
        return infer(self.encoder(self._checked_images(images)), sample)

    def _infer_bottom_up(self, parameters: Tensor, sample: bool) -> list[Level]:
        posterior = DiagonalGaussian.from_parameters(parameters)
        levels = [Level(_draw(posterior, sample), posterior)]
        for infer_next, prior_of in zip(self.posteriors, self.priors, strict=True):
            below = levels[-1]
            posterior = DiagonalGaussian.from_parameters(infer_next(below.codes))
            levels.append(Level(_draw(posterior, sample), posterior))
            parameters = prior_of(levels[-1].codes)
            below.prior = DiagonalGaussian.from_parameters(parameters)
            below.prior_depends_on_sample = True
        levels[-1].prior = DiagonalGaussian.standard_like(levels[-1].codes)
        return levels

    def _infer_top_down(self, parameters: Tensor, sample: bool) -> list[Level]:
        *evidence, posterior = map(
            DiagonalGaussian.from_parameters, parameters.split([2 * dim for dim in self.latent_dims], dim=1)
        )
        codes = _draw(posterior, sample)
        levels = [Level(codes, posterior, DiagonalGaussian.standard_like(codes))]
        for likelihood, prior_network in zip(reversed(evidence), reversed(self.priors), strict=True):
            prior = DiagonalGaussian.from_parameters(prior_network(levels[0].codes))
            posterior = likelihood.product(prior)
            levels.insert(0, Level(_draw(posterior, sample), posterior, prior))
        return levels

    def prior(self, *above: Tensor) -> DiagonalGaussian:
        """Return the prior p(z_l|z_{l+1}) of the level below those given, over codes (N, d).

        Parameters
        ----------
        *above : Tensors of shape (N, d)
            Codes z_{l+1}, …, z_L of all levels above, the nearest first. Only the nearest one is used here.

        Raises
        ------
        ValueError
            If the codes do not have the shapes of the upper levels, or no level is below them.
        """
        if not 1 <= len(above) < len(self.latent_dims):
            raise ValueError(f"give the codes of 1 to {len(self.latent_dims) - 1} upper levels, got {len(above)}")
        check_codes(above[0], self.latent_dims[-len(above)])
        return DiagonalGaussian.from_parameters(self.priors[-len(above)](self._own_type(above[0])))

    def decode(self, *codes: Tensor) -> ImageLikelihood:
        """Map codes (N, d) of all levels, z_1 first, to a distribution over images.

        If the decoder reads the first level only, the others may be left out.
        """
        if self.decoder_reads == "first" and len(codes) == 1:
            check_codes(codes[0], self.latent_dim)
            codes = [self._own_type(codes[0])]
        else:
            codes = self._checked_codes(*codes)
        return self.decoder(codes[0] if self.decoder_reads == "first" else torch.cat(codes, dim=1))

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Infer all levels of images (N, C, H, W), from means if ``sample=False``, and decode them."""
        levels = self.infer(images, sample)
        return Output(self.decode(*(level.codes for level in levels)), levels)


def _network(inputs: int, hidden, outputs: int) -> nn.Sequential:
    """Return a network from codes of one level to means and log variances of another."""
    return nn.Sequential(*dense_layers([inputs, *hidden, 2 * outputs]))


def _draw(distribution: DiagonalGaussian, sample: bool) -> Tensor:
    return distribution.sample() if sample else distribution.mean
