"""How the rates of spatial levels are warmed up, and how many levels there are: variants of a recipe, on CelebA.

    python experiments/spatial_levels.py equal_warm_up --epochs 3

The variants are the recipe ``spatial-celeba`` and the same training with four levels of 16×16, not three, and an equal
warm-up of all rates over three epochs (two changes at once: the difference is that of both). A training ends after the
given number of epochs, while its schedules are those of the whole recipe, so that its history compares with the first
epochs of that recipe. The record that is there was made with narrower heads of the networks than today's. Writes
``results/spatial_levels/equal_warm_up_seed0.json``: the terms after each epoch, in nats per image, on 1,000 held-out
faces. The script refuses a stand-in.
"""

import argparse
import dataclasses

from phases import RESULTS

import vaecourse as vc
from vaecourse.pretrained.cards import provenance, rounded, write_record
from vaecourse.pretrained.recipes import RECIPES

RECIPE = RECIPES["spatial-celeba"]
FOUR_LARGE_LEVELS = {"latent_shapes": [[2, 16, 16]] * 4 + [[3, 8, 8]] * 2 + [[32]]}
THREE_EPOCHS = {"schedule": {"class": "Linear", "epochs": 3}}
VARIANTS = {
    "recipe": RECIPE,
    "equal_warm_up": dataclasses.replace(
        RECIPE, model=RECIPE.model | FOUR_LARGE_LEVELS, loss=RECIPE.loss | THREE_EPOCHS
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recipe = VARIANTS[options.variant]
    faces = vc.load("celeba", offline="error")
    model = recipe.build_model(faces.image_shape, options.seed)
    train = recipe.training_split(faces.train)
    loss, settings = recipe.build_loss(len(train), options.seed), recipe.fit_settings()
    history = vc.fit(model, train, loss, options.epochs, test=faces.test, seed=options.seed, **settings)
    record = {
        "variant": options.variant,
        "recipe": recipe.settings(),
        "seed": options.seed,
        "history": rounded({name: history[name] for name in history.names}),
        **provenance(faces),
        "train_command": f"python experiments/spatial_levels.py {options.variant} --epochs {options.epochs}",
    }
    write_record(record, RESULTS / "spatial_levels" / f"{options.variant}_seed{options.seed}.json")


if __name__ == "__main__":
    main()
