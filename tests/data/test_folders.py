"""Folders and archives as people have them: read whatever they are called, or named; never taken for absent."""

import gzip
import os
import zipfile

import hostile
import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse.data import DataError, cache, loading
from vaecourse.data.published import listing

CLUTTER = {
    "__MACOSX/{folder}/._{name}": b"no picture",
    "{folder}/._{name}": b"no picture",
    "{folder}/.ipynb_checkpoints/{stem}-checkpoint{suffix}": None,  # a copy of the file
    "{folder}/Thumbs.db": b"thumbs",
    "{folder}/desktop.ini": b"[.ShellClassInfo]",
    "{folder}/@eaDir/{name}": b"no picture",
    ".DS_Store": b"store",
    ".Trash-0/{name}": None,
}


pytestmark = pytest.mark.usefixtures("data_folder")


def with_clutter(files):
    """The files, and what systems put beside each of them."""
    more = dict(files)
    for path, content in files.items():
        folder, _, name = path.rpartition("/")
        stem, dot, suffix = name.partition(".")
        for pattern, other in CLUTTER.items():
            added = pattern.format(folder=folder or ".", name=name, stem=stem, suffix=dot + suffix)
            more[os.path.normpath(added)] = content if other is None else other
    return more


def renamed(files, change):
    return {change(path): content for path, content in files.items()}


def reference(name, files, folder):
    """What the set is where its files have their published names."""
    hostile.write(folder / "data" / name, files)
    images = vc.load(name)
    cache.path(name).unlink()
    for path in files:
        (folder / "data" / name / path).unlink()
    return images


def same(images, expected):
    assert torch.equal(images.train.images, expected.train.images)
    assert torch.equal(images.test.images, expected.test.images)
    for field in ("labels", "factors"):
        one, other = getattr(images.train, field), getattr(expected.train, field)
        assert other is None or torch.equal(one, other)


# Names and places of MNIST's four files

MNIST = hostile.idx_set()
PACKED = hostile.idx_set(packed=True)
MNIST_FORMS = {
    "Kaggle": renamed(MNIST, lambda path: f"mnist/{path.replace('-idx', '.idx')}"),
    "Kaggle, twice": {f"mnist/{name.replace('-idx', '.idx')}": MNIST[name] for name in MNIST}
    | {f"mnist/{name}/{name}": MNIST[name] for name in MNIST},
    "underscores": renamed(MNIST, lambda path: f"mnist/{path.replace('-', '_')}"),
    "capitals": renamed(PACKED, lambda path: f"MNIST/{path.upper()}"),
    "7-Zip": renamed(PACKED, lambda path: f"mnist/{path.replace('-idx', '.idx')}"),
    "one deeper": renamed(MNIST, lambda path: f"mnist/archive/{path}"),
    "torchvision": renamed(MNIST, lambda path: f"MNIST/raw/{path}"),
    "unpacked by the browser": renamed(MNIST, lambda path: f"mnist/{path}.gz"),
    "packed without the suffix": {f"mnist/{name}": gzip.compress(MNIST[name]) for name in MNIST},
    "second downloads": renamed(PACKED, lambda path: f"mnist/{path.replace('.gz', ' (1).gz')}"),
    "second downloads beside": renamed(PACKED, lambda path: f"mnist/{path}")
    | renamed(PACKED, lambda path: f"mnist/{path.replace('.gz', ' (1).gz')}"),
    "zip": {"mnist/archive.zip": hostile.zipped(with_clutter(MNIST))},
    "zip beside the folder": {"mnist.zip": hostile.zipped(renamed(MNIST, lambda path: f"mnist/{path}"))},
    "tar": {"mnist/archive.tar.gz": hostile.tarred(renamed(MNIST, lambda path: f"./mnist/{path}"))},
    "clutter": renamed(with_clutter(PACKED), lambda path: f"mnist/{path}"),
}


@pytest.mark.parametrize("form", MNIST_FORMS)
def test_the_four_files_are_found_under_their_usual_names(form, data_folder, tmp_path):
    expected = reference("mnist", MNIST, tmp_path)
    hostile.write(data_folder, MNIST_FORMS[form])
    same(vc.load("mnist", offline="error"), expected)


# Pictures in class folders

PNG, JPEG = hostile.class_set(), hostile.class_set("JPEG")
CIFAR_FORMS = {
    "capitals": renamed(PNG, lambda path: "CIFAR-10/" + "/".join(part.capitalize() for part in path.split("/"))),
    "suffix": renamed(JPEG, lambda path: f"cifar10/{path.replace('.jpg', '.JPEG')}"),
    "one deeper": renamed(PNG, lambda path: f"cifar10/CIFAR-10-images-master/{path}"),
    "deeper in each class": renamed(PNG, lambda path: f"cifar10/{path.replace('/0', '/pictures/0')}"),
    "clutter": renamed(with_clutter(PNG), lambda path: f"cifar10/{path}"),
    "zip": {"cifar10/CIFAR.ZIP": hostile.zipped(renamed(PNG, lambda path: f"./cifar10/{path}"))},
    "zip of a Mac": {"cifar10/cifar.zip": hostile.zipped(with_clutter(PNG))},
    "zip of old Windows": {"cifar10/cifar.zip": hostile.zipped(renamed(PNG, lambda path: path.replace("/", "\\")))},
    "zip in the folder above": {"cifar10.zip": hostile.zipped(PNG)},
    "tgz of fast.ai": {"cifar10/cifar10.tgz": hostile.tarred(renamed(PNG, lambda path: f"cifar10/{path}"))},
    "tar": {"cifar10/cifar10.tar": hostile.tarred(PNG, "w")},
    "bzip2": {"cifar10/cifar.zip": hostile.zipped(PNG, zipfile.ZIP_BZIP2)},
    "lzma": {"cifar10/cifar.zip": hostile.zipped(PNG, zipfile.ZIP_LZMA)},
}


@pytest.mark.parametrize("form", CIFAR_FORMS)
def test_pictures_in_class_folders_are_found(form, data_folder, tmp_path):
    expected = reference("cifar10", JPEG if form == "suffix" else PNG, tmp_path)
    hostile.write(data_folder, CIFAR_FORMS[form])
    same(vc.load("cifar10", offline="error"), expected)


# CelebA as Kaggle has it

FACES, LIST, PARTITION = hostile.faces(), hostile.attribute_list(), hostile.partition_list()
TABLE = hostile.attribute_table()
TABLE_HEADING = TABLE.splitlines()[0]
PARTITION_TABLE = b"image_id,partition\n" + PARTITION.replace(b" ", b",")
IN_FOLDER = {f"celeba/img_align_celeba/{name}": content for name, content in FACES.items()}
DEEPER = {f"celeba/img_align_celeba/img_align_celeba/{name}": content for name, content in FACES.items()}
IN_ZIP = {f"img_align_celeba/{name}": content for name, content in FACES.items()}


def words(names):
    return "\n".join(f"{i:06}.jpg,{names[part]}" for i, part in enumerate(hostile.partition_of(), 1)).encode()


ATTRIBUTE_FORMS = {
    "table": {"list_attr_celeba.csv": TABLE},
    "table with a byte-order mark": {"list_attr_celeba.csv": b"\xef\xbb\xbf" + TABLE},
    "list with a byte-order mark": {"list_attr_celeba.txt": b"\xef\xbb\xbf" + LIST},
    "UTF-16": {"list_attr_celeba.csv": TABLE.decode().encode("utf-16")},
    "Windows lines": {"list_attr_celeba.txt": LIST.replace(b"\n", b"\r\n")},
    "semicolons": {"list_attr_celeba.csv": hostile.attribute_table(separator=";")},
    "tabs": {"list_attr_celeba.tsv": hostile.attribute_table(separator="\t")},
    "quotes": {"list_attr_celeba.csv": b'"' + TABLE.replace(b",", b'","').replace(b"\n", b'"\n"')[:-1]},
    "zeros": {"list_attr_celeba.csv": hostile.attribute_table(no="0")},
    "other columns": {"list_attr_celeba.csv": b"\n".join(b"7," + line for line in TABLE.splitlines())},
    "capitals and hyphens": {"Anno/List-Attr-CelebA.TXT": LIST},
    "gzip": {"list_attr_celeba.csv.gz": gzip.compress(TABLE)},
    "gzip without the suffix": {"list_attr_celeba.txt": gzip.compress(LIST)},
    "zip of its own": {"list_attr_celeba.csv.zip": hostile.zipped({"list_attr_celeba.csv": TABLE})},
    "second download": {"list_attr_celeba (1).txt": LIST},
    "UTF-16 without a mark": {"list_attr_celeba.csv": TABLE.decode().encode("utf-16-le")},
    "Excel": {"list_attr_celeba.csv": b"\xef\xbb\xbfsep=;\r\n"
        + hostile.attribute_table(separator=";").replace(b"\n", b"\r\n")},
    "lines of old Macs": {"list_attr_celeba.txt": LIST.replace(b"\n", b"\r")},
    "fractions": {"list_attr_celeba.csv": hostile.attribute_table(no="-1.0").replace(b",1", b",1.0")},
    "truth values": {"list_attr_celeba.csv": hostile.attribute_table(no="False").replace(b",1", b",True")},
    "names in small letters": {"list_attr_celeba.csv": TABLE.replace(TABLE_HEADING, TABLE_HEADING.lower())},
    "names of spaces": {"list_attr_celeba.csv": TABLE.replace(TABLE_HEADING, TABLE_HEADING.replace(b"_", b" "))},
    "paths of Windows": {"list_attr_celeba.csv": TABLE.replace(b"\n0", b"\nimg_align_celeba\\0")},
    "numbers": {"list_attr_celeba.csv": b"\n".join(
        line.replace(b".jpg", b"").lstrip(b"0") for line in TABLE.splitlines())},
    "a folder of its own": {"list_attr_celeba.csv/list_attr_celeba.csv": TABLE},
}  # fmt: skip
PARTITION_FORMS = {
    "list": {"list_eval_partition.txt": PARTITION},
    "table": {"list_eval_partition.csv": PARTITION_TABLE},
    "byte-order mark": {"list_eval_partition.csv": b"\xef\xbb\xbf" + PARTITION_TABLE},
    "words": {"list_eval_partition.csv": words(["train", "valid", "test"])},
    "other words": {"list_eval_partition.txt": words(["Training", "Validation", "Testing"]).replace(b",", b"\t")},
    "tabs": {"list_eval_partition.txt": PARTITION.replace(b" ", b"\t")},
    "columns aligned": {"list_eval_partition.txt": PARTITION.replace(b" ", b"   ")},
    "numbered lines": {"list_eval_partition.csv": b",image_id,partition\n" + b"\n".join(
        b"%d,%b" % (i, line) for i, line in enumerate(PARTITION.replace(b" ", b",").splitlines()))},
    "names of other suffix": {"list_eval_partition.txt": PARTITION.replace(b".jpg", b".png")},
    "gzip": {"Eval/list_eval_partition.txt.gz": gzip.compress(PARTITION)},
    "UTF-16 without a mark": {"list_eval_partition.csv": PARTITION_TABLE.decode().encode("utf-16-be")},
    "semicolons and Windows lines": {
        "list_eval_partition.csv": PARTITION_TABLE.replace(b",", b";").replace(b"\n", b"\r\n")},
    "fractions": {"list_eval_partition.csv": b"image_id,partition\n"
        + PARTITION.replace(b" ", b",").replace(b"\n", b".0\n")},
    "other heading": {"list_eval_partition.csv": PARTITION_TABLE.replace(b"partition", b"subset")},
    "split first": {"list_eval_partition.csv": b"\n".join(
        b",".join(reversed(line.split(b","))) for line in PARTITION_TABLE.splitlines())},
}  # fmt: skip


def check_faces(images, published=True):
    if published:
        assert "published splits (2 validation faces left out)" in images.source
    values = hostile.attribute_values()
    assert np.array_equal(images.train.factors, values[:8] if published else values[:11])


@pytest.mark.parametrize("form", ATTRIBUTE_FORMS)
def test_attributes_are_read_in_any_of_their_forms(form, data_folder):
    hostile.write(data_folder, IN_FOLDER)
    hostile.write(data_folder / "celeba", ATTRIBUTE_FORMS[form])
    check_faces(vc.load("celeba", offline="error"), published=False)


@pytest.mark.parametrize("form", PARTITION_FORMS)
def test_the_partition_is_read_in_any_of_its_forms(form, data_folder):
    hostile.write(data_folder, DEEPER)
    hostile.write(data_folder / "celeba", {"list_attr_celeba.csv": TABLE} | PARTITION_FORMS[form])
    check_faces(vc.load("celeba", offline="error"))


KAGGLE = {
    **{f"img_align_celeba/img_align_celeba/{name}": content for name, content in FACES.items()},
    "list_attr_celeba.csv": TABLE,
    "list_eval_partition.csv": PARTITION_TABLE,
    "list_bbox_celeba.csv": b"image_id,x_1\n",
}
PNG_FACES = hostile.faces(suffix="png")
CELEBA_FORMS = {
    "Kaggle": renamed(KAGGLE, lambda path: f"CelebA/{path}"),
    "Kaggle, packed": {"celeba/archive.zip": hostile.zipped(with_clutter(KAGGLE))},
    "Kaggle, packed, beside the folder": {"celeba-dataset.zip": hostile.zipped(KAGGLE)},
    "tar": {"celeba/celeba.tar.gz": hostile.tarred(KAGGLE)},
    "PNG": {f"celeba/img_align_celeba_png/{name}": content for name, content in PNG_FACES.items()}
    | {"celeba/list_attr_celeba.txt": LIST, "celeba/list_eval_partition.txt": PARTITION},
    "capitals": renamed(IN_FOLDER, lambda path: path.replace(".jpg", ".JPG"))
    | {"celeba/list_attr_celeba.txt": LIST, "celeba/list_eval_partition.txt": PARTITION},
    "all in the folder above": {"img_align_celeba.zip": hostile.zipped(IN_ZIP)}
    | {"list_attr_celeba.txt": LIST, "list_eval_partition.txt": PARTITION},
}


@pytest.mark.parametrize("form", CELEBA_FORMS)
def test_faces_are_found_with_their_lists(form, data_folder):
    hostile.write(data_folder, CELEBA_FORMS[form])
    check_faces(vc.load("celeba", offline="error"))


def test_an_archive_beside_a_part_of_its_pictures_is_used_and_said(data_folder):
    some = dict(list(IN_FOLDER.items())[:5])
    lists = {"celeba/list_attr_celeba.txt": LIST, "celeba/list_eval_partition.txt": PARTITION}
    hostile.write(data_folder, some | lists | {"celeba/img_align_celeba.zip": hostile.zipped(IN_ZIP)})
    images = vc.load("celeba", offline="error")
    check_faces(images)
    assert "from img_align_celeba.zip, not from folders" in images.source


def test_pictures_beside_an_archive_without_some_of_them_are_used_and_said(data_folder):
    lists = {"celeba/list_attr_celeba.txt": LIST, "celeba/list_eval_partition.txt": PARTITION}
    some = dict(list(IN_ZIP.items())[:5])
    hostile.write(data_folder, IN_FOLDER | lists | {"celeba/img_align_celeba.zip": hostile.zipped(some)})
    images = vc.load("celeba", offline="error")
    check_faces(images)
    assert "from folders, not from img_align_celeba.zip" in images.source


def test_an_archive_in_an_archive_is_named(data_folder):
    inner = {"celeba/img_align_celeba.zip": hostile.zipped(IN_ZIP), "celeba/list_attr_celeba.txt": LIST}
    hostile.write(data_folder, {"celeba/celeba.zip": hostile.zipped(inner)})
    with pytest.raises(DataError, match=r"img_align_celeba\.zip is an archive inside an archive: unpack the outer one"):
        vc.load("celeba")


def test_names_that_are_not_text_are_read_and_told(data_folder):
    folder = os.fsencode(data_folder / "mnist") + b"/d\xe9j\xe0 vu"
    os.makedirs(folder)
    for name, content in MNIST.items():
        with open(folder + b"/" + name.encode(), "wb") as file:
            file.write(content)
    assert vc.load("mnist", offline="error").source == r"files in $VAECOURSE_DATA/mnist/d\udce9j\udce0 vu"


def test_a_face_in_two_splits_is_refused(data_folder):
    lists = {"celeba/list_attr_celeba.txt": LIST, "celeba/list_eval_partition.txt": PARTITION + b"000001.jpg 2\n"}
    hostile.write(data_folder, IN_FOLDER | lists)
    with pytest.raises(DataError, match=r"line 13: 000001\.jpg is in another split before"):
        vc.load("celeba")


# Links


def test_links_to_folders_and_files_are_followed(data_folder, tmp_path):
    store = tmp_path / "shared disk"
    hostile.write(store, {"a/" + path: content for path, content in PNG.items() if "train" in path})
    hostile.write(store, {"b/" + path: content for path, content in PNG.items() if "test" in path})
    (data_folder / "cifar10").mkdir()
    (data_folder / "cifar10" / "train").symlink_to(store / "a" / "train")
    (data_folder / "cifar10" / "test").symlink_to(store / "b" / "test")
    assert len(vc.load("cifar10", offline="error").train) == 20
    (data_folder / "mnist").mkdir()
    hostile.write(store, PACKED)
    for name in PACKED:
        (data_folder / "mnist" / name).symlink_to(store / name)
    assert len(vc.load("mnist", offline="error").train) == 20


def test_a_link_that_leads_back_ends_nothing(data_folder):
    hostile.write(data_folder / "mnist", PACKED)
    (data_folder / "mnist" / "again").symlink_to(data_folder / "mnist")
    (data_folder / "mnist" / "more").mkdir()
    (data_folder / "mnist" / "more" / "above").symlink_to(data_folder)
    (data_folder / "mnist" / "itself").symlink_to(data_folder / "mnist" / "itself")
    assert len(vc.load("mnist", offline="error").train) == 20


def test_a_folder_with_two_names_is_one_folder(data_folder):
    hostile.write(data_folder / "zzz", PNG)
    for name in ("CIFAR-10", "cifar10"):
        (data_folder / name).symlink_to(data_folder / "zzz")
    assert len(vc.load("cifar10", offline="error").train) == 20


# What is there is read or named, and never replaced in silence

NAMED = {
    "mnist": ["mnist.npz", "mnist_train.csv", "train-00000-of-00001.parquet", "MNIST.7z", "mnist.pkl.gz", "0/1.png"],
    "cifar10": ["cifar-10-python.rar", "train.7z", "cifar10.npz", "data_batch_1.bin", "1.png"],
    "svhn": ["train.mat", "train_32x32.mat.crdownload", "train.tar.gz", "svhn.h5"],
    "stl10": ["stl10_binary.7z", "train.npz"],
    "celeba": ["img_align_celeba.7z.001", "celeba.tfrecord", "data.mdb"],
    "dsprites": ["dsprites.hdf5", "dsprites.npz.part", "imgs.npy"],
}


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in NAMED.items() for file in files])
def test_a_folder_that_holds_something_else_is_named_with_it(name, file, data_folder):
    hostile.write(data_folder / name, {file: b"something"})
    with pytest.raises(DataError) as caught:
        vc.load(name)
    assert str(data_folder / name) in str(caught.value)
    assert file in str(caught.value)
    assert not cache.folder().exists() or not list(cache.folder().iterdir())


@pytest.mark.parametrize("name", ["mnist", "celeba", "dsprites"])
@pytest.mark.parametrize("file", [None, ".DS_Store", "README.md", "__MACOSX/._x"])
def test_a_folder_without_data_is_empty(name, file, data_folder):
    (data_folder / name).mkdir()
    hostile.write(data_folder / name, {file: b""} if file else {})
    assert loading.locate(name).kind == ("rendered" if name == "dsprites" else "stand-in")


@pytest.mark.parametrize("name", ["cifar-100-python/train", "CelebAMask-HQ/1.jpg", "celeba_hq/1.jpg", "mnist_m/1.png"])
def test_other_sets_of_similar_name_are_left_alone(name, data_folder):
    hostile.write(data_folder, {name: b"something"})
    for own in ("cifar10", "celeba", "mnist"):
        assert loading.locate(own).kind == "stand-in"


def test_names_are_compared_without_what_differs_between_systems():
    for name in ("Train-Images.idx3_ubyte.gz", "train-images-idx3-ubyte (2).gz", "train images idx3 ubyte - copy"):
        assert listing.key(name) == "trainimagesidx3ubyte"
