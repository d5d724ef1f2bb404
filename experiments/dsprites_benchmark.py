"""All methods of the course on dSprites, over several seeds: one card per run, with every disentanglement score.

    python experiments/dsprites_benchmark.py --jobs 2
    python experiments/dsprites_benchmark.py --seeds 5 6 --dask tcp://scheduler:8786

The methods are the recipes that ``python -m vaecourse recipes`` lists under dsprites: a reduced protocol, which a CPU
can do, and which the cards state in full. Cards go to ``results/dsprites_benchmark/``; weights, which are large, to the
folder that ``--weights`` names, by default one under ``_build/``. Further options are those of
``python -m vaecourse train``.

An interrupted run resumes after its last complete epoch. A run is skipped if its card exists, and refused if its recipe
has changed since.
"""

import sys
from pathlib import Path

from vaecourse.__main__ import main
from vaecourse.pretrained.recipes import DSPRITES

ROOT = Path(__file__).parents[1]
SEEDS = ("0", "1", "2", "3", "4")

if __name__ == "__main__":
    places = ["--folder", str(ROOT / "results" / "dsprites_benchmark"), "--weights", str(ROOT / "_build" / "trained")]
    names = [f"{method}-dsprites" for method, *_ in DSPRITES]
    # A repeated option overrides the earlier one.
    sys.exit(main(["train", *names, "--seeds", *SEEDS, *places, *sys.argv[1:]]))
