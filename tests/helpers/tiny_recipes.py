"""Recipes that are followed in a moment, on whatever lies in the cache as MNIST."""

from vaecourse.pretrained.recipe import Recipe


def tiny_recipe(name: str = "tiny", epochs: int = 2, beta: float = 1.0, measures=("elbo", "active_units"), **settings):
    model = {"class": "VAE", "latent_dim": 2, "hidden": [16]}
    return Recipe(name, "mnist", model, {"class": "BetaVAE", "beta": beta}, epochs, 50, measures=measures, **settings)
