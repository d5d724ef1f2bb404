"""The catalogue: where each data set may be found, how it is read, and what replaces it if it is not found."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vaecourse.data.images import Split
from vaecourse.data.published import celeba, dsprites_file, idx
from vaecourse.data.published.class_folders import ClassFolders
from vaecourse.data.published.listing import Entry, Listing
from vaecourse.data.published.torchvision_files import TorchvisionFiles
from vaecourse.data.rendered import dsprites, toy_faces
from vaecourse.data.stand_in import (
    CLOTHES,
    CLOTHES_NAMES,
    DIGITS,
    FACES,
    HOUSE_NUMBERS,
    PHOTOGRAPHS_32,
    PHOTOGRAPHS_64,
    StandIn,
)


class Reader(Protocol):
    """A reader of one format: the module :mod:`vaecourse.data.published.idx`, or an object with its two functions."""

    def files(self, listing: Listing) -> list[Entry]:
        """The files of the set, or the archives that may hold them; an empty list if there are none."""

    def read(self, listing: Listing) -> tuple[dict[str, Split], str]:
        """The splits ``train`` and ``test``, and a remark for ``.source``, empty if the set is as published."""


@dataclass(frozen=True)
class DataSetSpec:
    """Specification of a published data set.

    Parameters
    ----------
    title : str
        Name of the set in a sentence.
    torchvision : str
        Name of its class in torchvision.datasets.
    found_as : str
        Pattern of the names, as :func:`~vaecourse.data.published.listing.key` gives them, of folders and files of
        ``$VAECOURSE_DATA`` that belong to the set. They include torchvision's own.
    readers : tuple of Reader
        Readers of its formats, best first.
    label_names : tuple of str
    published_files : str
        Description of the files to put into ``$VAECOURSE_DATA/<name>``.
    megabytes : int
        Size of the download.
    stand_in : StandIn
    system_folders : tuple of Path
        Folders of operating system packages.
    """

    title: str
    torchvision: str
    found_as: str
    readers: tuple[Reader, ...]
    label_names: tuple[str, ...]
    published_files: str
    megabytes: int
    stand_in: StandIn
    system_folders: tuple[Path, ...] = ()
    factor_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """Specification of a data set that this package renders from its factors.

    Parameters
    ----------
    title : str
    render : function () -> dict of str to Split
        Function that renders both splits, within seconds; the result is always the same.
    description : str
        Text of ``.source``.
    label_names, factor_names : tuple of str
    found_as : str
        Pattern as above. Published files are read instead.
    readers : tuple of Reader
    published_files : str
    system_folders : tuple of Path
    cached : bool
        Whether to render it once and keep it in the cache.
    """

    title: str
    render: Callable[[], dict[str, Split]]
    description: str
    label_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    found_as: str = "(?!)"  # nothing
    readers: tuple[Reader, ...] = ()
    published_files: str = ""
    system_folders: tuple[Path, ...] = ()
    cached: bool = False


DIGIT_NAMES = tuple("0123456789")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
STL10 = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")

CIFAR10_FILES = TorchvisionFiles("CIFAR10", "cifar10(python|batchespy)", megabytes=190)
SVHN_FILES = TorchvisionFiles("SVHN", "svhn", megabytes=300)
STL10_FILES = TorchvisionFiles("STL10", "stl10(binary)?", megabytes=3200, shrink_to=64)

DATA_SETS = {
    "mnist": DataSetSpec(
        "MNIST",
        "MNIST",
        "mnist",
        (idx,),
        DIGIT_NAMES,
        "the four *-ubyte.gz files",
        megabytes=12,
        stand_in=DIGITS,
    ),
    "fashion_mnist": DataSetSpec(
        "Fashion-MNIST",
        "FashionMNIST",
        "fashionmnist",
        (idx,),
        CLOTHES_NAMES,
        "the four *-ubyte.gz files",
        megabytes=31,
        stand_in=CLOTHES,
        # Debian's package dataset-fashion-mnist
        system_folders=(Path("/usr/share/datasets/fashion-mnist"),),
    ),
    "cifar10": DataSetSpec(
        "CIFAR-10",
        "CIFAR10",
        r"cifar10(?!\d).*",
        (CIFAR10_FILES, ClassFolders(CIFAR10, size=32, published=60_000)),
        CIFAR10,
        "cifar-10-python.tar.gz",
        megabytes=170,
        stand_in=PHOTOGRAPHS_32,
    ),
    "svhn": DataSetSpec(
        "SVHN",
        "SVHN",
        r"svhn.*|(train|test|extra)32x32(mat)?",
        (SVHN_FILES,),
        DIGIT_NAMES,
        "train_32x32.mat and test_32x32.mat",
        megabytes=246,
        stand_in=HOUSE_NUMBERS,
    ),
    "stl10": DataSetSpec(
        "STL-10",
        "STL10",
        r"stl10(?!\d).*",
        (STL10_FILES,),
        STL10,
        "stl10_binary.tar.gz",
        megabytes=2640,
        stand_in=PHOTOGRAPHS_64,
    ),
    "celeba": DataSetSpec(
        "CelebA",
        "CelebA",
        r"listevalpartition|.*celeba(?!.*(hq|mask|spoof|dialog|text)).*",
        (celeba,),
        (),
        "img_align_celeba.zip (or a folder of its pictures) and list_attr_celeba.txt",
        megabytes=1470,
        stand_in=FACES,
        factor_names=celeba.ATTRIBUTES,
    ),
    "dsprites": Rendered(
        "dSprites",
        dsprites.splits,
        f"rendered from its published geometry: {dsprites.SPLITS}",
        dsprites.SHAPES,
        dsprites.FACTORS.names,
        found_as="dsprites.*",
        readers=(dsprites_file,),
        published_files="dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
    ),
    "toy_faces": Rendered(
        "Toy faces",
        toy_faces.splits,
        toy_faces.DESCRIPTION,
        (),
        toy_faces.FACTORS.names,
        cached=True,
    ),
}
