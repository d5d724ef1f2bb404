"""The hierarchical VAE whose levels have a place in the image: maps of codes below a dense top."""

import itertools
import math
from collections.abc import Sequence

from torch import Tensor, nn

from vaecourse.distributions import DiagonalGaussian, ImageLikelihood
from vaecourse.models.hierarchy import Hierarchy
from vaecourse.models.networks import ImageShape, channels_last, check_geometry, default_channels, sides_after
from vaecourse.models.output import Level, Output
from vaecourse.models.residual_networks import (
    LatentShape,
    PixelDecoder,
    ResidualBlock,
    ResidualEncoder,
    Stage,
    Top,
    doubling,
)


class SpatialHDVAE(Hierarchy):
    """p(z_L) Π p(z_l|z_{l+1}, …, z_L) p(x|z_1, …, z_L), where a level is a map of codes: L levels, z_1 first.

    The decoder goes down from the top and carries a map of features along. At each level it reads from them the
    prior of that level's codes, adds the codes to them, and goes on; after level 1 it draws the image. The posterior
    q(z_l|z_{l+1}, …, z_L, x) is found on the same way: it corrects the prior by what an encoder sees in the image
    (top-down inference: Sønderby et al., 2016; with levels that have shapes: Vahdat and Kautz, 2020; Child, 2021).

    Codes are flat everywhere outside, (N, d) with d = c · h · w; ``latent_shapes`` says how a level is laid out.
    One level of shape (d,) is a convolutional VAE.

    Parameters
    ----------
    image_shape : (C, H, W)
    latent_shapes : sequence of (c, h, w)
        Shape of each level, z_1 first. Their h and w are those of the image after one halving or more, and no level
        is larger than the one below it; several may be of one size. The last one may be dense: (d,).
    hidden : tuple of int, optional
        Channels of the features after each halving, from the image inwards. Default: as for convolutional networks
        (:func:`vaecourse.models.networks.default_channels`).
    likelihood, sigma, seed
        See :class:`vaecourse.models.ImageModel`.

    Raises
    ------
    ValueError
        If a level's shape cannot be reached, and as the other models.
    """

    # The posterior, the prior and the pixels of every level depend on all levels above.
    decoder_reads = "all"

    def __init__(
        self,
        image_shape: ImageShape,
        latent_shapes: Sequence[LatentShape],
        hidden: Sequence[int] | None = None,
        likelihood: str = "bernoulli",
        sigma: float | None = None,
        seed: int = 0,
    ):
        check_geometry(image_shape, "conv", len(hidden) if hidden is not None else 0)
        hidden = default_channels(image_shape) if hidden is None else tuple(hidden)
        sides = sides_after(image_shape, len(hidden))
        self._halvings = _halvings(latent_shapes, sides)
        shapes = [tuple(shape) for shape in latent_shapes]
        super().__init__(image_shape, tuple(map(math.prod, shapes)), likelihood=likelihood, sigma=sigma, seed=seed)
        self.latent_shapes = tuple(shapes)
        with self._seeded():
            innermost = self._halvings[-1]
            self.encoder = ResidualEncoder(image_shape, hidden[:innermost])
            self.top = Top(shapes[-1], (hidden[innermost - 1], *sides[innermost]))
            stages = [
                Stage(shape, _entrance(above, here, hidden, sides), hidden[here - 1])
                for shape, (here, above) in zip(shapes, itertools.pairwise(self._halvings), strict=False)
            ]
            self.stages = nn.ModuleList(stages)  # of levels 1 to L − 1
            self.decoder = PixelDecoder(_to_pixels(self._halvings[0], image_shape[0], hidden, sides), likelihood, sigma)
        channels_last(self)

    def _evidence(self, images: Tensor) -> list[Tensor]:
        """What the encoder sees in images at the size of each level, level 1 first."""
        maps = self.encoder(images)
        return [maps[halvings - 1] for halvings in self._halvings]

    def _top_down(self, images: Tensor, sample: bool) -> tuple[list[Level], Tensor]:
        """The levels of images, z_1 first, and the features that the decoder draws them from."""
        *evidence, of_top = self._evidence(self._checked_images(images))
        posterior = self.top.posterior(of_top)
        codes = _draw(posterior, sample)
        levels = [Level(codes, posterior, DiagonalGaussian.standard_like(codes))]
        features = self.top.read(codes)
        for stage, seen in zip(reversed(self.stages), reversed(evidence), strict=True):
            features = stage.enter(features)
            prior = stage.prior(features)
            posterior = stage.posterior(prior, features, seen)
            codes = _draw(posterior, sample)
            levels.insert(0, Level(codes, posterior, prior))
            features = stage.read(features, codes)
        return levels, features

    def infer(self, images: Tensor, sample: bool = True) -> list[Level]:
        """The levels, z_1 first, of images (N, C, H, W) in [0, 1]: samples, or means handed on from level to level."""
        return self._top_down(images, sample)[0]

    def forward(self, images: Tensor, sample: bool = True) -> Output:
        """Infer all levels of images (N, C, H, W) (from means if ``sample=False``) and decode them."""
        levels, features = self._top_down(images, sample)
        return Output(self.decoder(features), levels)

    def decode(self, *codes: Tensor) -> ImageLikelihood:
        """Codes (N, d) of all levels, z_1 first, to a distribution over images."""
        codes = self._checked_codes(*codes)
        features = self.top.read(codes[-1])
        pairs = zip(self.stages, codes[:-1], strict=True)
        for stage, level_codes in reversed(list(pairs)):
            features = stage.read(stage.enter(features), level_codes)
        return self.decoder(features)

    def prior(self, *above: Tensor) -> DiagonalGaussian:
        """p(z_l|z_{l+1}, …, z_L) of the level below those given, over codes (N, d).

        Parameters
        ----------
        *above : Tensors of shape (N, d)
            z_{l+1}, …, z_L: the codes of all levels above, the nearest first.

        Raises
        ------
        ValueError
            If the codes are not those of the upper levels, or no level is below them.
        """
        above = self._checked_upper_codes(*above)
        if len(above) == len(self.latent_dims):
            raise ValueError("no level is below level 1: give the codes of upper levels only")
        *stages, below = reversed(self.stages[-len(above) :])
        features = self.top.read(above[-1])
        for stage, codes in zip(stages, reversed(above[:-1]), strict=True):
            features = stage.read(stage.enter(features), codes)
        return below.prior(below.enter(features))

    def descend(self, *held: Tensor, sample: bool = False, temperature: float = 1.0) -> list[Tensor]:
        """Do as :meth:`vaecourse.models.Hierarchy.descend`, in one pass down the features."""
        held = self._checked_upper_codes(*held)
        given = [*reversed(held[:-1]), *[None] * (len(self.latent_dims) - len(held))]
        levels = [held[-1]]
        features = self.top.read(held[-1])
        for stage, codes in zip(reversed(self.stages), given, strict=True):
            features = stage.enter(features)
            if codes is None:
                prior = stage.prior(features)
                codes = prior.sample(temperature) if sample else prior.mean
            levels.insert(0, codes)
            features = stage.read(features, codes)
        return levels


def _halvings(latent_shapes, sides: list[tuple[int, int]]) -> list[int]:
    """How often the image is halved for each level; a dense level stands where all halvings are done.

    Raises
    ------
    ValueError
        If a level's shape cannot be reached, or a level is larger than the one below it.
    """
    advice = "give (channels, height, width) of each level, level 1 first; the last one may be (units,)"
    if not isinstance(latent_shapes, Sequence) or not latent_shapes:
        raise ValueError(f"latent_shapes must hold the shape of each level, got {latent_shapes!r}: {advice}")
    found = []
    for level, shape in enumerate(latent_shapes, start=1):
        dense_top = isinstance(shape, Sequence) and len(shape) == 1 and level == len(latent_shapes)
        if not dense_top and not (isinstance(shape, Sequence) and len(shape) == 3):
            raise ValueError(f"level {level} cannot have the shape {shape!r}: {advice}")
        if min(shape) < 1:
            raise ValueError(f"latent_shapes must be at least 1 each way, got {tuple(shape)} for level {level}")
        if dense_top:
            found.append(len(sides) - 1)
            continue
        if tuple(shape[1:]) not in sides[1:]:
            reached = ", ".join(f"{height}×{width}" for height, width in sides[1:])
            raise ValueError(
                f"level {level} cannot be {shape[1]}×{shape[2]}: halving the image gives {reached} (a halving for "
                f"each of the {len(sides) - 1} hidden channels)"
            )
        found.append(sides.index(tuple(shape[1:])))
    if found != sorted(found):
        raise ValueError(f"no level may be larger than the one below it, got {latent_shapes}: level 1 comes first")
    return found


def _entrance(above: int, here: int, hidden: tuple[int, ...], sides) -> nn.Sequential:
    """From features after ``above`` halvings to features after ``here``: a block, after each doubling if any."""
    layers = []
    for halvings in range(above, here, -1):
        layers.append(doubling(hidden[halvings - 1], hidden[halvings - 2], sides[halvings], sides[halvings - 1]))
        layers.append(ResidualBlock(hidden[halvings - 2]))
    return nn.Sequential(*(layers or [ResidualBlock(hidden[here - 1])]))


def _to_pixels(halvings: int, channels: int, hidden: tuple[int, ...], sides) -> list[nn.Module]:
    """From the features of level 1 to values of pixels."""
    layers = [ResidualBlock(hidden[halvings - 1]), *_entrance(halvings, 1, hidden, sides)]
    return [*layers, nn.SiLU(), doubling(hidden[0], channels, sides[1], sides[0])]


def _draw(distribution: DiagonalGaussian, sample: bool) -> Tensor:
    return distribution.sample() if sample else distribution.mean
