"""Likelihood of a one-layer VAE on dynamically binarised MNIST, importance weighted, over the whole test set.

    python results/mnist_likelihood.py --seed 0 [--samples 1000]

Writes ``results/mnist_likelihood/vae_seed0.json``. The training can be stopped and goes on where it was, from the
checkpoint under ``_build/``. It refuses a stand-in: the number means something on the whole of MNIST only.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import torch

import vaecourse as vc
from vaecourse.checkpoints import atomic_path

HERE = Path(__file__).parent
LATENT_DIM, HIDDEN = 40, (400,)
# The second phase takes smaller steps: the noise of Adam at 1e-3 alone costs most of a nat.
PHASES = ({"epochs": 150, "learning_rate": 1e-3}, {"epochs": 25, "learning_rate": 1e-4})
BATCH_SIZE = 128


def train(mnist: vc.ImageSet, seed: int) -> tuple[vc.VAE, list[vc.History]]:
    model = vc.VAE(mnist.image_shape, LATENT_DIM, hidden=HIDDEN, seed=seed)
    folder = HERE.parent / "_build" / "mnist_likelihood"
    folder.mkdir(parents=True, exist_ok=True)
    histories = []
    for number, phase in enumerate(PHASES):
        history = vc.fit(
            model,
            mnist.train,
            vc.losses.BetaVAE(),
            test=mnist.test,
            batch_size=BATCH_SIZE,
            seed=1000 * number + seed,
            checkpoint=folder / f"seed{seed}_phase{number}.checkpoint",
            **phase,
        )
        if history.interrupted:
            raise SystemExit("stopped: the same command goes on from the last whole epoch")
        histories.append(history)
    return model, histories


def processor() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU ({platform.machine()}), threads: {torch.get_num_threads()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1000)
    options = parser.parse_args()
    mnist = vc.load("mnist", offline="error").binarized("dynamic")
    model, histories = train(mnist, options.seed)
    terms = vc.evaluate(model, mnist.test, vc.losses.BetaVAE())
    started = time.perf_counter()
    nll = vc.metrics.nll(model, mnist.test, samples=options.samples).mean().item()
    result = {
        "nll": nll,
        "importance_samples": options.samples,
        "test_images": len(mnist.test),
        "test_negative_elbo": terms["negative_elbo"],
        "test_rate": terms["rate"],
        "train_negative_elbo": histories[-1]["negative_elbo"][-1],
        "active_units": int(vc.metrics.active_units(vc.encode(model, mnist.test)).sum()),
        "model": {"class": "VAE", "latent_dim": LATENT_DIM, "hidden": HIDDEN, "network": "mlp"},
        "data": mnist.source,
        "training": {"phases": PHASES, "batch_size": BATCH_SIZE, "seed": options.seed},
        "training_minutes": sum(history["seconds"][-1] for history in histories) / 60,
        "evaluation_minutes": (time.perf_counter() - started) / 60,
        "hardware": processor(),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "command": f"python results/mnist_likelihood.py --seed {options.seed} --samples {options.samples}",
    }
    path = HERE / "mnist_likelihood" / f"vae_seed{options.seed}.json"
    path.parent.mkdir(exist_ok=True)
    with atomic_path(path) as unfinished:
        unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"seed {options.seed}: NLL {nll:.2f} nats ({options.samples} samples), written to {path}")


if __name__ == "__main__":
    main()
