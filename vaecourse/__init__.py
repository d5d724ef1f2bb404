"""Variational autoencoders, from the plain autoencoder to hierarchies: the package of the course.

Everything that a chapter uses is available after ``import vaecourse as vc``. Names load on first use, so
importing the package takes little longer than importing torch.
"""

import lazy_loader

# Before any block of warnings.catch_warnings, which would undo it.
import vaecourse.notices  # noqa: F401

__version__ = "0.1.0"

_exports, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["data", "evaluation", "explorers", "losses", "metrics", "models", "plots", "pretrained", "training"],
    submod_attrs={
        "data": ["ImageSet", "Split", "load"],
        "distributions": ["BernoulliImages", "DiagonalGaussian", "GaussianImages"],
        "evaluation": ["CollapseWarning", "LevelReport", "encode", "evaluate", "level_report", "nll", "reconstruct"],
        "explorers": ["explore"],
        "explorers.lab": ["lab"],
        "metrics": ["attributes"],
        "models": ["HDVAE", "PHVAE", "VAE", "Autoencoder", "DiffusionModel", "SpatialHDVAE"],
        "plots": ["animations"],
        "pretrained": ["load_model", "load_pretrained", "save"],
        "teaching": ["check", "scale", "show_source", "table"],
        "training": ["History", "Snapshots", "TrainingDiverged", "fit"],
    },
)


def __getattr__(name):
    return _exports(name)
