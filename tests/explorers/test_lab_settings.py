"""The lab as Python hands it out: a page of its own for a notebook, a part of a page for the book; what it refuses."""

import html
import json

import pytest
from bs4 import BeautifulSoup

import vaecourse as vc
from vaecourse.explorers.lab import SCRIPTS, save_page
from vaecourse.explorers.page import ELEMENTS


def test_every_script_is_listed_and_within_its_size():
    folder = SCRIPTS[-1].parent
    assert sorted(SCRIPTS) == sorted([ELEMENTS, *folder.glob("*.js")])
    assert {
        script.name: len(script.read_text().splitlines())
        for script in SCRIPTS
        if len(script.read_text().splitlines()) > 250
    } == {}


def test_a_notebook_gets_a_frame_with_the_whole_page(monkeypatch):
    monkeypatch.delenv("VAECOURSE_PAGE_EXPLORERS", raising=False)
    frame = BeautifulSoup(vc.lab(data="moons", upper_beta=4).data, "html.parser").iframe
    page = BeautifulSoup(frame["srcdoc"], "html.parser")
    assert json.loads(page.select_one(".lab")["data-settings"]) == {"data": "moons", "beta2": 4.0}
    assert len(page.find_all("script")) == len(SCRIPTS) + 1
    assert "http" not in frame["srcdoc"].replace("http://www.w3.org/2000/svg", "")


def test_the_book_gets_a_part_of_a_page(monkeypatch):
    monkeypatch.setenv("VAECOURSE_PAGE_EXPLORERS", "1")
    shown = vc.lab(seed=3).data
    assert shown.startswith('<div class="lab"')
    assert "<script" not in shown


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"data": "rings"}, ValueError, "data"),
        ({"units": 3}, ValueError, "units must be one of 1, 2, got 3"),
        ({"beta": -1}, ValueError, "beta must be a number from 0 to 64, got -1"),
        ({"beta": "1"}, ValueError, "beta must be a number from 0 to 64, got '1'"),
        ({"batch_size": 100}, ValueError, "batch_size must be one of 8, 16, 32, 64, 128, 256, 512, got 100"),
        ({"seed": -1}, ValueError, "seed must be from 0 to 2147483647, got -1"),
        ({"points": [(0, 3)]}, ValueError, "points must be at most 64 pairs"),
        ({"gamma": 1}, TypeError, "the lab has no setting 'gamma': choose among data, units"),
    ],
)
def test_bad_settings_are_refused_in_one_line(settings, error, message):
    with pytest.raises(error, match=message):
        vc.lab(**settings)


def test_a_saved_page_names_its_settings(tmp_path):
    save_page(tmp_path / "lab.html", data="own", points=[(0.5, 1)])
    assert html.escape('"points": [[0.5, 1.0]]') in (tmp_path / "lab.html").read_text()
