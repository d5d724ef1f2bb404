"""Is ``torch.compile`` faster for the course's models? Training steps per second, eager and compiled.

A step is that of ``vc.fit``: draw a batch, forward, loss, backward, Adam. Both variants start from equal weights and
train in turn, A B A B …; the script prints medians of processor time, which other processes hardly affect. Compilation
is timed separately, with the first step: its processor time is that of this process and of the C++ compiler.

    python benchmarks/compiled_training.py [--models vae hdvae3] [--steps 40] [--rounds 5]

The script needs a C++ compiler. The images are noise, because only their size matters.
"""

import argparse
import os
import statistics
import time

# One thread, because the processor time of the compiler's own worker processes would not be counted.
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
# No caches, because code compiled by an earlier run would make compilation look fast.
os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"

import torch

import vaecourse as vc
from vaecourse.pretrained.recipes import RECIPES

IMAGES = 2_000
SHAPES = {"mnist": (1, 28, 28), "dsprites": (1, 64, 64), "toy_faces": (3, 64, 64), "celeba": (3, 64, 64)}
MODELS = {
    "vae": "vae16-mnist",
    "ph-vae": "ph-vae-mnist",
    "hdvae3": "hdvae3-mnist",
    "faces": "hdvae3-toy-faces",
}


class Trainer:
    """The steps of ``vc.fit``, with forward pass and loss compiled or not."""

    def __init__(self, recipe, compiled: bool = False, memory_format=torch.preserve_format):
        pixels = torch.randint(0, 256, (IMAGES, *SHAPES[recipe.data]), dtype=torch.uint8)
        self.split, self.batch_size = vc.Split(pixels), recipe.batch_size
        model = recipe.build_model(SHAPES[recipe.data]).to(memory_format=memory_format).train()
        loss = recipe.build_loss(IMAGES)
        # On a CPU the model checks the range of each batch, which breaks a compiled graph.
        model._checked_images = lambda images: images
        self.optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate, fused=True)
        self.batches = iter(())

        def forward(images):
            return loss(images, model(images))

        self.forward = torch.compile(forward, fullgraph=True) if compiled else forward

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.forward(self._batch())["loss"].backward()
            self.optimizer.step()
            self.optimizer.zero_grad()

    def _batch(self):
        """The next full batch: a batch of another size would cause a recompilation."""
        batch = next(self.batches, None)
        if batch is None or len(batch) < self.batch_size:
            self.batches = self.split.batches(self.batch_size, shuffle=True)
            batch = next(self.batches)
        return batch


def seconds(trainer: Trainer, count: int) -> tuple[float, float]:
    """Processor time, including child processes, and elapsed time."""
    before, started = os.times(), time.perf_counter()
    trainer.steps(count)
    return sum(os.times()[:4]) - sum(before[:4]), time.perf_counter() - started


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    print(f"torch {torch.__version__}, CPU, {torch.get_num_threads()} threads, images per second of processor time")
    found = {}
    for name in options.models:
        recipe = RECIPES[MODELS[name]]
        eager, compiled = Trainer(recipe), Trainer(recipe, compiled=True)
        seconds(eager, 2)
        processor, clock = seconds(compiled, 2)
        pairs = [[seconds(side, options.steps)[0] for side in (eager, compiled)] for _ in range(options.rounds)]
        count = options.steps * recipe.batch_size
        rates = [statistics.median(count / time for time in side) for side in zip(*pairs, strict=True)]
        ratios = sorted(slow / fast for slow, fast in pairs)
        found[f"eager / compiled, {recipe.name}"] = statistics.median(ratios)
        saved = statistics.median(slow - fast for slow, fast in pairs) / options.steps
        pays = f"pays after {processor / saved:,.0f} steps" if saved > 0 else "does not pay"
        print(
            f"{recipe.name}: eager {rates[0]:.0f}, compiled {rates[1]:.0f}, ratio {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}); compiled in {processor:.0f} s of processor time ({clock:.0f} s "
            f"on the clock), {pays}",
            flush=True,
        )
    return found


if __name__ == "__main__":
    main()
