"""Pack the stand-in of Fashion-MNIST: 5,000 training and 1,000 test images, as many of each class.

Run it where the four files of Fashion-MNIST are (Debian's package ``dataset-fashion-mnist``):
``python experiments/clothes_stand_in.py``. The images are the first ones of each class, and the result is always the
same file.
"""

import lzma
from pathlib import Path

import torch

import vaecourse as vc
from vaecourse.data.stand_in import CLOTHES_COUNTS, CLOTHES_FILE


def packed(splits: dict[str, vc.Split]) -> bytes:
    """Images of both splits, sorted by class, as one compressed run of pixels."""
    pixels = b""
    for split, count in CLOTHES_COUNTS.items():
        labels = splits[split].labels
        chosen = [torch.nonzero(labels == label).flatten()[:count] for label in range(10)]
        pixels += splits[split].images[torch.cat(chosen)].numpy().tobytes()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4}]
    return lzma.compress(pixels, filters=filters)


if __name__ == "__main__":
    fashion = vc.load("fashion_mnist", offline="error")
    data = packed({"train": fashion.train, "test": fashion.test})
    Path(CLOTHES_FILE).write_bytes(data)
    print(f"{CLOTHES_FILE}: {len(data):,} bytes")
