"""Damaged files of every format are read or refused in one line: nothing hangs, nothing else is raised or stored.

The fast part tries a few of each kind; ``make test-faults`` tries thousands.
"""

import io
import zipfile

import hostile
import numpy as np
import pytest
import torchvision.datasets

from vaecourse.data import cache
from vaecourse.data.rendered import dsprites
from vaecourse.data.rendered.factor_grid import FactorGrid

FEW, MANY = 12, 400


def dsprites_file() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(
        file,
        imgs=np.random.default_rng(0).integers(0, 2, (48, 64, 64), dtype=np.uint8),
        latents_classes=dsprites.FACTORS.classes_of(np.arange(48)),
    )
    return file.getvalue()


def other_picture(number: int) -> bytes:
    kind = ("GIF", "BMP", "TIFF", "PPM", "TGA", "WEBP", "PCX", "ICO", "SGI")[number % 9]
    return hostile.picture(number, kind=kind) if number % 10 else b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"


# Area: the set, its folder, and functions that give all files and the path of the damaged one.
AREAS = {
    "idx": ("mnist", hostile.idx_set, "train-images-idx3-ubyte"),
    "idx, labels": ("mnist", hostile.idx_set, "t10k-labels-idx1-ubyte"),
    "idx.gz": ("mnist", lambda: hostile.idx_set(packed=True), "train-images-idx3-ubyte.gz"),
    "dSprites npz": ("dsprites", lambda: {"dsprites.npz": dsprites_file()}, "dsprites.npz"),
    "zip of pictures": ("cifar10", lambda: {"pictures.zip": hostile.zipped(hostile.class_set())}, "pictures.zip"),
    "zip of pictures, deflated": (
        "cifar10",
        lambda: {"pictures.zip": hostile.zipped(hostile.class_set(), zipfile.ZIP_DEFLATED)},
        "pictures.zip",
    ),
    "zip of pictures, lzma": (
        "cifar10",
        lambda: {"pictures.zip": hostile.zipped(hostile.class_set(), zipfile.ZIP_LZMA)},
        "pictures.zip",
    ),
    "tar.gz of pictures": ("cifar10", lambda: {"pictures.tgz": hostile.tarred(hostile.class_set())}, "pictures.tgz"),
    "tar of pictures": ("cifar10", lambda: {"pictures.tar": hostile.tarred(hostile.class_set(), "w")}, "pictures.tar"),
    "PNG": ("cifar10", hostile.class_set, "train/cat/0001.png"),
    "JPEG": ("cifar10", lambda: hostile.class_set("JPEG"), "train/cat/0001.jpg"),
    "CIFAR-10 batches": ("cifar10", hostile.cifar_batches, "cifar-10-batches-py/test_batch"),
    "CIFAR-10 tar.gz": (
        "cifar10",
        lambda: {"cifar-10-python.tar.gz": hostile.tarred(hostile.cifar_batches())},
        "cifar-10-python.tar.gz",
    ),
    "SVHN .mat": ("svhn", hostile.svhn_files, "train_32x32.mat"),
    "STL-10 .bin": ("stl10", hostile.stl_files, "stl10_binary/train_X.bin"),
    "STL-10 tar.gz": (
        "stl10",
        lambda: {"stl10_binary.tar.gz": hostile.tarred(hostile.stl_files())},
        "stl10_binary.tar.gz",
    ),
    "CelebA attributes": ("celeba", hostile.face_set, "list_attr_celeba.txt"),
    "CelebA partition": ("celeba", hostile.face_set, "list_eval_partition.txt"),
    "CelebA table": (
        "celeba",
        lambda: {**hostile.faces(), "list_attr_celeba.csv": hostile.attribute_table()},
        "list_attr_celeba.csv",
    ),
    "CelebA zip": (
        "celeba",
        lambda: {"a.zip": hostile.zipped(hostile.faces()), "list_attr_celeba.txt": hostile.attribute_list()},
        "a.zip",
    ),
    "CelebA pictures": ("celeba", hostile.face_set, "img_align_celeba/000003.jpg"),
}


@pytest.fixture(autouse=True)
def small_dsprites(monkeypatch):
    monkeypatch.setattr(dsprites, "FACTORS", FactorGrid(dsprites.FACTORS.names, (1, 3, 2, 2, 2, 2)))
    monkeypatch.setattr(dsprites, "TEST_COUNT", 10)


def damage(area, tries, data_folder, generator, count):
    name, make, path = AREAS[area]
    folder = data_folder / name
    hostile.write(folder, make())
    whole, faults = (folder / path).read_bytes(), []
    for _ in range(tries):
        (folder / path).write_bytes(hostile.damaged(whole, generator))
        found = hostile.outcome(name, folder)
        count(area, found)
        faults += [found] if found not in ("accepted", "refused") else []
    assert faults == []


@pytest.mark.parametrize("area", AREAS)
def test_damaged_files(area, data_folder, generator, count):
    damage(area, FEW, data_folder, generator, count)


@pytest.mark.faults
@pytest.mark.parametrize("area", AREAS)
def test_many_damaged_files(area, data_folder, generator, count):
    damage(area, MANY, data_folder, generator, count)


# Not those of SVHN: SciPy crashes on some damaged .mat files, which is why the sums are compared first.
BEHIND_SUMS = {
    "STL-10 pictures": ("stl10", "train_X.bin"),
    "STL-10 labels": ("stl10", "test_y.bin"),
    "STL-10 classes": ("stl10", "class_names.txt"),
}


@pytest.mark.parametrize("tries", [FEW, pytest.param(MANY, marks=pytest.mark.faults)])
@pytest.mark.parametrize("area", BEHIND_SUMS)
def test_damaged_files_as_if_their_sums_were_right(area, tries, data_folder, generator, count, monkeypatch):
    """What the readers of torchvision make of them: the sums are what keeps such files away from them."""
    name, file = BEHIND_SUMS[area]
    for module in (torchvision.datasets.utils, torchvision.datasets.stl10):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: True)
    files = hostile.stl_files()
    (path,) = [path for path in files if path.endswith(file)]
    hostile.write(data_folder / name, files)
    assert hostile.outcome(name, data_folder) == "accepted"
    faults = []
    for _ in range(tries):
        (data_folder / name / path).write_bytes(hostile.damaged(files[path], generator))
        found = hostile.outcome(name, data_folder)
        count(f"{area}, as if the sum were right", found)
        faults += [found] if found not in ("accepted", "refused") else []
    assert faults == []


@pytest.mark.parametrize("tries", [20, pytest.param(900, marks=pytest.mark.faults)])
def test_other_formats_under_the_name_of_a_picture(tries, data_folder, generator, count):
    folder = data_folder / "cifar10"
    hostile.write(folder, hostile.class_set())
    faults = []
    for number in range(tries):
        content = other_picture(number)
        (folder / "train/cat/0001.png").write_bytes(hostile.damaged(content, generator) if number % 2 else content)
        found = hostile.outcome("cifar10", folder)
        count("other formats named .png", found)
        faults += [found] if found != "refused" else []
    assert faults == []


@pytest.mark.parametrize("tries", [40, pytest.param(600, marks=pytest.mark.faults)])
def test_every_flipped_bit_of_the_cache_is_noticed(tries, data_folder, generator, count):
    hostile.write(data_folder / "mnist", hostile.idx_set())
    first = hostile.vc.load("mnist")
    path, faults = cache.path("mnist"), []
    whole = path.read_bytes()
    for number in range(tries):
        # Every other one in the first KiB, where names, shapes and the origin are.
        at = generator.randrange(len(whole) if number % 2 else 1024)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << generator.randrange(8)]) + whole[at + 1 :])
        try:
            again = hostile.vc.load("mnist")
            same = all(
                hostile.vc.data.images.torch.equal(one.images, other.images)
                for one, other in ((first.train, again.train), (first.test, again.test))
            )
            found = "accepted" if same and again.source == first.source else "other images without a word"
        except hostile.DataError as error:
            found = "refused" if str(path) in str(error) else f"a message of no use: {error}"
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        count("cache, one bit flipped", found)
        faults += [found] if found not in ("accepted", "refused") else []
        path.write_bytes(whole)
    assert faults == []
