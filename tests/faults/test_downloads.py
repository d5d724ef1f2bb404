"""Servers that drip, never end, stall or lie: a download ends, and asks the next mirror."""

import gzip
import hashlib
import time

import hostile
import pytest
import torchvision.datasets
from local_server import serving

import vaecourse as vc
from vaecourse.data import DataError, cache, downloads

IMAGES = "train-images-idx3-ubyte.gz"
PACKED = hostile.idx_set(packed=True)


@pytest.fixture
def mirrors(data_folder, monkeypatch):
    """Two mirrors of a tiny MNIST; the first one is to be spoiled."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "available", lambda class_name: True)
    for name, value in {"SLOW_SECONDS": 0.5, "STALL_SECONDS": 1, "OPEN_SECONDS": 2}.items():
        monkeypatch.setattr(downloads, name, value)
    with serving(dict(PACKED)) as first, serving(dict(PACKED)) as second:
        sums = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
        monkeypatch.setattr(torchvision.datasets.MNIST, "resources", sums)
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [first.address, second.address])
        yield first, second


def drip(handler, content):
    for byte in content:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def endless(handler, content):
    while True:
        handler.wfile.write(bytes(1 << 16))


def stall(handler, content):
    handler.wfile.write(content[:100])
    time.sleep(30)


def half(handler, content):
    handler.wfile.write(content[: len(content) // 2])


def wrong(handler, content):
    handler.wfile.write(gzip.compress(b"another file"))


def control(handler, content):
    handler.wfile.write(b"\x00\x1b[2J\n" * 100)


FAULTS = {fault.__name__: fault for fault in (drip, endless, stall, half, wrong, control)}


def spoil(server, fault):
    """Answer without a length, because a wrong one would end the answer."""

    def answer(handler):
        server.requests.append(handler.path)
        try:
            handler.send_response(200)
            handler.end_headers()
            fault(handler, server.files[handler.path.lstrip("/")])
        except OSError:
            """The client has hung up."""

    server.RequestHandlerClass = type("Spoilt", (server.RequestHandlerClass,), {"do_GET": answer})


@pytest.mark.parametrize("fault", FAULTS)
def test_the_second_mirror_is_asked(mirrors, fault, count):
    spoil(mirrors[0], FAULTS[fault])
    with hostile.within(90):
        assert len(vc.load("mnist", offline="error").train) == 20
    count("downloads, first mirror spoilt", "accepted")
    assert [path.name for path in cache.folder().iterdir()] == ["mnist.safetensors"]
    assert sum(IMAGES in request for request in mirrors[0].requests) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download_without_a_good_mirror_ends_in_one_line(mirrors, fault, count, monkeypatch):
    monkeypatch.setattr(downloads, "TRIES", 1)
    for mirror in mirrors:
        spoil(mirror, FAULTS[fault])
    with (
        pytest.raises(DataError, match=r"MNIST is not on this machine, and the download failed \(") as caught,
        hostile.within(90),
    ):
        vc.load("mnist", offline="error")
    count("downloads, both mirrors spoilt", "refused")
    assert str(caught.value).isprintable()
    assert list(cache.folder().iterdir()) == []
    told = {"drip": "bytes a second", "endless": "does not end after", "stall": "timed out"}
    assert told.get(fault, "not the published ones") in str(caught.value)


def test_a_download_says_how_large_it_is(mirrors, capsys):
    vc.load("mnist", offline="error")
    assert capsys.readouterr().out == "MNIST: downloading 12 MB, once.\n"
    vc.load("mnist", offline="error")
    assert capsys.readouterr().out == ""


def test_an_answer_that_never_begins_is_given_up(mirrors, monkeypatch, count):
    def silent(handler):
        time.sleep(30)

    monkeypatch.setattr(downloads, "STALL_SECONDS", 20)
    mirrors[0].RequestHandlerClass = type("Silent", (mirrors[0].RequestHandlerClass,), {"do_GET": silent})
    with hostile.within(60):
        assert len(vc.load("mnist", offline="error").train) == 20
    count("downloads, first mirror spoilt", "accepted")


def test_a_download_may_take_no_longer_than_its_size_allows(mirrors, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE_SECONDS", -1000)
    monkeypatch.setattr(downloads, "TRIES", 1)
    with pytest.raises(DataError, match="takes more than 0 minutes"):
        vc.load("mnist", offline="error")
