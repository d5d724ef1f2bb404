"""What every result says about itself, and how it is written."""

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


def write(result: dict, path: Path) -> Path:
    """Write a result as JSON, whole or not at all, and return where."""
    path.parent.mkdir(exist_ok=True)
    with atomic_path(path) as unfinished:
        unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return path.relative_to(HERE.parent)
