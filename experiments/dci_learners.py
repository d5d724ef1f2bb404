"""DCI of known codes by the default learner and by that of disentanglement_lib: by how much do the scores differ?

    python experiments/dci_learners.py

The factors are five, of 3, 4, 5, 4 and 4 classes. Ten units hold them as they are, turned, in two copies, or not at
all. Writes ``results/dci_learners/known_codes.json``. The reference learner takes minutes.
"""

import platform
from pathlib import Path

import numpy as np

from vaecourse.metrics import dci
from vaecourse.pretrained.cards import rounded, write_record

RESULT = Path(__file__).parents[1] / "results" / "dci_learners" / "known_codes.json"
CLASSES, UNITS, IMAGES, NOISE = (3, 4, 5, 4, 4), 10, 1_000, 0.3
LEARNERS = ("boosted_trees", "gradient_boosting")
SCORES = ("disentanglement", "completeness", "informativeness")


def known_codes(factors: np.ndarray) -> dict[str, np.ndarray]:
    """Codes (N, units) of each kind."""
    random = np.random.default_rng(1)
    noise = random.standard_normal((len(factors), UNITS))
    amounts = (factors - factors.mean(0)) / factors.std(0)
    own = np.hstack([amounts + NOISE * noise[:, :5], noise[:, 5:]])
    turn = np.linalg.qr(random.standard_normal((UNITS, UNITS)))[0]
    copies = np.hstack([amounts, amounts]) + NOISE * noise
    return {"a unit for each factor": own, "turned": own @ turn, "two copies": copies, "noise": noise}


def main() -> None:
    factors = np.random.default_rng(0).integers(CLASSES, size=(IMAGES, len(CLASSES)))
    found = {}
    for kind, codes in known_codes(factors).items():
        found[kind] = {}
        for learner in LEARNERS:
            scores = dci(codes, factors, learner)
            found[kind][learner] = {name: getattr(scores, name) for name in SCORES}
            print(kind, learner, found[kind][learner], flush=True)
    largest = {
        name: max(abs(each[LEARNERS[0]][name] - each[LEARNERS[1]][name]) for each in found.values()) for name in SCORES
    }
    record = {"codes": found, "largest_difference": largest, "images": IMAGES, "classes": CLASSES, "units": UNITS}
    record |= {"python": platform.python_version(), "command": "python experiments/dci_learners.py"}
    write_record(rounded(record), RESULT)


if __name__ == "__main__":
    main()
