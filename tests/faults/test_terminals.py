"""Output on terminals that lack signs, into pipes that close, onto devices that are full; files are in UTF-8."""

import io
import json
import os
import subprocess
import sys

import hostile
import pytest

import vaecourse as vc
from vaecourse import terminal
from vaecourse.__main__ import main
from vaecourse.data import DataError
from vaecourse.pretrained import cards

CODINGS = ["ascii", "latin-1", "cp1252", "cp437", "utf-8"]


@pytest.mark.parametrize("command", ["recipes", "data"])
@pytest.mark.parametrize("coding", CODINGS)
def test_commands_print_on_every_terminal(coding, command, data_folder, monkeypatch, count):
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding=coding))
    assert main([command]) == 0
    sys.stdout.flush()
    count("terminals", "accepted")
    assert len(screen.getvalue().splitlines()) > 8


def test_a_pipe_that_closes_ends_a_command_in_silence(data_folder, monkeypatch, capfd, count):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["recipes"]) == 1
    count("terminals", "accepted")
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["recipes", "data"])
def test_a_full_device_is_one_line(command, data_folder, monkeypatch, capsys, count):
    with open("/dev/full", "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main([command]) == 1
        error = capsys.readouterr().err
    count("terminals", "refused")
    assert error == "vaecourse: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_is_closed_is_not_needed(stream, data_folder, monkeypatch, count):
    monkeypatch.setattr(sys, stream, None)
    assert main(["data"]) == 0
    getattr(sys, stream).close()
    count("terminals", "accepted")


def test_the_table_outlives_a_bad_file(data_folder, capsys):
    hostile.write(data_folder, {"mnist/mnist.npz": b"x", "cifar10/a.zip": b"no zip", "celeba/\x1b[2J.7z": b"x"})
    (data_folder / "dsprites").symlink_to(data_folder / "nowhere.npz")
    assert main(["data"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert list(lines)[1:] == ["mnist", "fashion_mnist", "cifar10", "svhn", "stl10", "celeba", "dsprites", "toy_faces"]
    for name in ("mnist", "cifar10", "celeba"):
        assert "not to be read" in lines[name]
        assert lines[name].isprintable()
    assert "rendered" in lines["toy_faces"]


@pytest.mark.parametrize("coding", ["ascii", "cp1252"])
def test_a_stand_in_is_announced_on_every_terminal(coding, data_folder, monkeypatch):
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding=coding))
    terminal.say("σ and 文字 of mnist")
    sys.stdout.flush()
    assert screen.getvalue().strip() == b"? and ?? of mnist"


def test_cards_are_written_and_read_in_utf_8_whatever_the_locale(tmp_path):
    program = (
        "import sys, pathlib\nfrom vaecourse.pretrained import cards\n"
        "cards.write_record({'text': '\\u03b2 \\xd7 \\u03c3'}, pathlib.Path(sys.argv[1]))"
    )
    path = tmp_path / "card.json"
    locale = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", program, path], env=locale, check=True)
    assert json.loads(path.read_bytes().decode()) == {"text": "β × σ"}


@pytest.mark.parametrize("error", [DataError, cards.PretrainedError])
def test_messages_are_one_printable_line_that_keeps_its_remedy(error):
    text = str(error(f"{'x' * 5000}\n\x1b[31m\u202e{chr(0xDC80)}: copy it again"))
    assert text.isprintable()
    assert len(text) <= 1000
    assert text.endswith(r"\n\x1b[31m\u202e\udc80: copy it again")
    assert str(vc.data.DataError("plain: do it")) == "plain: do it"
