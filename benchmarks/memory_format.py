"""What does it pay that kernels of convolutions lie channel last in memory? Milliseconds a step of training.

Both sides start from equal weights and train in turn, A B A B …; medians are printed, of processor time.

    python benchmarks/memory_format.py [--recipes vae-dsprites] [--threads 1]

The images are noise: only their size matters here.
"""

import argparse
import statistics
import time

import torch

from vaecourse.recipes import RECIPES

SHAPES = {"dsprites": (1, 64, 64), "toy_faces": (3, 64, 64), "celeba": (3, 64, 64)}
FORMATS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
STEPS, ROUNDS = 8, 7


class Trainer:
    def __init__(self, recipe, memory_format):
        self.images = torch.rand(recipe.batch_size, *SHAPES[recipe.data], generator=torch.Generator().manual_seed(0))
        self.model = recipe.build_model(SHAPES[recipe.data]).to(memory_format=memory_format)
        self.loss = recipe.build_loss(len(self.images))
        self.optimizer = torch.optim.Adam(self.model.parameters(), recipe.learning_rate)

    def milliseconds(self) -> float:
        begun = time.process_time()
        for _ in range(STEPS):
            self.loss(self.images, self.model(self.images))["loss"].backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
        return (time.process_time() - begun) / STEPS * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["vae-dsprites", "hdvae3-toy-faces", "hdvae3-celeba"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.recipes:
        trainers = {how: Trainer(RECIPES[name], memory_format) for how, memory_format in FORMATS.items()}
        times = {how: [] for how in trainers}
        for _ in range(1 + ROUNDS):
            for how, trainer in trainers.items():
                times[how].append(trainer.milliseconds())
        first, last = (statistics.median(values[1:]) for values in times.values())  # the first round warms up
        print(f"{name:20} channels first {first:6.1f} ms a step, last {last:6.1f} ms: ×{first / last:.2f}")


if __name__ == "__main__":
    main()
