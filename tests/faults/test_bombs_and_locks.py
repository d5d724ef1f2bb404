"""Files that unpack to far more than they may hold, and files that libraries refuse for other reasons than damage."""

import contextlib
import functools
import gzip
import io
import os
import struct
import tarfile
import tracemalloc
import zipfile
import zlib

import hostile
import pytest

from vaecourse.data import DataError
from vaecourse.data.published import archives, listing

MB = 1 << 20


@functools.cache
def zeros(count: int) -> bytes:
    """This number of zero bytes, packed by gzip, made without holding them."""
    packer, parts = zlib.compressobj(1, zlib.DEFLATED, 31), []
    for _ in range(count // MB):
        parts.append(packer.compress(bytes(MB)))
    return b"".join([*parts, packer.flush()])


def zip_of_zeros(name: str, count: int, more: dict[str, bytes] | None = None) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=True) as entry,
    ):
        for _ in range(count // MB):
            entry.write(bytes(MB))
    with zipfile.ZipFile(file, "a") as archive:
        for path, content in (more or {}).items():
            archive.writestr(path, content)
    return file.getvalue()


def tar_of_zeros(name: str, count: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = count
    return gzip.compress(member.tobuf(), mtime=0) + zeros(count)


def long_name(count: int) -> bytes:
    """A tar file whose first header says that a name of this length follows."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, count
    return gzip.compress(member.tobuf(tarfile.USTAR_FORMAT), mtime=0) + zeros(count)


def idx_bomb(count: int) -> bytes:
    header = hostile.idx_set()["train-images-idx3-ubyte"][:16]
    return gzip.compress(header, mtime=0) + zeros(count)


def npz_bomb(shape: str) -> bytes:
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return hostile.zipped({"latents_classes.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header})


MORE = hostile.faces()
LIST, BATCHES = "list_attr_celeba.txt", "cifar-10-python.tar.gz"
IMAGES = "train-images-idx3-ubyte"
BOMBS = {
    "idx.gz": ("mnist", lambda n: hostile.idx_set(True) | {f"{IMAGES}.gz": idx_bomb(n)}),
    "idx of 4 billion images": ("mnist", lambda n: hostile.idx_set() | {IMAGES: b"\0\0\x08\3" + b"\xff" * 12}),
    "picture in a zip": ("cifar10", lambda n: {"a.zip": zip_of_zeros("train/cat/1.png", n)}),
    "face in a zip": (
        "celeba",
        lambda n: {"a.zip": zip_of_zeros("000013.jpg", n, MORE), LIST: hostile.attribute_list(13)},
    ),
    "list in gzip": ("celeba", lambda n: {**hostile.faces(), f"{LIST}.gz": zeros(n)}),
    "list in a zip": ("celeba", lambda n: {**hostile.faces(), "a.zip": zip_of_zeros(LIST, n)}),
    "batch in a tar.gz": ("cifar10", lambda n: {BATCHES: tar_of_zeros("cifar-10-batches-py/test_batch", n)}),
    "other file in a tar.gz": ("cifar10", lambda n: {BATCHES: tar_of_zeros("cifar-10-batches-py/x", n)}),
    "name in a tar.gz": ("cifar10", lambda n: {BATCHES: long_name(n)}),
    "npz of 44 TiB": ("dsprites", lambda n: {"a.npz": npz_bomb("(1000000000000, 6)")}),
}


@pytest.mark.parametrize("size", [300 * MB, pytest.param(4096 * MB, marks=pytest.mark.faults)])
@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused_without_being_unpacked(kind, size, data_folder, count):
    name, files = BOMBS[kind]
    hostile.write(data_folder / name, files(size))
    tracemalloc.start()
    found = hostile.outcome(name, data_folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    count("bombs", found)
    assert found == "refused"
    assert peak < 280 * MB
    left = [path for path in (data_folder.parent / "cache").rglob("*") if path.is_file()]
    assert left == []


# Refused for other reasons, each with the remedy that helps


def with_flag(content: bytes, flag: int = 0, method: int | None = None) -> bytes:
    """The zip file with a flag set, or another number of its compression, in every header."""
    content = bytearray(content)
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + at] |= flag
            if method is not None:
                content[place + at + 2] = method
            place = content.find(signature, place + 4)
    return bytes(content)


CIFAR, MNIST = hostile.zipped(hostile.class_set()), hostile.zipped(hostile.idx_set())
CELEBA = hostile.zipped(hostile.face_set())
UNPACK = "unpack it with the program that made it"


@pytest.mark.parametrize(("name", "content"), [("cifar10", CIFAR), ("mnist", MNIST), ("celeba", CELEBA)])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flag": 1}, "it is protected by a password"),
        ({"method": 9}, "Python does not know this compression"),
        ({"method": 93}, "Python does not know this compression"),
        ({"method": 99}, "Python does not know this compression"),
        ({"flag": 32}, "Python does not know this compression"),  # patched data
    ],
)
def test_archives_that_only_other_programs_open_say_so(name, content, change, reason, data_folder, count):
    hostile.write(data_folder / name, {"archive.zip": with_flag(content, **change)})
    with pytest.raises(DataError) as caught:
        hostile.vc.load(name, offline="error")
    count("passwords and methods of zip files", "refused")
    assert reason in str(caught.value)
    assert UNPACK in str(caught.value)
    assert "copy it again" not in str(caught.value)


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>Quota exceeded</title>", b"\n<HTML>"])
def test_a_web_page_under_the_name_of_an_archive_is_told(page, data_folder):
    hostile.write(data_folder / "celeba", {"img_align_celeba.zip": page, LIST: hostile.attribute_list()})
    with pytest.raises(DataError, match=r"img_align_celeba\.zip cannot be read \(it is a web page"):
        hostile.vc.load("celeba", offline="error")


def denied(*arguments, **settings):
    raise PermissionError(13, "Permission denied")


FILES = {
    "mnist": ("train-images-idx3-ubyte", hostile.idx_set),
    "cifar10": ("train/cat/0001.png", hostile.class_set),
    "celeba": ("list_attr_celeba.txt", hostile.face_set),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("what", ["denied", "link to nothing", "pipe", "failing disk", "vanished"])
def test_files_that_cannot_be_opened_are_named_with_what_helps(name, what, data_folder, monkeypatch, count):
    file, make = FILES[name]
    hostile.write(data_folder / name, make())
    path = data_folder / name / file
    path.unlink()
    real = listing._opened

    errors = {"denied": PermissionError(13, "Permission denied"), "failing disk": OSError(5, "Input/output error")}
    errors["vanished"] = FileNotFoundError(2, "No such file")

    def opened(other):
        if other == path:
            raise errors[what]
        return real(other)

    if what == "link to nothing":
        path.symlink_to(data_folder / "nowhere")
    elif what == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"")
        monkeypatch.setattr(listing, "_opened", opened)
    with pytest.raises(DataError) as caught, hostile.within(60):
        hostile.vc.load(name, offline="error")
    count("files that cannot be opened", "refused")
    told = {
        "denied": "(no permission): allow yourself to read it",
        "link to nothing": "nowhere, which is not there: mend it",
        "pipe": "is not a file but a pipe",
        "failing disk": "(Input/output error): check the disk or the network folder",
        "vanished": "cannot be read (No such file)",
    }[what]
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_folders_without_permission_are_named(name, data_folder, monkeypatch, count):
    hostile.write(data_folder / name, FILES[name][1]())
    real = os.listdir
    monkeypatch.setattr(listing.os, "listdir", lambda path: denied() if path == data_folder / name else real(path))
    with pytest.raises(DataError, match=r"cannot be read \(no permission\): allow yourself"):
        hostile.vc.load(name)
    count("files that cannot be opened", "refused")


def test_hostile_names_never_reach_the_terminal_raw(data_folder, count):
    for number, sign in enumerate(["\x1b[2J", "\n", "\r", "\u202e", "\x9b31m", "\udcff", "a" * 250]):
        folder = data_folder / "celeba" / f"a{sign}b{number}"
        hostile.write(
            folder, {"000001.jpg": b"no picture", "list_attr_celeba.txt": b"1\n" + sign.encode("utf-8", "ignore")}
        )
        found = hostile.outcome("celeba", data_folder)
        count("names that would control a terminal", found)
        assert found == "refused"
        for path in folder.iterdir():
            path.unlink()


def test_a_reader_that_fails_in_a_new_way_is_still_one_line(data_folder, monkeypatch):
    hostile.write(data_folder / "cifar10", {"a.zip": CIFAR})
    for error in (
        RecursionError("deep"),
        AssertionError(),
        struct.error("short"),
        MemoryError(),
        KeyError("x"),
        SyntaxError("\nx"),
    ):
        monkeypatch.setattr(
            archives.zipfile, "ZipFile", lambda file, error=error: contextlib.nullcontext(raising(error))
        )
        assert hostile.outcome("cifar10", data_folder) == "refused"


class raising:
    def __init__(self, error):
        self.error = error

    def infolist(self):
        raise self.error


def test_arrays_of_dsprites_are_measured_before_they_are_read(data_folder):
    for shape in ("(10**12, 6)", "(1, 6)", "(-1, 6)", "()", "'x'", "(1e300,)"):
        hostile.write(data_folder / "dsprites", {"a.npz": npz_bomb(shape)})
        assert hostile.outcome("dsprites", data_folder) == "refused"
