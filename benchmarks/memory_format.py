"""How much time does a channel-last memory format of convolution kernels save? Milliseconds per training step.

Steps, alternation and clock are those of ``compiled_training.py``.

    python benchmarks/memory_format.py [--recipes vae-dsprites] [--threads 1] [--steps 10] [--rounds 7]
"""

import argparse
import statistics

import torch
from compiled_training import Trainer, seconds

from vaecourse.pretrained.recipes import RECIPES

FORMATS = (torch.contiguous_format, torch.channels_last)


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["vae-dsprites", "hdvae3-toy-faces", "hdvae3-celeba"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    found = {}
    for name in options.recipes:
        sides = [Trainer(RECIPES[name], memory_format=memory_format) for memory_format in FORMATS]
        for side in sides:
            seconds(side, 2)
        pairs = [
            [1000 * seconds(side, options.steps)[0] / options.steps for side in sides] for _ in range(options.rounds)
        ]
        first, last = map(statistics.median, zip(*pairs, strict=True))
        ratios = sorted(slow / fast for slow, fast in pairs)
        found[f"channels first / last, {name}"] = statistics.median(ratios)
        print(
            f"{name}: channels first {first:.0f} ms, last {last:.0f} ms, ratio {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f})",
            flush=True,
        )
    return found


if __name__ == "__main__":
    main()
