"""The table of recipes: which model is trained on which data, by which loss, for how long.

``python -m vaecourse recipes`` prints the table, ``python -m vaecourse train NAME`` follows a recipe.

What was chosen on what: networks and weights of losses that a paper gives are taken from it, where a comment says so.
For all other settings no validation split was held out: take them as chosen on the test split that the cards score. A
new recipe should choose on ``train, validation = split.hold_out()``.
"""

import difflib
import fnmatch

from vaecourse.pretrained.recipe import MEASURES_OF_ALL, Recipe, RecipeError


def find(wanted: str) -> list[Recipe]:
    """The recipe of this name, or all recipes whose names match a pattern such as ``*-dsprites``.

    Raises
    ------
    RecipeError
        If there is no such recipe.
    """
    found = [RECIPES[name] for name in fnmatch.filter(RECIPES, wanted)]
    if not found:
        raise RecipeError(f"there is no recipe {wanted!r}: {suggestion(wanted, RECIPES)}")
    return found


def suggestion(wanted: str, names) -> str:
    """Suggestion of known names that resemble an unknown one."""
    close = difflib.get_close_matches(str(wanted).lower().replace("_", "-"), names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"choose one of {', '.join(names)}" if names else "there are none"


def _vae(units: int) -> dict:
    return {"class": "VAE", "latent_dim": units}


def _hdvae(*units: int, level_hidden: int = 128) -> dict:
    return {"class": "HDVAE", "latent_dims": list(units), "level_hidden": [level_hidden]}


def _spatial(*sizes: tuple) -> tuple[dict, dict]:
    """Model and loss from (shape, epochs of the warm-up of each level of this shape), the lowest level first.

    The rates of the upper levels are warmed up longest: while they cost little these levels learn what concerns the
    whole image, and the lower ones add what is missing.
    """
    shapes = [shape for shape, *warm_ups in sizes for _ in warm_ups]
    schedules = [{"class": "Linear", "epochs": epochs} for _, *warm_ups in sizes for epochs in warm_ups]
    loss = {"class": "HELBO", "betas": 1.0, "bound": "chain", "schedule": schedules}
    return {"class": "SpatialHDVAE", "latent_shapes": shapes}, loss


def _long_training(epochs: int) -> dict:
    """Settings of a long training: small batches, and a learning rate that falls."""
    return {
        "batch_size": 32,
        "learning_rate": 1e-3,
        "learning_rate_schedule": {"class": "Cosine", "epochs": epochs},
        "largest_gradient": 300.0,
    }


def _beta(beta: float) -> dict:
    return {"class": "BetaVAE", "beta": beta}


def _helbo(betas, bound: str, warm_up: float | None = None) -> dict:
    schedule = {"schedule": {"class": "Linear", "epochs": warm_up}} if warm_up else {}
    return {"class": "HELBO", "betas": betas, "bound": bound, **schedule}


# The decoder reads all levels: otherwise the upper ones carry only a few nats.
TOP_DOWN_SKIP = {"inference": "top_down", "decoder_reads": "all"}

# MNIST and Fashion-MNIST: (method, model, loss). Fully connected networks, Bernoulli pixels.
MNIST_METHODS = [
    ("ae", {"class": "Autoencoder", "latent_dim": 16}, {"class": "Reconstruction"}),
    ("vae2", _vae(2), _beta(1)),
    ("vae4", _vae(4), _beta(1)),
    ("vae16", _vae(16), _beta(1)),
    ("beta-vae-2", _vae(16), _beta(2)),
    ("beta-vae", _vae(16), _beta(4)),
    ("beta-vae-8", _vae(16), _beta(8)),
    ("ph-vae", {"class": "PHVAE", "latent_dim": 16, "degree": 3}, {"class": "PolynomialDivergence"}),
    ("hdvae2", _hdvae(64, 32) | TOP_DOWN_SKIP, _helbo(1.0, "chain", warm_up=5)),
    ("hdvae3", _hdvae(64, 32, 16) | TOP_DOWN_SKIP, _helbo(1.0, "chain", warm_up=5)),
]
GREY_NETWORK = {"hidden": [256, 128]}
GREY_EPOCHS = 20

# dSprites: (method, model, loss). A protocol reduced for a CPU: ten units and four convolutions as in Locatello et al.
# (2019), but with half their channels, and a training that sees 100,000 images instead of their 19 million.
DSPRITES_IMAGES, DSPRITES_EPOCHS = 50_000, 2
DSPRITES_NETWORK = {"network": "conv", "hidden": [16, 16, 32, 32]}
DISCRIMINATOR = [256] * 6  # that of Locatello et al. has layers of 1,000
DSPRITES = [
    ("vae", _vae(10), _beta(1)),
    ("beta-vae", _vae(10), _beta(4)),
    ("beta-vae-8", _vae(10), _beta(8)),
    ("capacity", _vae(10), {"class": "Capacity", "capacity": 18.0, "gamma": 10.0, "epochs": 0.8 * DSPRITES_EPOCHS}),
    ("factor-vae", _vae(10), {"class": "FactorVAE", "gamma": 10.0, "hidden": DISCRIMINATOR}),
    ("factor-vae-35", _vae(10), {"class": "FactorVAE", "gamma": 35.0, "hidden": DISCRIMINATOR}),
    ("beta-tcvae", _vae(10), {"class": "BetaTCVAE", "beta": 6.0}),
    ("dip-i", _vae(10), {"class": "DIPVAE", "kind": "i", "lambda_od": 10.0}),
    ("dip-ii", _vae(10), {"class": "DIPVAE", "kind": "ii", "lambda_od": 10.0}),
    ("ph-vae", {"class": "PHVAE", "latent_dim": 10, "mixing": "sum"}, {"class": "PolynomialDivergence"}),
    ("hdvae2", _hdvae(10, 6, level_hidden=64), _helbo(1.0, "chain")),
    ("hdvae3", _hdvae(10, 6, 4, level_hidden=64), _helbo(1.0, "chain")),
    ("hdvae3-published", _hdvae(10, 6, 4, level_hidden=64), _helbo([2.0, 1.0, 0.5], "product")),
]

# One training that is long enough to separate position and scale: 1.7 million pictures in a few minutes, because fully
# connected networks, as in Higgins et al. (2017), cost a fraction of convolutions here.
DSPRITES_LONG = {
    "batch_size": 128,
    "train_images": 122_880,
    "learning_rate_schedule": {"class": "Cosine", "epochs": 14},
}

# Colour faces: (method, model, loss). Gaussian pixels of one standard deviation.
LEARNED_SIGMA = {"initial_sigma": 0.1}
TOY_FACES_NETWORK = {"network": "conv", "hidden": [16, 32, 64, 128], "likelihood": "gaussian", **LEARNED_SIGMA}
TOY_FACES = [
    ("hdvae3", _hdvae(64, 32, 16) | TOP_DOWN_SKIP, _helbo(1.0, "chain", warm_up=3)),
    ("beta-vae", _vae(64), _beta(1)),
]
# Rivals of the spatial levels, with about as many weights and at least as many epochs.
CELEBA_NETWORK = {"network": "conv", "hidden": [16, 32, 64, 64], "likelihood": "gaussian", **LEARNED_SIGMA}
CELEBA_EPOCHS = 16
CELEBA = [
    ("hdvae3", _hdvae(128, 64, 32) | TOP_DOWN_SKIP, _helbo(1.0, "chain", warm_up=3)),
    ("beta-vae", _vae(128), _beta(1)),
]

# Spatial levels: (method, data, levels, settings of the model, epochs, other settings of the training).
FACES_NETWORK = {"hidden": [24, 48, 64, 96], "likelihood": "gaussian"}
TOY_FACES_SPATIAL_NETWORK = {"hidden": [16, 24, 48, 64], "likelihood": "gaussian"}
FACES_LEVELS = _spatial(([2, 16, 16], 0.75, 1.5, 2.25), ([3, 8, 8], 3, 4), ([32], 5))
BOUND_LEVELS = _spatial(([2, 32, 32], 4), ([4, 16, 16], 4), ([4, 8, 8], 4), ([32], 5))
TOY_FACES_LEVELS = _spatial(([2, 16, 16], 1), ([2, 8, 8], 1.5), ([16], 3))
SPATIAL = [
    # With a fixed σ the levels share the work; a learned σ is for the bound.
    ("spatial", "celeba", FACES_LEVELS, FACES_NETWORK | {"sigma": 0.12}, 12, {"flips": True}),
    ("spatial-bound", "celeba", BOUND_LEVELS, FACES_NETWORK | LEARNED_SIGMA, 16, {"flips": True}),
    ("spatial", "toy_faces", TOY_FACES_LEVELS, TOY_FACES_SPATIAL_NETWORK | {"sigma": 0.08}, 6, {}),
]

# The faces at full scale, for a GPU: ``python -m vaecourse train '*-full-*' --jobs 5 --minutes 8``, again and again
# until its exit status is 0. More levels, wider networks and many more epochs; checkpoints stay below 16 MiB.
FULL_NETWORK = {"hidden": [24, 48, 72, 96], "likelihood": "gaussian"}
FULL_FACES_LEVELS = _spatial(([2, 16, 16], 2, 3, 4, 5), ([3, 8, 8], 6, 8, 10), ([32], 16))
FULL_BOUND_LEVELS = _spatial(([2, 32, 32], 4), ([6, 16, 16], 4), ([6, 8, 8], 8), ([48], 16))
FULL_TOY_FACES_LEVELS = _spatial(([2, 16, 16], 2), ([2, 8, 8], 4), ([16], 8))
FULL_SPATIAL = [
    ("spatial-full", "celeba", FULL_FACES_LEVELS, FULL_NETWORK | {"sigma": 0.12}, 150, {"flips": True}),
    ("spatial-bound-full", "celeba", FULL_BOUND_LEVELS, FULL_NETWORK | LEARNED_SIGMA, 150, {"flips": True}),
    ("spatial-full", "toy_faces", FULL_TOY_FACES_LEVELS, FULL_NETWORK | {"sigma": 0.08}, 60, {}),
]
FULL_CELEBA_NETWORK = {"network": "conv", "hidden": [32, 64, 64, 80], "likelihood": "gaussian", **LEARNED_SIGMA}
FULL_CELEBA_EPOCHS = 150


def _table() -> dict[str, Recipe]:
    recipes = []
    for data in ("mnist", "fashion_mnist"):
        for method, model, loss in MNIST_METHODS:
            measures = ("distortion", "reconstruction", "active_units") if method == "ae" else (*MEASURES_OF_ALL, "nll")
            recipes.append(_recipe(method, data, model | GREY_NETWORK, loss, GREY_EPOCHS, measures=measures))
    for method, model, loss in DSPRITES:
        settings = {
            "batch_size": 64,
            "train_images": DSPRITES_IMAGES,
            "measures": (*MEASURES_OF_ALL, "disentanglement"),
        }
        recipes.append(_recipe(method, "dsprites", model | DSPRITES_NETWORK, loss, DSPRITES_EPOCHS, **settings))
    long_loss = {"class": "BetaTCVAE", "beta": 5.0}
    settings = settings | DSPRITES_LONG
    recipes.append(_recipe("beta-tcvae-long", "dsprites", _vae(10) | GREY_NETWORK, long_loss, 14, **settings))
    for method, model, loss in TOY_FACES:
        recipes.append(_recipe(method, "toy_faces", model | TOY_FACES_NETWORK, loss, 10, batch_size=64))
    for suffix, network, epochs in (
        ("", CELEBA_NETWORK, CELEBA_EPOCHS),
        ("-full", FULL_CELEBA_NETWORK, FULL_CELEBA_EPOCHS),
    ):
        training = _long_training(epochs) | {"learning_rate": 1e-3, "flips": True}
        for method, model, loss in CELEBA:
            recipes.append(_recipe(method + suffix, "celeba", model | network, loss, epochs, **training))
    for method, data, (model, loss), more, epochs, other in SPATIAL + FULL_SPATIAL:
        recipes.append(_recipe(method, data, model | more, loss, epochs, **_long_training(epochs) | other))
    return {recipe.name: recipe for recipe in recipes}


def _recipe(method: str, data: str, *settings, **more) -> Recipe:
    return Recipe(f"{method}-{data.replace('_', '-')}", data, *settings, **more)


RECIPES = _table()
