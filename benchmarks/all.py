"""Run all benchmarks, each in a process of its own, and print their ratios in one table.

    python benchmarks/all.py [--quick] [NAME …]

A benchmark prints its own figures first. ``--quick`` tries less of everything, and takes minutes: its ratios are rough.
``gpu_smoke.py`` needs a GPU and is left out. Run it on an otherwise idle machine.
"""

import argparse
import importlib
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

QUICK = {
    "training_throughput": "--images 4000 --rounds 3 --epochs 2",
    "busy_machine": "--steps 20 --rounds 3",
    "compiled_training": "--models vae --steps 10 --rounds 3",
    "memory_format": "--recipes vae-dsprites --steps 3 --rounds 3",
    "image_metrics": "--images 200 --rounds 3",
    "disentanglement_metrics": "--images 2000",
    "dsprites_rendering": "",
    "explorer": "--moves 20",
    "page_explorer": "--seconds 1",
    "page_drawing": "--repeats 20",
    "lab": "--seconds 1",
}


def ratios(name: str, arguments: list[str]) -> dict[str, float]:
    """Run a benchmark, and return its ratios by what they compare."""
    print(f"\n== {name} {' '.join(arguments)}", flush=True)
    return importlib.import_module(name).main(arguments)


def main(names: list[str], quick: bool) -> int:
    """Print the table, and return the number of benchmarks that failed."""
    found, failed = [], 0
    for name in names:
        # A new process, because some benchmarks set threads and variables for all that comes after them.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            try:
                of_name = process.submit(ratios, name, QUICK[name].split() if quick else []).result()
            except Exception as error:  # a missing browser or compiler leaves the others to run
                failed += 1
                found.append((name, f"failed: {error}".splitlines()[0], ""))
            else:
                found += [(name, what, f"{ratio:.2f}") for what, ratio in of_name.items()]
    widths = [max(map(len, column)) for column in zip(*found, strict=True)] if found else []
    print("\n== Ratios: above 1, the second takes less time")
    for row in found:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"among {', '.join(QUICK)}; default: all")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.names) - set(QUICK):
        parser.error(f"unknown benchmarks: {', '.join(sorted(unknown))}")
    sys.exit(main(options.names or list(QUICK), options.quick) > 0)
