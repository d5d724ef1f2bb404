"""Pretrained models: the recipes they follow, their runs, measures, cards and weights."""

from vaecourse.pretrained.library import card, load_pretrained, names
from vaecourse.pretrained.packaging import package, verify
from vaecourse.pretrained.recipe import PretrainedError, Recipe, RecipeError
from vaecourse.pretrained.recipes import RECIPES, find
from vaecourse.pretrained.saving import load_model, save

__all__ = [
    "RECIPES",
    "PretrainedError",
    "Recipe",
    "RecipeError",
    "card",
    "find",
    "load_model",
    "load_pretrained",
    "names",
    "package",
    "save",
    "verify",
]
