"""Reconstruction by the two- and three-level HDVAE on MNIST at the settings of the published notebooks.

Units, layers, weights β and the number of epochs are those of the notebooks. The batches, and the smaller steps in the
last six of the 40 epochs of three levels, are our choice.

    python experiments/hdvae_reconstruction.py --levels 3 --seed 0 [--bound chain --inference top_down]

PSNR and SSIM are means over the whole test set, from posterior means. Writes
``results/hdvae_reconstruction/hdvae3_bottom_up_product_seed0.json``. A stopped training
resumes from the checkpoint under ``_build/``. The script refuses a stand-in.
"""

import argparse

from phases import RESULTS, fit_in_phases

import vaecourse as vc
from vaecourse.pretrained.cards import provenance, write_record

SETTINGS = {
    2: {
        "latent_dims": (64, 32),
        "hidden": (256, 128),
        "betas": (1.0, 1.0),
        "warm_up": None,
        "batch_size": 128,
        "phases": ({"epochs": 5, "learning_rate": 1e-3},),
    },
    3: {
        "latent_dims": (64, 32, 16),
        "hidden": (512, 256, 128),
        "betas": (0.5, 0.2, 0.1),
        "warm_up": 20,
        "batch_size": 64,
        "phases": ({"epochs": 34, "learning_rate": 1e-3}, {"epochs": 6, "learning_rate": 1e-4}),
    },
}
LEVEL_HIDDEN = (128,)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--levels", type=int, choices=SETTINGS, required=True)
    parser.add_argument("--inference", choices=["bottom_up", "top_down"], default="bottom_up")
    parser.add_argument("--bound", choices=["product", "chain"], default="product")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    setting = SETTINGS[options.levels]
    mnist = vc.load("mnist", offline="error")
    model = vc.HDVAE(
        mnist.image_shape,
        setting["latent_dims"],
        inference=options.inference,
        hidden=setting["hidden"],
        level_hidden=LEVEL_HIDDEN,
        seed=options.seed,
    )
    name = f"hdvae{options.levels}_{options.inference}_{options.bound}_seed{options.seed}"
    loss = vc.losses.HELBO(setting["betas"], bound=options.bound)
    warm_up = {"schedule": vc.losses.Linear(setting["warm_up"])} if setting["warm_up"] else {}
    histories = fit_in_phases(
        model,
        mnist.train,
        [vc.losses.HELBO(setting["betas"], bound=options.bound, **warm_up), loss],
        setting["phases"],
        name,
        batch_size=setting["batch_size"],
        seed=options.seed,
    )
    pictures = mnist.test.as_floats()
    levels = range(1, options.levels + 1)
    reconstructions = [vc.reconstruct(model, mnist.test, level=level) for level in levels]
    report = vc.level_report(model, mnist.test)
    result = {
        "psnr": [vc.metrics.psnr(pictures, images).mean().item() for images in reconstructions],
        "ssim": [vc.metrics.ssim(pictures, images).mean().item() for images in reconstructions],
        "rate": report.rate,
        "active_units": report.active_units,
        "test": vc.evaluate(model, mnist.test, loss),
        "train_loss": histories[-1]["loss"][-1],
        "model": {"class": "HDVAE", "inference": options.inference, "level_hidden": LEVEL_HIDDEN, **setting},
        "training": {
            "bound": options.bound,
            "seed": options.seed,
            "minutes": sum(history["seconds"][-1] for history in histories) / 60,
        },
        **provenance(mnist),
        "train_command": f"python experiments/hdvae_reconstruction.py --levels {options.levels} "
        f"--inference {options.inference} --bound {options.bound} --seed {options.seed}",
    }
    path = RESULTS / "hdvae_reconstruction" / f"{name}.json"
    write_record(result, path)
    print(
        f"{name}: PSNR {result['psnr'][0]:.2f} dB, SSIM {result['ssim'][0]:.3f}, "
        f"written to {path.relative_to(RESULTS.parent)}"
    )


if __name__ == "__main__":
    main()
