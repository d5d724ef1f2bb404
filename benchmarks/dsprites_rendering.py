"""Time and memory of the rendered sets: all 737,280 images of dSprites, batches of them, and the toy faces.

OMP_NUM_THREADS=2 python benchmarks/dsprites_rendering.py
"""

import resource
import sys
import time

import numpy as np
import torch

import vaecourse as vc
from vaecourse.data.rendered import dsprites, toy_faces

BATCH = 128


def peak_megabytes() -> float:
    """Peak memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def report(what: str, function, count: int):
    """Run a function, and print its time for ``count`` images."""
    started, worked = time.perf_counter(), time.process_time()
    result = function()
    seconds, of_processor = time.perf_counter() - started, time.process_time() - worked
    print(
        f"{what:42} {seconds:7.2f} s ({of_processor:5.2f} s of processor), {count / seconds:9,.0f} images/s, "
        f"peak memory {peak_megabytes():5,.0f} MB"
    )
    return result


def main(arguments: list[str] | None = None) -> dict[str, float]:
    print(f"numpy {np.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{'before':42} peak memory {peak_megabytes():5,.0f} MB")
    train = report("dSprites, the whole set", lambda: dsprites.splits()["train"], len(dsprites.FACTORS))
    print(f"{'kept':42} {train.images.packed.nbytes / 1e6:,.0f} MB of images")
    report("dSprites, an epoch of shuffled batches", lambda: sum(1 for _ in train.batches(BATCH, True)), len(train))
    drawn = train.factors[torch.randperm(len(train))[: 100 * BATCH]]
    report("dSprites, 100 batches rendered", lambda: [dsprites.render(one) for one in drawn.split(BATCH)], len(drawn))
    faces = report("toy faces, both splits", toy_faces.splits, sum(toy_faces.COUNTS.values()))
    again = faces["test"].factors[: 10 * BATCH]
    report("toy faces, 10 batches rendered", lambda: [toy_faces.render(one) for one in again.split(BATCH)], len(again))
    print(f"vaecourse {vc.__version__}")
    return {}  # there is nothing to compare with


if __name__ == "__main__":
    main()
