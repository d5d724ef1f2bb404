"""Importance-weighted likelihood on dynamically binarised MNIST, over the whole test set, for one to three levels.

    python experiments/mnist_likelihood.py --model vae --seed 0 [--samples 1000]

Writes ``results/mnist_likelihood/vae_seed0.json``. A stopped training resumes from the
checkpoint under ``_build/``. The script refuses a stand-in, because the number is meaningful only for all of MNIST.
"""

import argparse
import time

import torch
from phases import RESULTS, fit_in_phases

import vaecourse as vc
from vaecourse.pretrained.cards import provenance, write_record

BATCH_SIZE = 128
# The second phase takes smaller steps: the noise of Adam at 1e-3 alone costs most of a nat.
LONG = ({"epochs": 150, "learning_rate": 1e-3}, {"epochs": 25, "learning_rate": 1e-4})
SHORT = ({"epochs": 25, "learning_rate": 1e-3}, {"epochs": 5, "learning_rate": 1e-4})
# The short runs, except the convolutional one, have the same image networks. All have the same first level and the same
# warm-up of β over 5 epochs. With top-down inference both bounds are equal.
TWO_LEVELS = {"class": "HDVAE", "latent_dims": (64, 32), "hidden": (200, 200), "level_hidden": (100,)}
THREE_LEVELS = TWO_LEVELS | {"latent_dims": (64, 32, 16)}
TOP_DOWN = {"inference": "top_down"}
TOP_DOWN_SKIP = {"inference": "top_down", "decoder_reads": "all"}
WIDE = {"hidden": (500, 500), "level_hidden": (200,)}
WARM_UP = {"warm_up_epochs": 5, "phases": SHORT}
LONG_WARM_UP = {"warm_up_epochs": 5, "phases": LONG}
SETTINGS = {
    "vae": {"model": {"class": "VAE", "latent_dim": 40, "hidden": (400,)}, "phases": LONG},
    "wide_vae": {"model": {"class": "VAE", "latent_dim": 64, "hidden": (500, 500)}, **LONG_WARM_UP},
    "wide_hdvae2_product": {"model": TWO_LEVELS | WIDE, "bound": "product", **LONG_WARM_UP},
    "deep_vae": {"model": {"class": "VAE", "latent_dim": 64, "hidden": (200, 200)}, **WARM_UP},
    "conv_vae": {"model": {"class": "VAE", "latent_dim": 64, "network": "conv", "hidden": (32, 64)}, **WARM_UP},
    "hdvae2_chain": {"model": TWO_LEVELS, "bound": "chain", **WARM_UP},
    "hdvae2_product": {"model": TWO_LEVELS, "bound": "product", **WARM_UP},
    "hdvae2_top_down": {"model": TWO_LEVELS | TOP_DOWN, "bound": "chain", **WARM_UP},
    "hdvae3_chain": {"model": THREE_LEVELS, "bound": "chain", **WARM_UP},
    "hdvae3_product": {"model": THREE_LEVELS, "bound": "product", **WARM_UP},
    "hdvae3_top_down": {"model": THREE_LEVELS | TOP_DOWN, "bound": "chain", **WARM_UP},
    "hdvae3_ladder": {"model": THREE_LEVELS | TOP_DOWN_SKIP, "bound": "chain", **WARM_UP},
}


def train(mnist: vc.ImageSet, name: str, seed: int) -> tuple[torch.nn.Module, list[vc.History]]:
    setting = SETTINGS[name]
    networks = dict(setting["model"])
    model = getattr(vc, networks.pop("class"))(mnist.image_shape, **networks, seed=seed)
    schedule = {"schedule": vc.losses.Linear(setting["warm_up_epochs"])} if "warm_up_epochs" in setting else {}
    bound = setting.get("bound", "chain")
    losses = [vc.losses.HELBO(bound=bound, **schedule), vc.losses.HELBO(bound=bound)]
    names = {"name": f"{name}_seed{seed}", "batch_size": BATCH_SIZE, "seed": seed}
    return model, fit_in_phases(model, mnist.train, losses, setting["phases"], **names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=SETTINGS, default="vae")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1000)
    options = parser.parse_args()
    mnist = vc.load("mnist", offline="error").binarized("dynamic")
    setting = SETTINGS[options.model]
    model, histories = train(mnist, options.model, options.seed)
    terms = vc.evaluate(model, mnist.test, vc.losses.BetaVAE())
    report = vc.level_report(model, mnist.test)
    started = time.perf_counter()
    nll = vc.nll(model, mnist.test, samples=options.samples).mean().item()
    result = {
        "nll": nll,
        "importance_samples": options.samples,
        "test_negative_elbo": terms["negative_elbo"],
        "test_rate": terms["rate"],
        "train_negative_elbo": histories[-1]["negative_elbo"][-1],
        "rate_by_level": report.rate,
        "active_units": report.active_units,
        "units": report.units,
        "setting": options.model,
        **setting,
        "training": {"batch_size": BATCH_SIZE, "seed": options.seed},
        "training_minutes": sum(history["seconds"][-1] for history in histories) / 60,
        "evaluation_minutes": (time.perf_counter() - started) / 60,
        **provenance(mnist),
        "train_command": f"python experiments/mnist_likelihood.py --model {options.model} --seed {options.seed} "
        f"--samples {options.samples}",
    }
    path = RESULTS / "mnist_likelihood" / f"{options.model}_seed{options.seed}.json"
    write_record(result, path)
    print(
        f"{options.model}, seed {options.seed}: NLL {nll:.2f} nats ({options.samples} samples), "
        f"written to {path.relative_to(RESULTS.parent)}"
    )


if __name__ == "__main__":
    main()
