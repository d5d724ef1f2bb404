"""Crops of the photographs that ship inside scikit-image and scikit-learn: colour pictures without a network.

Free to use: astronaut, rocket and hubble are in the public domain (NASA, SpaceX); cat and coffee are CC0 (S. van der
Walt, R. Michetti); tissue (CMMI) has no known restrictions; temple and flower are CC BY 2.0 (danielbuechele and
vultilion, on Flickr).
"""

import numpy as np
import torch

from vaecourse.data.images import Split

NAMES = ("astronaut", "cat", "coffee", "rocket", "hubble", "tissue", "temple", "flower")
CROPS = {"train": 500, "test": 125}
SEED = 0


def photographs() -> list[np.ndarray]:
    """The photographs, uint8 arrays (H, W, 3), in the order of ``NAMES``."""
    import skimage.data
    from sklearn.datasets import load_sample_image

    from_scikit_image = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "immunohistochemistry")
    from_scikit_learn = ("china.jpg", "flower.jpg")
    return [getattr(skimage.data, name)() for name in from_scikit_image] + [
        load_sample_image(name) for name in from_scikit_learn
    ]


def regions(photograph: np.ndarray) -> dict[str, np.ndarray]:
    """The left two thirds of a photograph, for training, and the right third, for testing."""
    border = photograph.shape[1] * 2 // 3
    return {"train": photograph[:, :border], "test": photograph[:, border:]}


def crops(size: int) -> dict[str, Split]:
    """500 + 125 square crops of each photograph, with its number as label, in an order that is always the same.

    Train and test come from disjoint regions (:func:`regions`). The side of a crop is uniform between half the width of
    the test region (at least ``size``) and its whole width; the place is uniform too. Crops are mirrored with
    probability ½ and shrunk by antialiased bicubic interpolation.
    """
    generator = np.random.default_rng(SEED)
    images = {split: [] for split in CROPS}
    for photograph in photographs():
        parts = regions(photograph)
        largest = parts["test"].shape[1]
        for split, region in parts.items():
            sides = generator.integers(max(size, largest // 2), largest, CROPS[split], endpoint=True)
            images[split] += [_crop(region, side, size, generator) for side in sides]
    labels = {split: np.repeat(np.arange(len(NAMES)), count) for split, count in CROPS.items()}
    splits = {}
    for split, pixels in images.items():
        order = generator.permutation(len(pixels))
        shuffled = torch.from_numpy(np.stack(pixels)[order]).permute(0, 3, 1, 2).contiguous()
        splits[split] = Split(shuffled, labels=torch.from_numpy(labels[split][order]))
    return splits


def _crop(region: np.ndarray, side: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """A square of a region, at a random place, mirrored or not, as (size, size, 3)."""
    from PIL import Image

    top, left = (generator.integers(length - side + 1) for length in region.shape[:2])
    crop = region[top : top + side, left : left + side]
    if generator.random() < 0.5:
        crop = crop[:, ::-1]
    return np.asarray(Image.fromarray(np.ascontiguousarray(crop)).resize((size, size), Image.Resampling.BICUBIC))
