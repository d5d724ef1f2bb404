"""The cache knows what it was made from; writers share it; what dead processes left is deleted."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import hostile
import pytest
import torch

import vaecourse as vc
from vaecourse import files
from vaecourse.data import DataError, cache, loading
from vaecourse.data.rendered import toy_faces


@pytest.fixture(autouse=True)
def data_folder(data_folder):
    """MNIST's files in ``$VAECOURSE_DATA``, an empty cache, and no network."""
    hostile.write(data_folder / "mnist", hostile.idx_set())
    return data_folder


LABELS = "train-labels-idx1-ubyte"


def test_a_set_is_prepared_again_when_its_files_changed_and_says_so(data_folder, capsys):
    first = vc.load("mnist")
    assert loading.locate("mnist").kind == "cache"
    path = data_folder / "mnist" / LABELS
    content = bytearray(path.read_bytes())
    content[-1] = 9 - content[-1]
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))  # as a copy of an older file
    assert capsys.readouterr().out == ""
    again = vc.load("mnist")
    assert capsys.readouterr().out == (
        "mnist: prepared again, because the files in $VAECOURSE_DATA/mnist are not those\nthat it was prepared from.\n"
    )
    assert again.train.labels[-1] != first.train.labels[-1]
    assert loading.locate("mnist").kind == "cache"


def test_files_elsewhere_are_other_files(data_folder, tmp_path, monkeypatch, capsys):
    vc.load("mnist")
    (data_folder / "mnist").rename(data_folder / "aside")
    (tmp_path / "other").mkdir()
    (data_folder / "aside").rename(tmp_path / "other" / "mnist")
    monkeypatch.setenv("VAECOURSE_DATA", str(tmp_path / "other"))
    vc.load("mnist")
    assert "prepared again" in capsys.readouterr().out


def test_another_version_of_the_package_prepares_a_set_again(data_folder, monkeypatch, capsys):
    vc.load("mnist")
    monkeypatch.setattr(vc, "__version__", "99.0")
    vc.load("mnist")
    assert "prepared again, because another version of vaecourse had" in capsys.readouterr().out
    vc.load("mnist")
    assert capsys.readouterr().out == ""
    # Without the files nothing is lost: the set of the other version is used, and said.
    (data_folder / "mnist").rename(data_folder / "gone")
    monkeypatch.setattr(vc, "__version__", "100.0")
    assert len(vc.load("mnist", offline="error").train) == 20
    said = capsys.readouterr().out.split()
    delete = f"To have it prepared again delete {cache.path('mnist')}."
    assert said == f"mnist: another version of vaecourse prepared it. {delete}".split()


def test_what_is_drawn_is_drawn_again_by_another_version(monkeypatch, capsys):
    monkeypatch.setattr(toy_faces, "COUNTS", {"train": 20, "test": 5})
    vc.load("toy_faces")
    monkeypatch.setattr(vc, "__version__", "99.0")
    vc.load("toy_faces")
    assert "rendered again" in capsys.readouterr().out
    assert cache.origin("toy_faces").version == "99.0"


def test_a_file_of_an_earlier_version_without_a_sum_is_read(data_folder, capsys):
    images = vc.load("mnist")
    content = cache.path("mnist").read_bytes()
    with cache.safe_open(cache.path("mnist"), framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (the file is not a dictionary)
    cache.save_file(tensors, cache.path("mnist"), metadata={"source": "of old"})
    assert len(content) != cache.path("mnist").stat().st_size
    (data_folder / "mnist").rename(data_folder / "gone")
    assert torch.equal(vc.load("mnist").train.images, images.train.images)


def test_threads_that_load_a_set_at_a_time_do_not_hinder_each_other():
    found, errors = [], []

    def load():
        try:
            found.append(vc.load("mnist"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(found) == 6
    assert [path.name for path in cache.folder().iterdir()] == ["mnist.safetensors"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_umask_decides_who_may_read_the_cache(mask, mode):
    before = os.umask(mask)
    try:
        vc.load("mnist")
    finally:
        os.umask(before)
    assert cache.path("mnist").stat().st_mode & 0o777 == mode


def test_a_cache_without_permission_is_not_called_broken(monkeypatch):
    vc.load("mnist")
    real = Path.open

    def denied(path, *arguments, **settings):
        if path == cache.path("mnist"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **settings)

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(DataError, match="cannot be read \\(no permission\\): allow yourself") as caught:
        vc.load("mnist")
    assert "broken" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("VAECOURSE_CACHE", "~nobody-of-this-name/x", "VAECOURSE_CACHE is ~nobody-of-this-name/x, the home of an"),
        ("VAECOURSE_DATA", "~nobody-of-this-name/x", "VAECOURSE_DATA is ~nobody-of-this-name/x, the home of an"),
        ("HOME", "", "this account has no home folder for a cache: set VAECOURSE_CACHE"),
    ],
)
def test_homes_that_are_not_known_are_named(variable, value, message, monkeypatch):
    if variable == "HOME":
        monkeypatch.delenv("VAECOURSE_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(DataError, match=message):
        vc.load("mnist")


# Leftovers

WRITER = """
import os, sys, time
from vaecourse.files import atomic_path
with atomic_path(sys.argv[1]) as unfinished:
    unfinished.write_bytes(b"half")
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_left_is_deleted_by_the_next_writer(number, tmp_path):
    folder = tmp_path / "written"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", WRITER, folder / "a.bin"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(number)
    assert len(list(folder.iterdir())) == 1
    with files.atomic_path(folder / "b.bin") as unfinished:
        unfinished.write_bytes(b"whole")
    assert [path.name for path in folder.iterdir()] == ["b.bin"]


def test_a_reader_of_the_cache_deletes_what_was_left_after_the_last_write():
    vc.load("mnist")
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = cache.folder() / f".mnist.{files._owner()}-{int(gone.stdout)}-00{files.SUFFIX}"
    left.mkdir()
    vc.load("mnist")
    assert not left.exists()


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    with files.atomic_path(tmp_path / "a.bin") as first, files.atomic_path(tmp_path / "a.bin") as second:
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert (tmp_path / "a.bin").read_bytes() == b"first"


def test_what_other_machines_left_is_deleted_after_a_day(tmp_path):
    old, new = (tmp_path / f".a.bin.0123abcd-{number}-ff{files.SUFFIX}" for number in (7, 8))
    for folder in (old, new):
        folder.mkdir()
        (folder / "a.bin").write_bytes(b"half")
    flat = tmp_path / f".a.bin.4711{files.SUFFIX}"  # as earlier versions named them
    flat.write_bytes(b"half")
    for path in (old / "a.bin", old, flat):
        os.utime(path, (time.time() - 2 * files.DAY,) * 2)
    files.delete_leftovers(tmp_path)
    assert list(tmp_path.glob(".*")) == [new]


def test_sigterm_ends_a_command_as_ctrl_c_does(tmp_path):
    program = (
        "import sys, time, vaecourse.__main__ as m\n"
        "def load(name):\n    print('loading', flush=True); time.sleep(60)\n"
        "m.load = load\n"
        "sys.exit(m.main(['data', 'mnist']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.terminate()
        assert process.wait(300) == 130
        assert process.stderr.read() == "vaecourse: interrupted, nothing is left half-written\n"


def test_only_files_are_replaced_and_the_path_is_named(tmp_path):
    """An administrator who saves to /dev/null must not lose it."""
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "pipe", "choose another path"),
        (tmp_path, "choose another path"),
        (tmp_path / "nowhere" / "file", "make it first"),
        (tmp_path / ("a" * 300), "File name too long"),
    ):
        with pytest.raises(OSError, match=message) as caught, files.atomic_path(path) as unfinished:
            unfinished.write_bytes(b"new")
        assert "unfinished" not in str(caught.value)
    assert (tmp_path / "pipe").is_fifo()
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("data", "cache")] == ["pipe"]


def test_a_full_disk_is_told_with_the_path(tmp_path):
    full = pytest.raises(OSError, match=r"\[Errno 28\] No space left on device: '.*/file'")
    with full, files.atomic_path(tmp_path / "file"):
        raise OSError(28, "No space left on device")
    assert not (tmp_path / "file").exists()


def test_the_file_that_a_link_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "file")
    with files.atomic_path(tmp_path / "link") as unfinished:
        unfinished.write_bytes(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "file").read_bytes() == b"new"


def test_an_interrupt_while_the_cache_is_read_is_no_broken_cache(monkeypatch):
    """torch asks a storage for a value, and takes any exception for an answer."""
    vc.load("mnist")
    real = torch.UntypedStorage.__getitem__

    def pressed(storage, place):
        if isinstance(place, int):
            os.kill(os.getpid(), signal.SIGINT)
        return real(storage, place)

    monkeypatch.setattr(torch.UntypedStorage, "__getitem__", pressed)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        cache.read("mnist")
    signal.signal(signal.SIGINT, before)
