"""What are the threads of a training worth, on an idle machine and beside other programs?

Milliseconds of a training step of batch 100, for MLPs of three sizes: with one thread, and with all threads, which wait
for each other in a loop (the default) or asleep ($OMP_WAIT_POLICY=passive, read when torch is loaded). Each setting has
a process of its own; the processes train in turn, A B C A B C …, beside no, one and two processes that never pause. The
script prints medians, and their ratios to the default.

    python benchmarks/busy_machine.py [--steps 100] [--rounds 5] [--busy 0 1 2]

Run it on an otherwise idle machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SETTINGS = {
    "all threads": {},
    "all threads, passive": {"OMP_WAIT_POLICY": "passive"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
HIDDEN = ((64,), (256, 128), (400,))
BATCH_SIZE = 100
SPIN = "while True: pass"


def train() -> None:
    """Answer each line of the standard input, the place of a model and a number of steps, with milliseconds a step."""
    import torch

    import vaecourse as vc

    images = vc.Split(torch.randint(0, 256, (20 * BATCH_SIZE, 1, 28, 28), dtype=torch.uint8))
    models = [vc.VAE(images.image_shape, 16, hidden=hidden) for hidden in HIDDEN]
    optimizers = [torch.optim.Adam(model.parameters(), fused=True) for model in models]
    batches = list(images.batches(BATCH_SIZE))
    for line in sys.stdin:
        which, steps = json.loads(line)
        started = time.perf_counter()
        for step in range(steps):
            batch = batches[step % len(batches)]
            vc.training.step(models[which], vc.losses.BetaVAE(), optimizers[which], batch, 0)
        print(json.dumps(1000 * (time.perf_counter() - started) / steps), flush=True)


def ask(trainer: subprocess.Popen, model: int, steps: int) -> float:
    print(json.dumps([model, steps]), file=trainer.stdin, flush=True)
    return json.loads(trainer.stdout.readline())


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--trainer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.trainer:
        train()
        return {}
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    command = [sys.executable, __file__, "--trainer"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    trainers = {name: subprocess.Popen(command, env=plain | extra, **pipes) for name, extra in SETTINGS.items()}
    for trainer in trainers.values():
        for model in range(len(HIDDEN)):
            ask(trainer, model, 5)
    print(f"{os.cpu_count()} processors; ms a step, and ratio to {next(iter(SETTINGS))}")
    print(f"{'':24}" + "".join(f"{' '.join(map(str, hidden)):>18}" for hidden in HIDDEN))
    found = {}
    for busy in options.busy:
        others = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(busy)]
        times = {name: [[] for _ in HIDDEN] for name in SETTINGS}
        for _ in range(options.rounds):
            for model in range(len(HIDDEN)):
                for name, trainer in trainers.items():
                    times[name][model].append(ask(trainer, model, options.steps))
        for other in others:
            other.kill()
            other.wait()
        print(f"beside {busy} busy processes")
        first = next(iter(times.values()))
        for name, own in times.items():
            ratios = [
                statistics.median(one / default for one, default in zip(*pair, strict=True))
                for pair in zip(own, first, strict=True)
            ]
            medians = map(statistics.median, own)
            found[f"{name} / all threads, a step beside {busy} busy"] = statistics.median(ratios)
            cells = (f"{ms:10.1f} ({ratio:5.2f})" for ms, ratio in zip(medians, ratios, strict=True))
            print(f"  {name:22}" + "".join(cells), flush=True)
    for trainer in trainers.values():
        trainer.stdin.close()
        trainer.wait()
    return found


if __name__ == "__main__":
    main()
