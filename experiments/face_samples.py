"""How much draws of the models of CelebA are like its faces: models and variants beside each other, with pictures.

    python experiments/face_samples.py train alike_within_a_size --folder FOLDER   # a variant of a recipe
    python experiments/face_samples.py score --folder FOLDER                       # variants, trainings of the folder
    python experiments/face_samples.py score                                       # models of the package

A score is the Fréchet distance of ``DRAWS`` draws from all training faces, in features of a small network that predicts
the 40 attributes. The network is trained first, from a fixed seed. ``held_out`` is the distance of as many photographs:
no draw can be expected to come below. Writes ``results/face_samples/NAME_seed0.json`` and, with draws at a temperature
of .7, a picture beside it. The script refuses a stand-in.
"""

import argparse
import dataclasses
import itertools
from pathlib import Path

import torch
from phases import RESULTS
from PIL import Image
from torch import nn

import vaecourse as vc
from vaecourse.pretrained.cards import provenance, rounded, write_record
from vaecourse.pretrained.recipes import RECIPES

TEMPERATURES = (1.0, 0.85, 0.7, 0.55, 0.4)
SHOWN_TEMPERATURE, SHOWN_DRAWS = 0.7, 12
DRAWS = 1_000
FEATURES, FEATURE_EPOCHS = 64, 6
MODELS = ("spatial-celeba", "spatial-bound-celeba", "hdvae3-celeba", "beta-vae-celeba")
RECIPE = RECIPES["spatial-celeba"]
VARIANTS = {
    # Levels of one size are warmed up alike, the maps of features are narrower, and the training is longer.
    "alike_within_a_size": dataclasses.replace(
        RECIPE,
        model=RECIPE.model | {"hidden": [24, 32, 64, 96]},
        loss=RECIPE.loss | {"schedule": [{"class": "Linear", "epochs": n} for n in (1.5, 1.5, 1.5, 3, 3, 6)]},
        epochs=16,
        learning_rate_schedule={"class": "Cosine", "epochs": 16},
    ),
}


class AttributeNetwork(nn.Module):
    """Convolutional network that predicts attributes; ``features`` are what its last layer reads."""

    def __init__(self, image_shape, attributes: int):
        super().__init__()
        channels, size = [image_shape[0], 24, 48, 64, 96], image_shape[1] // 16
        layers = [
            layer
            for ins, outs in itertools.pairwise(channels)
            for layer in (nn.Conv2d(ins, outs, 4, 2, 1), nn.BatchNorm2d(outs), nn.SiLU())
        ]
        self.features = nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(channels[-1] * size**2, FEATURES)
        )
        self.answers = nn.Linear(FEATURES, attributes)

    def forward(self, images):
        return self.answers(self.features(images))


def trained_network(faces: vc.data.ImageSet) -> AttributeNetwork:
    torch.manual_seed(0)
    network = AttributeNetwork(faces.image_shape, len(faces.factor_names))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.05)
    pictures, answers = faces.train.images, faces.train.factors.float()
    for epoch in range(FEATURE_EPOCHS):
        for chosen in torch.randperm(len(pictures)).split(64):
            batch = pictures[chosen].float() / 255
            batch = torch.where(torch.rand(len(batch), 1, 1, 1) < 0.5, batch.flip(3), batch)
            loss = nn.functional.binary_cross_entropy_with_logits(network(batch), answers[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = ((network(faces.test.as_floats()) > 0) == faces.test.factors.bool()).float().mean()
        print(f"features, epoch {epoch + 1}: {right:.3f} of the held-out attributes right", flush=True)
        network.train(epoch < FEATURE_EPOCHS - 1)
    network.accuracy = right.item()
    return network


@torch.no_grad()
def features_of(network: AttributeNetwork, pictures: torch.Tensor) -> torch.Tensor:
    return torch.cat([network.features(batch) for batch in pictures.split(250)])


def train(name: str, folder: Path, seed: int) -> None:
    faces = vc.load("celeba", offline="error")
    recipe = VARIANTS[name]
    model = recipe.build_model(faces.image_shape, seed)
    images = recipe.training_split(faces.train)
    loss = recipe.build_loss(len(images), seed)
    checkpoint = folder / f"{name}_seed{seed}.checkpoint"
    history = vc.fit(model, images, loss, recipe.epochs, seed=seed, checkpoint=checkpoint, **recipe.fit_settings())
    if history.interrupted:
        raise SystemExit("stopped: the same command goes on from the last whole epoch")
    vc.save(model, folder / f"{name}_seed{seed}.model.safetensors")


def models_of(folder: Path | None):
    """(name, seed, recipe, model) of all variants and trainings of a folder, or of the models of the package."""
    if folder is None:
        for name in MODELS:
            model = vc.load_pretrained(name)
            yield name, model.card["seed"], model.card["recipe"], model
        return
    for path in sorted(folder.glob("*_seed*.model.safetensors")):
        name, seed = path.name.removesuffix(".model.safetensors").rsplit("_seed", 1)
        yield name, int(seed), VARIANTS[name].settings(), vc.load_model(path)
    for name in MODELS:
        for path in sorted(folder.glob(f"{name}_seed*.json")):
            model = vc.load_pretrained(path.stem, folder)
            yield name, model.card["seed"], model.card["recipe"], model


def score(folder: Path | None) -> None:
    faces = vc.load("celeba", offline="error")
    network = trained_network(faces)
    known = features_of(network, faces.train.as_floats())
    shared = {"draws": DRAWS, "features": FEATURES, "accuracy_of_the_features": network.accuracy, **provenance(faces)}
    held_out = vc.metrics.frechet(known, features_of(network, faces.test.as_floats()[:DRAWS]))
    target = RESULTS / "face_samples"
    write_record(rounded({"model": "held_out", "frechet": held_out} | shared), target / "held_out.json")
    print(f"photographs held out: {held_out:.3f}", flush=True)
    for name, seed, recipe, model in models_of(folder):
        drawn = {tau: model.generate(DRAWS, seed=0, temperature=tau) for tau in TEMPERATURES}
        again = vc.reconstruct(model, faces.test[:DRAWS])
        report = vc.level_report(model, faces.test)
        record = {
            "model": name,
            "seed": seed,
            "recipe": recipe,
            "rate": report.rate,
            "psnr": report.psnr,
            "frechet": {
                f"{tau:g}": vc.metrics.frechet(known, features_of(network, drawn[tau])) for tau in TEMPERATURES
            },
            "frechet_of_reconstructions": vc.metrics.frechet(known, features_of(network, again)),
        }
        write_record(rounded(record | shared), target / f"{name}_seed{seed}.json")
        row = torch.cat(list(drawn[SHOWN_TEMPERATURE][:SHOWN_DRAWS]), dim=2)
        shown = Image.fromarray((255 * row).round().byte().permute(1, 2, 0).numpy())
        shown.save(target / f"{name}_seed{seed}.webp", quality=85)
        print(name, seed, record["frechet"], f"reconstructions {record['frechet_of_reconstructions']:.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="one variant of the recipe")
    training.add_argument("variant", choices=VARIANTS)
    training.add_argument("--folder", type=Path, required=True, help="where weights and checkpoints go")
    training.add_argument("--seed", type=int, default=0)
    scoring = commands.add_parser("score", help="draws of the variants in a folder, or of the models of the package")
    scoring.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.command == "train":
        options.folder.mkdir(parents=True, exist_ok=True)
        train(options.variant, options.folder, options.seed)
    else:
        score(options.folder)


if __name__ == "__main__":
    main()
