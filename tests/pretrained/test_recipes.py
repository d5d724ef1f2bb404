"""Recipes: every one can be followed, written down and read back; what is asked for wrongly is named."""

import json
import math

import pytest
import torch
from tiny_recipes import tiny_recipe

import vaecourse as vc
from vaecourse.data.loading import DATA_SETS
from vaecourse.pretrained.measures import MEASURES
from vaecourse.pretrained.recipe import Recipe, RecipeError
from vaecourse.pretrained.recipes import DSPRITES, RECIPES, find

SHAPES = {"mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28), "dsprites": (1, 64, 64)}


def shape_of(recipe):
    return SHAPES.get(recipe.data, (3, 64, 64))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_can_be_followed(recipe):
    """Its loss can be computed of its model's output, and moves every weight."""
    model, loss = recipe.build_model(shape_of(recipe)), recipe.build_loss(train_images=1000)
    images = torch.rand(4, *shape_of(recipe), generator=torch.Generator().manual_seed(0))
    loss(images, model(images), 1.0)["loss"].backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert recipe.data in DATA_SETS
    assert set(recipe.measures) <= set(MEASURES)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_survives_json(recipe):
    assert Recipe.from_settings(json.loads(json.dumps(recipe.settings()))) == recipe


def test_names_tell_the_data_and_methods_are_many():
    assert all(name == recipe.name for name, recipe in RECIPES.items())
    assert all(name.endswith(recipe.data.replace("_", "-")) for name, recipe in RECIPES.items())
    methods = {name.removesuffix("-dsprites") for name in RECIPES if name.endswith("-dsprites")}
    wanted = {
        "vae",
        "beta-vae",
        "capacity",
        "factor-vae",
        "beta-tcvae",
        "dip-i",
        "dip-ii",
        "ph-vae",
        "hdvae2",
        "hdvae3",
    }
    assert wanted <= methods


def test_rivals_on_dsprites_have_the_same_networks_and_training():
    fixed = {
        (tuple(recipe.model["hidden"]), recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.train_images)
        for recipe in (RECIPES[f"{method}-dsprites"] for method, *_ in DSPRITES)
    }
    assert len(fixed) == 1


def test_initial_weights_follow_the_seed():
    recipe = RECIPES["vae2-mnist"]
    first, same, other = (recipe.build_model((1, 28, 28), seed).encoder.layers[1].weight for seed in (3, 3, 4))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_a_learned_sigma_starts_where_the_recipe_says():
    model = Recipe(
        "x", "mnist", {"class": "VAE", "latent_dim": 2, "likelihood": "gaussian", "initial_sigma": 0.1}, {}, 1
    )
    sigma = model.build_model((1, 12, 12)).decoder.log_sigma
    assert sigma.exp().item() == pytest.approx(0.1)
    assert sigma.requires_grad


def test_losses_are_told_what_they_ask_for():
    assert RECIPES["beta-tcvae-dsprites"].build_loss(train_images=123).dataset_size == 123
    assert RECIPES["factor-vae-dsprites"].build_loss(123, seed=7).seed == 7
    assert RECIPES["beta-vae-dsprites"].build_loss(123).beta == 4


def test_a_schedule_is_part_of_a_loss():
    loss = {"class": "HELBO", "betas": [2.0, 1.0], "schedule": {"class": "Linear", "epochs": 4}}
    built = Recipe("x", "mnist", {}, loss, 1).build_loss(10)
    assert built.betas_at(1, levels=2) == [0.5, 0.25]
    assert built.betas_at(math.inf, levels=2) == [2.0, 1.0]


def test_a_subset_is_random_and_always_the_same(striped_split):
    split = vc.Split(striped_split.images, factors=torch.arange(400)[:, None])
    chosen, again = (tiny_recipe(train_images=50).training_split(split).factors[:, 0] for _ in range(2))
    assert torch.equal(chosen, again)
    assert len(chosen.unique()) == 50
    assert 120 < chosen.float().mean() < 280
    assert len(tiny_recipe().training_split(split)) == 400
    assert len(tiny_recipe(train_images=1000).training_split(split)) == 400


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"class": "VEA"}, "no class 'VEA' in vaecourse.models"),
        ({"class": "torch"}, "no class 'torch'"),
        ({}, "no class None"),
        ({"class": "VAE", "latent_dim": 2, "width": 3}, "VAE cannot be made of .*width"),
        ({"class": "VAE"}, "VAE cannot be made of .*latent_dim"),
    ],
)
def test_a_model_that_there_is_not_is_named(model, message):
    with pytest.raises(RecipeError, match=message):
        Recipe("x", "mnist", model, {}, 1).build_model((1, 12, 12))


def test_settings_of_something_else_are_refused():
    good = tiny_recipe().settings()
    for bad in (good | {"colour": 1}, {"name": "x"}, {key: good[key] for key in good if key != "loss"}):
        with pytest.raises(RecipeError, match="not the settings of a recipe"):
            Recipe.from_settings(bad)


def test_recipes_are_found_by_name_and_pattern():
    assert find("vae2-mnist") == [RECIPES["vae2-mnist"]]
    assert {recipe.data for recipe in find("*-fashion-mnist")} == {"fashion_mnist"}
    with pytest.raises(RecipeError, match="no recipe 'beta_vae_mnst': did you mean 'beta-vae-mnist'"):
        find("beta_vae_mnst")
    with pytest.raises(RecipeError, match=r"no recipe '\?\?\?': choose one of ae-mnist, "):
        find("???")


def test_extras_of_a_training_are_written_only_where_used():
    """So the cards of models that were trained before there were any are still those of their recipes."""
    plain = tiny_recipe()
    assert not {"flips", "learning_rate_schedule", "largest_gradient"} & set(plain.settings())
    schedule = {"class": "Cosine", "epochs": 2}
    used = tiny_recipe(flips=True, learning_rate_schedule=schedule, largest_gradient=9.0)
    assert Recipe.from_settings(json.loads(json.dumps(used.settings()))) == used
    assert used.fit_settings()["learning_rate_schedule"] == vc.losses.Cosine(2)
    assert used.fit_settings()["largest_gradient"] == 9.0
    assert plain.fit_settings() == {"batch_size": 50, "learning_rate": 1e-3, "largest_gradient": None}


def test_flips_are_those_of_the_training_split_only(striped_split):
    assert tiny_recipe(flips=True).training_split(striped_split).flips
    assert not tiny_recipe().training_split(striped_split).flips


@pytest.mark.parametrize("recipe", find("*-full-*"), ids=lambda recipe: recipe.name)
def test_full_scale_is_longer_and_wider_and_its_files_stay_below_16_mib(recipe):
    """A checkpoint holds weights and two moments of Adam, all in float32."""
    plain = RECIPES[recipe.name.replace("-full", "")]
    full, small = (
        sum(weight.numel() for weight in each.build_model((3, 64, 64)).parameters()) for each in (recipe, plain)
    )
    assert recipe.epochs >= 5 * plain.epochs
    assert full > small
    assert 3 * 4 * full < 15.5 * 2**20
    assert recipe.data == plain.data
