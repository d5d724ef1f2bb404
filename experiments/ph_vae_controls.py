"""The PH-VAE and its controls on grey MNIST, trained on all digits and on few.

    python experiments/ph_vae_controls.py [--seeds 0 1 2] [--images 60000 5000 500]

* ``ph_vae``, ``ph_vae_legendre``: degree 3 with 16 units each, of powers and of shifted Legendre polynomials;
* ``sees_x``, ``sees_centred``: the same networks, but the input of all three encoders is x, or 2x − 1, which is the
  Legendre polynomial of degree 1: the difference to ``ph_vae`` is the effect of the polynomials;
* ``vae48``: one encoder, 48 units, for three weights β of the rate, which enclose the β-VAE of equal rate;
* ``vae16``: one encoder, 16 units, as many as one degree.

The protocol is reduced for a CPU, to less than a minute per run. The full set is trained on for six epochs, small sets
for several hundred steps, without early stopping. A seed determines the digits as well as the weights.

Each run writes ``results/ph_vae_controls/<model>_beta<β>_n<N>_seed<k>.json``. A run whose file exists is skipped, so
the list can be stopped and started again. The script refuses a stand-in.
"""

import argparse
import itertools
import json
from pathlib import Path

import torch

import vaecourse as vc
from vaecourse.pretrained.cards import provenance, rounded, write_record
from vaecourse.pretrained.measures import scores
from vaecourse.pretrained.recipe import MEASURES_OF_ALL

FOLDER = Path(__file__).parents[1] / "results" / "ph_vae_controls"
HIDDEN = (256, 128)
DEGREE, UNITS = 3, 16
BATCH_SIZE, LEARNING_RATE = 128, 1e-3
EPOCHS = {60_000: 6, 5_000: 20, 500: 100}
SEEDS = (0, 1, 2)
# (model, β)
POINTS = [
    ("ph_vae", 1),
    ("vae48", 1),
    ("sees_x", 1),
    ("ph_vae_legendre", 1),
    ("sees_centred", 1),
    ("vae16", 1),
    ("vae48", 0.7),
    ("vae48", 1.4),
]


class SeesImage(vc.PHVAE):
    """A PH-VAE without its powers: the input of every encoder is x."""

    def features(self, images):
        return [images] * self.degree


class SeesCentred(vc.PHVAE):
    """A PH-VAE in which the input of every encoder is 2x − 1."""

    def features(self, images):
        return [2 * images - 1] * self.degree


def make_model(name: str, image_shape, seed: int) -> torch.nn.Module:
    settings = {"hidden": HIDDEN, "seed": seed}
    if name.startswith("vae"):
        return vc.VAE(image_shape, int(name.removeprefix("vae")), **settings)
    if name.startswith("ph_vae"):
        basis = "legendre" if name.endswith("legendre") else "powers"
        return vc.PHVAE(image_shape, UNITS, DEGREE, basis=basis, **settings)
    return {"sees_x": SeesImage, "sees_centred": SeesCentred}[name](image_shape, UNITS, DEGREE, **settings)


def chosen_digits(train: vc.Split, count: int, seed: int) -> vc.Split:
    """``count`` training digits, the same for every model."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    return train if count >= len(train) else train[order[:count]]


def run(mnist: vc.ImageSet, name: str, beta: float, count: int, seed: int) -> None:
    path = FOLDER / f"{name}_beta{beta:g}_n{count}_seed{seed}.json"
    training = {"epochs": EPOCHS[count], "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "seed": seed}
    if path.exists():
        if json.loads(path.read_text())["training"] != training:
            raise SystemExit(f"{path.name} was made with other settings: take it away to make it anew")
        return
    train = chosen_digits(mnist.train, count, seed)
    model = make_model(name, mnist.image_shape, seed)
    history = vc.fit(model, train, vc.losses.BetaVAE(beta), **training)
    if history.interrupted:
        raise SystemExit("stopped: the same command goes on with this run")
    result = {
        "model": name,
        "beta": beta,
        "scores": rounded(scores(model, mnist, MEASURES_OF_ALL)),
        "train_negative_elbo": history["negative_elbo"][-1],
        "hidden": HIDDEN,
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "training": training,
        "training_minutes": history["seconds"][-1] / 60,
        **provenance(mnist, len(train)),
        "train_command": f"python experiments/ph_vae_controls.py --seeds {seed} --images {count}",
    }
    write_record(result, path)
    elbo = result["scores"]["elbo"]
    print(f"{path.stem}: rate {elbo['rate']:.2f}, −ELBO {elbo['negative_elbo']:.2f} nats", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--images", type=int, nargs="+", choices=EPOCHS, default=list(EPOCHS), help="training digits")
    options = parser.parse_args()
    mnist = vc.load("mnist", offline="error")
    for seed, count, point in itertools.product(options.seeds, options.images, POINTS):
        run(mnist, *point, count, seed)


if __name__ == "__main__":
    main()
