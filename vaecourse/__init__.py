"""Variational autoencoders, from the plain autoencoder to hierarchies: the package of the course.

Everything a chapter uses is reachable from here: ``import vaecourse as vc``. Names load on first use, so
importing the package costs little more than importing torch.
"""

import lazy_loader

__version__ = "0.1.0"

_exports, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["animations", "attributes", "data", "losses", "metrics", "plots", "pretrained"],
    submod_attrs={
        "data": ["ImageSet", "Split", "load"],
        "distributions": ["BernoulliImages", "DiagonalGaussian", "GaussianImages"],
        "history": ["History", "Snapshots", "TrainingDiverged"],
        "hierarchy": ["CollapseWarning", "LevelReport", "level_report"],
        "explorers": ["explore"],
        "evaluation": ["encode", "evaluate", "reconstruct"],
        "models": ["HDVAE", "PHVAE", "VAE", "Autoencoder"],
        "pretrained": ["load_pretrained"],
        "scaling": ["scale"],
        "teaching": ["check", "show_source"],
        "training": ["fit"],
    },
)


def __getattr__(name):
    return _exports(name)
