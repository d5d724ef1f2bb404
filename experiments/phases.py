"""Training in phases, each with its own loss, epochs and learning rate; a stopped run can be resumed."""

from pathlib import Path

import vaecourse as vc

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"


def fit_in_phases(
    model, images: vc.Split, losses, phases, name: str, *, batch_size: int, seed: int
) -> list[vc.History]:
    """Train phase after phase, and return the history of each.

    Raises
    ------
    SystemExit
        If the training is interrupted.
    """
    folder = ROOT / "_build" / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    histories = []
    for number, (loss, phase) in enumerate(zip(losses, phases, strict=False)):
        checkpoint = folder / f"{name}_phase{number}.checkpoint"
        settings = {"batch_size": batch_size, "seed": 1000 * number + seed, "checkpoint": checkpoint}
        histories.append(vc.fit(model, images, loss, **phase, **settings))
        if histories[-1].interrupted:
            raise SystemExit("stopped: the same command goes on from the last whole epoch")
    return histories
