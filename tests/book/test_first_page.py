"""The moving picture of the first page stops by itself, and stands still for readers who want less motion."""

from pathlib import Path

from PIL import Image

BOOK = Path(__file__).parents[2] / "book"
LONGEST_MILLISECONDS = 5000  # WCAG 2.2.2: what moves for longer needs a button that stops it


def test_the_moving_picture_plays_once_and_stops():
    with Image.open(BOOK / "_static" / "hero.webp") as moving:
        assert moving.info["loop"] == 1
        milliseconds = 0
        for frame in range(moving.n_frames):
            moving.seek(frame)
            moving.load()
            milliseconds += moving.info["duration"]
    assert moving.n_frames > 1
    assert milliseconds <= LONGEST_MILLISECONDS


def test_less_motion_means_its_first_frame():
    page = (BOOK / "intro.md").read_text()
    assert '<source srcset="../_static/hero.png" media="(prefers-reduced-motion: reduce)">' in page
    with Image.open(BOOK / "_static" / "hero.png") as still, Image.open(BOOK / "_static" / "hero.webp") as moving:
        assert still.size == moving.size
