"""VAE, β-VAE, FactorVAE, β-TCVAE, DIP-VAE and HDVAE on MNIST, with equal networks and several weights β of the rate.

    python experiments/method_comparison.py --method factor_vae --weight 10 --beta 1 --seed 0
    python experiments/method_comparison.py --all                      # the fixed list below, one run after another

Every method minimises distortion + β · rate + its own penalty, so that each has a curve over β and any two can be
compared at equal rate. ``beta_vae`` has no penalty, and with β = 1 it is the VAE. ``hdvae2`` and ``hdvae3`` have one β
for all levels and the bound of the sampled chain; their image networks are those of the others, and the result records
the number of ``parameters``, which their upper levels increase. ``hdvae3_published`` has the weights .5, .2, .1 and the
closed-form KL of the published notebooks instead.

Each run writes ``results/method_comparison/<method>_<weight>_beta<β>_seed<k>.json``. A run whose file exists is
skipped, so the list can be stopped and started again. The defaults are for a CPU: 20,000 digits, 10 epochs and a small
discriminator for FactorVAE. On a GPU ask for
``--epochs 20 --train-images 60000 --discriminator 1000 1000 1000 1000 1000 1000``, the published length and the paper's
discriminator. The script refuses a stand-in.
"""

import argparse
import itertools
import json
from pathlib import Path

import vaecourse as vc
from vaecourse.pretrained.cards import provenance, write_record

FOLDER = Path(__file__).parents[1] / "results" / "method_comparison"
LATENT_DIM, HIDDEN, LEVEL_HIDDEN = 64, (512, 256, 128), (128,)
HIERARCHIES = {"hdvae2": (64, 32), "hdvae3": (64, 32, 16), "hdvae3_published": (64, 32, 16)}
PUBLISHED_BETAS = (0.5, 0.2, 0.1)
BATCH_SIZE, LEARNING_RATE = 128, 1e-3
# These settings fit an hour on one CPU core. The paper's discriminator, six layers of 1,000, would take most of it.
EPOCHS, TRAIN_IMAGES, DISCRIMINATOR = 10, 20_000, (256, 256, 256)
# The reference has the most weights, because all others are read off its curve. The last one reaches the rates of the
# hierarchies at β = 4.
REFERENCE_BETAS = (0.125, 0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 4, 6)
HIERARCHY_BETAS, RIVAL_BETAS = (0.25, 0.5, 1, 2, 4), (0.5, 1, 2)
SEEDS = (0, 1, 2, 3, 4)


def runs() -> list[tuple[str, float, float, int]]:
    """(method, weight, β, seed) of the fixed list: the reference first, then β = 1 of all others, then their curves."""
    reference = list(itertools.product(("beta_vae",), (0,), REFERENCE_BETAS))
    others = list(itertools.product(("hdvae2", "hdvae3"), (0,), HIERARCHY_BETAS))
    for method, weight in (("factor_vae", 10), ("beta_tcvae", 4), ("dip_i", 10), ("dip_ii", 10)):
        others += [(method, weight, beta) for beta in RIVAL_BETAS]
    # The published weights, and their equivalents if the penalty is a batch mean beside losses summed over the batch:
    # γ = 10 is then 10/128 per image, and λ = 100 is 100/128.
    others += [("factor_vae", 0.08, 1), ("hdvae3_published", 0, 1)]
    others += [(method, weight, 1) for method in ("dip_i", "dip_ii") for weight in (0.8, 100)]
    at_one, at_other_weights = ([point for point in others if (point[2] == 1) == one] for one in (True, False))
    return [
        (*point, seed)
        for points in (reference, at_one, at_other_weights)
        for seed, point in itertools.product(SEEDS, points)
    ]


class Priced:
    """A loss with β · rate in place of rate."""

    def __init__(self, loss, beta: float):
        self.loss, self.beta = loss, beta
        self.smallest_batch = loss.smallest_batch

    def __call__(self, images, output, epoch=float("inf")):
        terms = self.loss(images, output, epoch)
        return terms | {"loss": terms["loss"] + (self.beta - 1) * terms["rate"]}


def make_loss(method: str, weight: float, beta: float, seed: int, train_images: int, discriminator: tuple[int, ...]):
    if method == "beta_vae":
        return vc.losses.BetaVAE(beta)
    if method == "hdvae3_published":
        return vc.losses.HELBO(PUBLISHED_BETAS, bound="product")
    if method in HIERARCHIES:
        return vc.losses.HELBO(float(beta), bound="chain")
    penalised = {
        "factor_vae": lambda: vc.losses.FactorVAE(weight, hidden=discriminator, seed=seed),
        "beta_tcvae": lambda: vc.losses.BetaTCVAE(weight, dataset_size=train_images),
        # One λ for the covariances and the variances, as in the published table.
        "dip_i": lambda: vc.losses.DIPVAE("i", lambda_od=weight, lambda_d=weight),
        "dip_ii": lambda: vc.losses.DIPVAE("ii", lambda_od=weight, lambda_d=weight),
    }
    return Priced(penalised[method](), beta)


def make_model(method: str, image_shape, seed: int):
    if method in HIERARCHIES:
        # Bottom-up as published, so that encoder and decoder are exactly those of the VAE.
        dims = HIERARCHIES[method]
        return vc.HDVAE(image_shape, dims, inference="bottom_up", hidden=HIDDEN, level_hidden=LEVEL_HIDDEN, seed=seed)
    return vc.VAE(image_shape, LATENT_DIM, hidden=HIDDEN, seed=seed)


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def run(mnist, method: str, weight: float, beta: float, seed: int, options) -> None:
    path = FOLDER / f"{method}_{weight:g}_beta{beta:g}_seed{seed}.json"
    if path.exists():
        old = json.loads(path.read_text())
        if (old["training"]["epochs"], old["train_images"]) != (options.epochs, options.train_images):
            raise SystemExit(f"{path.name} was made at another scale: take it away, or ask for the same scale")
        return
    model = make_model(method, mnist.image_shape, seed)
    loss = make_loss(method, weight, beta, seed, options.train_images, tuple(options.discriminator))
    train = mnist.train[: options.train_images]
    settings = {"epochs": options.epochs, "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "seed": seed}
    history = vc.fit(model, train, loss, progress=False, **settings)
    if history.interrupted:
        raise SystemExit("stopped: the same command goes on with the run that was broken off")
    pictures = mnist.test.as_floats()
    means, samples = (vc.reconstruct(model, mnist.test, sample=sample) for sample in (False, True))
    codes = vc.encode(model, mnist.test, sample=True)
    image_networks = count(model.encoder) + count(model.decoder)
    result = {
        "method": method,
        "weight": weight,
        "beta": PUBLISHED_BETAS if method == "hdvae3_published" else beta,
        "psnr": vc.metrics.psnr(pictures, means).mean().item(),
        "ssim": vc.metrics.ssim(pictures, means).mean().item(),
        "psnr_of_samples": vc.metrics.psnr(pictures, samples).mean().item(),
        "ssim_of_samples": vc.metrics.ssim(pictures, samples).mean().item(),
        "test": vc.evaluate(model, mnist.test, loss),
        # From samples: means of inactive units vary little, but together, and their correlation would count in full.
        "gaussian_total_correlation": vc.losses.gaussian_total_correlation(codes).item(),
        "active_units": vc.level_report(model, mnist.test).active_units,
        "train_loss": history["loss"][-1],
        "parameters": {"image_networks": image_networks, "upper_levels": count(model) - image_networks},
        "model": {"class": type(model).__name__, "latent_dims": model.latent_dims, "hidden": HIDDEN},
        "training": {
            **settings,
            "minutes": history["seconds"][-1] / 60,
            **({"discriminator": options.discriminator} if method == "factor_vae" else {}),
            **({"bound": loss.bound, "inference": model.inference} if method in HIERARCHIES else {}),
        },
        **provenance(mnist, len(train)),
        "train_command": f"python experiments/method_comparison.py --method {method} --weight {weight:g} "
        f"--beta {beta:g} --seed {seed} --epochs {options.epochs} --train-images {options.train_images} "
        f"--discriminator {' '.join(map(str, options.discriminator))}",
    }
    write_record(result, path)
    test = result["test"]
    print(f"{path.stem}: rate {test['rate']:.2f}, distortion {test['distortion']:.2f}, PSNR {result['psnr']:.2f}")


def main() -> None:
    methods = sorted({method for method, *_ in runs()})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the fixed list of runs, those that are missing")
    parser.add_argument("--method", choices=methods)
    parser.add_argument("--weight", type=float, default=0.0, help="γ, λ or β of the method's own penalty")
    parser.add_argument("--beta", type=float, default=1.0, help="price of the rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--train-images", type=int, default=TRAIN_IMAGES)
    parser.add_argument(
        "--discriminator", type=int, nargs="+", default=DISCRIMINATOR, help="units of FactorVAE's discriminator"
    )
    options = parser.parse_args()
    if options.all == (options.method is not None):
        parser.error("give either --all or --method")
    mnist = vc.load("mnist", offline="error")
    chosen = runs() if options.all else [(options.method, options.weight, options.beta, options.seed)]
    for one in chosen:
        run(mnist, *one, options)


if __name__ == "__main__":
    main()
