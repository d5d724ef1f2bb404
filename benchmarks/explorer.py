"""Milliseconds from a slider's new value to the new picture and its difference, in the widget explorer.

The script sets the value of a real slider; the time ends when both PNGs exist. It prints elapsed time and processor
time, which other programs hardly affect. It moves the first unit of every level in turn. Weights are random, which does
not change the work. Image sizes are those of MNIST and CelebA.

    python benchmarks/explorer.py [--moves 100] [--threads 2]
"""

import argparse
import statistics
import time

import torch

import vaecourse as vc

MODELS = {
    "VAE, MLP, 28×28": lambda: vc.VAE((1, 28, 28), 16),
    "HDVAE of 3 levels, MLP, 28×28": lambda: vc.HDVAE((1, 28, 28), (64, 32, 16), inference="top_down"),
    "HDVAE of 3 levels, convolutions 32-64-128-256-512, 64×64": lambda: vc.HDVAE(
        (3, 64, 64), (128, 64, 32), network="conv", hidden=(32, 64, 128, 256, 512)
    ),
}


def random_split(image_shape: tuple[int, int, int]) -> vc.Split:
    generator = torch.Generator().manual_seed(0)
    return vc.Split(torch.randint(0, 256, (64, *image_shape), dtype=torch.uint8, generator=generator))


def move_times(explorer, level: int, moves: int) -> tuple[list[float], float]:
    """Milliseconds of each move of the first unit of a level, and their mean in processor time."""
    if explorer.tabs:
        explorer.tabs.selected_index = level - 1
    panel = explorer.panels[level - 1]
    if not panel.sliders:  # all units of an untrained model may have collapsed
        panel.accordion.selected_index = 0
    slider = next(iter(panel.sliders.values())).slider
    slider.value = slider.min
    milliseconds, processor = [], time.process_time()
    for move in range(1, moves + 1):
        started = time.perf_counter()
        slider.value = slider.min + move / moves * (slider.max - slider.min)
        milliseconds.append(1000 * (time.perf_counter() - started))
    return milliseconds, 1000 * (time.process_time() - processor) / moves


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    print(f"{options.moves} moves of one unit of each level, {options.threads} threads")
    print("median; what 95 of 100 stay below; mean of the processor")
    for name, build in MODELS.items():
        model = build()
        started = time.perf_counter()
        explorer = vc.explore(model, random_split(model.image_shape))
        opening = time.perf_counter() - started
        print(f"{name} (opens in {opening:.1f} s)")
        for level in range(1, len(explorer.panels) + 1):
            times, processor = move_times(explorer, level, options.moves)
            median, late = statistics.median(times), sorted(times)[int(0.95 * len(times))]
            print(f"  level {level}: {median:5.1f} ms, {late:5.1f} ms; processor {processor:5.1f} ms")
    return {}  # there is nothing to compare with


if __name__ == "__main__":
    main()
