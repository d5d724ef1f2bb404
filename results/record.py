"""What the recipes of results share: training in phases, what a result says about itself, and how it is written."""

import json
import platform
from pathlib import Path

import torch

import vaecourse as vc
from vaecourse.checkpoints import atomic_path

HERE = Path(__file__).parent


def provenance(images: vc.ImageSet) -> dict:
    """Data, hardware and versions."""
    if torch.cuda.is_available():
        hardware = torch.cuda.get_device_name()
    else:
        hardware = f"CPU ({platform.machine()}), threads: {torch.get_num_threads()}"
    return {
        "data": images.source,
        "train_images": len(images.train),
        "test_images": len(images.test),
        "hardware": hardware,
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
    }


def fit_in_phases(
    model, images: vc.Split, losses, phases, name: str, *, batch_size: int, seed: int
) -> list[vc.History]:
    """Train phase after phase, each with its loss, epochs and learning rate; a run that was stopped goes on.

    Raises
    ------
    SystemExit
        When the training is interrupted.
    """
    folder = HERE.parent / "_build" / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    histories = []
    for number, (loss, phase) in enumerate(zip(losses, phases, strict=False)):
        checkpoint = folder / f"{name}_phase{number}.checkpoint"
        settings = {"batch_size": batch_size, "seed": 1000 * number + seed, "checkpoint": checkpoint}
        histories.append(vc.fit(model, images, loss, **phase, **settings))
        if histories[-1].interrupted:
            raise SystemExit("stopped: the same command goes on from the last whole epoch")
    return histories


def write(result: dict, path: Path) -> Path:
    """Write a result as JSON, whole or not at all, and return where."""
    path.parent.mkdir(exist_ok=True)
    with atomic_path(path) as unfinished:
        unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return path.relative_to(HERE.parent)
