"""Training throughput of ``vc.fit`` and of the usual loop, with the same MLP VAE.

The usual loop is that of most tutorials: torchvision's data set, ``ToTensor``, a ``DataLoader``, default Adam and
``.item()`` at each step. Both loops train one epoch in turn, A B A B …, from equal weights, on the same images; the
script prints the median ratio. Then ``fit`` trains for more epochs, to show whether later ones are slower.

    python benchmarks/training_throughput.py [--images 20000] [--rounds 5] [--epochs 8]
"""

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

import vaecourse as vc

BATCH_SIZE = 128
SETTINGS = {"image_shape": (1, 28, 28), "latent_dim": 16, "hidden": (400,)}


def write_idx(split: vc.Split, folder: Path) -> None:
    """Write the split below ``folder`` in the format of torchvision's MNIST."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    arrays = {"images-idx3": split.images[:, 0].numpy(), "labels-idx1": split.labels.numpy().astype(np.uint8)}
    for name, array in arrays.items():
        header = np.array([0x0800 + array.ndim, *array.shape], dtype=">i4").tobytes()
        for part in ("train", "t10k"):
            (raw / f"{part}-{name}-ubyte").write_bytes(header + array.tobytes())


class UsualLoop:
    """The loop of most tutorials."""

    def __init__(self, folder: Path):
        self.model = vc.VAE(**SETTINGS)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        images = datasets.MNIST(folder, train=True, transform=transforms.ToTensor())
        self.loader = DataLoader(images, batch_size=BATCH_SIZE, shuffle=True)
        self.loss = vc.losses.BetaVAE()

    def epoch(self) -> None:
        total = 0.0
        for images, _ in self.loader:
            terms = self.loss(images, self.model(images))
            self.optimizer.zero_grad()
            terms["loss"].backward()
            self.optimizer.step()
            total += terms["loss"].item()


def fit(model: vc.VAE, split: vc.Split, epochs: int) -> vc.History:
    return vc.fit(model, split, vc.losses.BetaVAE(), epochs, batch_size=BATCH_SIZE, device="cpu", progress=False)


def seconds(function, *arguments) -> float:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args(arguments)
    mnist = vc.load("mnist")
    copies = -(-options.images // len(mnist.train))
    chosen = torch.arange(len(mnist.train)).repeat(copies)[: options.images]
    split = mnist.train[chosen]
    print(f"{len(split)} images ({mnist.source}), {torch.get_num_threads()} threads, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        write_idx(split, Path(folder))
        usual, model = UsualLoop(Path(folder)), vc.VAE(**SETTINGS)
        fit(model, split[:BATCH_SIZE], 1)
        pairs = [(seconds(usual.epoch), seconds(fit, model, split, 1)) for _ in range(options.rounds)]
    for label, times in zip(("usual loop", "vc.fit"), zip(*pairs, strict=True), strict=True):
        rates = sorted(len(split) / time for time in times)
        print(f"{label:10s} {statistics.median(rates):8.0f} images/s (from {rates[0]:.0f} to {rates[-1]:.0f})")
    ratios = sorted(slow / fast for slow, fast in pairs)
    print(f"ratio      {statistics.median(ratios):8.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")
    times = fit(vc.VAE(**SETTINGS), split, options.epochs)["seconds"]
    lengths = [after - before for before, after in itertools.pairwise(times)]
    print("seconds of each epoch:", " ".join(f"{length:.2f}" for length in lengths))
    return {"usual loop / vc.fit, seconds of an epoch": statistics.median(ratios)}


if __name__ == "__main__":
    main()
