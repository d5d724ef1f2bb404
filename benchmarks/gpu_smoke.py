"""Does the package work on this GPU? One command, about five minutes; ends with status 1 if anything failed.

Every kind of model trains with its losses on random images, goes on from a checkpoint, and is evaluated, drawn, saved
and moved back. Codes on the GPU are compared with those on the CPU. Then steps of convolutions are timed with kernels
in both memory orders (``vaecourse.models.networks.channels_last`` chooses the one that is faster on a CPU).

    python benchmarks/gpu_smoke.py [--device cuda]
"""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch

import vaecourse as vc
from vaecourse import losses
from vaecourse.training.fit import step

GREY, COLOUR = (1, 28, 28), (3, 32, 32)
CLOSE = 1e-2  # between codes on both devices: GPUs may multiply in TF32
STEPS = 100
CASES = {
    "autoencoder": (lambda: vc.Autoencoder(GREY, 16), [losses.Reconstruction]),
    "VAE": (
        lambda: vc.VAE(GREY, 2),
        [
            losses.BetaVAE,
            lambda: losses.Capacity(5.0, 10.0, 2),
            lambda: losses.FactorVAE(5.0),
            lambda: losses.BetaTCVAE(4.0, 2000),
            losses.DIPVAE,
        ],
    ),
    "VAE of convolutions": (lambda: vc.VAE(COLOUR, 16, network="conv", likelihood="gaussian"), [losses.BetaVAE]),
    "PH-VAE": (lambda: vc.PHVAE(GREY, 8), [losses.PolynomialDivergence]),
    "HDVAE, bottom-up": (lambda: vc.HDVAE(GREY, (16, 8)), [lambda: losses.HELBO(bound="product", inter=1.0)]),
    "HDVAE, top-down": (lambda: vc.HDVAE(GREY, (16, 8), "top_down", "all"), [lambda: losses.HELBO(intra=1.0)]),
    "SpatialHDVAE": (lambda: vc.SpatialHDVAE(COLOUR, ((4, 16, 16), (4, 8, 8), (16,))), [losses.HELBO]),
    "DiffusionModel": (lambda: vc.DiffusionModel(GREY, 8), [losses.HELBO]),
}


def random_split(shape, count: int) -> vc.Split:
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return vc.Split(pixels, labels=torch.arange(count) % 10)


def check(make, make_loss, device: str, folder: Path) -> None:
    """Train, resume, evaluate, draw and save one model; whatever is wrong raises."""
    model = make()
    split, checkpoint = random_split(model.image_shape, 2000), folder / "run.checkpoint"
    settings = {"device": device, "progress": False, "test": split[:300], "metrics": ("mse", "psnr", "ssim")}
    callback = vc.Snapshots(split[:50])
    vc.fit(model, split.binarized(), make_loss(), 1, checkpoint=checkpoint, callbacks=callback, **settings)
    model = make()
    history = vc.fit(model, split.binarized(), make_loss(), 2, checkpoint=checkpoint, **settings)
    assert len(history) == 3, "the training did not go on from its checkpoint"
    with torch.autocast(device, torch.bfloat16):
        vc.fit(make(), split, make_loss(), 1, **settings)
    there = vc.encode(model, split[:300], "all")
    vc.plots.reconstructions(model, split)
    vc.plots.traversal(model, split[:300], units=[0], index=0)
    vc.plots.history(history)
    if model.has_prior:
        vc.plots.samples(model)
        vc.level_report(model, split[:300])
        vc.nll(model, split[:20].binarized("static"), samples=10)
    vc.explore(model, split[:300])
    vc.save(model, folder / "model")
    here = vc.encode(vc.load_model(folder / "model"), split[:300], "all")
    far = (here - there).abs().max().item()
    assert far < CLOSE * max(1, here.abs().max().item()), f"codes on the CPU and on {device} differ by {far:.2g}"


def milliseconds(memory_format: torch.memory_format, device: str) -> float:
    """The time of a training step of a convolutional VAE."""
    model = vc.VAE((3, 64, 64), 32, network="conv").to(device, memory_format=memory_format).train()
    optimizer, images = torch.optim.Adam(model.parameters(), fused=True), torch.rand(128, 3, 64, 64, device=device)
    for count in (10, STEPS):
        started = time.perf_counter()
        for _ in range(count):
            terms = step(model, losses.BetaVAE(), optimizer, images, 0.0)
        terms["loss"].item()  # waits for the device
    return 1000 * (time.perf_counter() - started) / STEPS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    device = parser.parse_args().device
    if device == "cuda" and not torch.cuda.is_available():
        print("there is no GPU here: torch.cuda.is_available() is false")
        return 1
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name() if device == 'cuda' else device}", flush=True)
    warnings.simplefilter("ignore", vc.CollapseWarning)
    failed = 0
    for name, (make, make_losses) in CASES.items():
        for make_loss in make_losses:
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                try:
                    check(make, make_loss, device, Path(folder))
                    found = "right"
                except Exception as error:  # each failure is a line of the table
                    failed, found = failed + 1, f"FAILED: {type(error).__name__}: {error}"
            print(
                f"{name:20} {type(make_loss()).__name__:21} {time.perf_counter() - started:5.1f} s  {found}", flush=True
            )
    formats = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
    for name, memory_format in formats.items():
        print(f"convolutions, {name}: {milliseconds(memory_format, device):.2f} ms a step", flush=True)
    print(f"{failed} failed" if failed else "all right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
