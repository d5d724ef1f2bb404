"""Toy faces: drawn the same each time, every factor to be seen, and only where it belongs."""

import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse.data import cache
from vaecourse.data.rendered import toy_faces

NAMES, SIZES = toy_faces.FACTORS.names, toy_faces.FACTORS.sizes
MIDDLE = {"mouth_curve": 2, "gaze": 2, "head_turn": 2, "eye_size": 3, "face_width": 2}


def faces(count, seed=0):
    """Factors of some faces."""
    return toy_faces.FACTORS.classes_of(np.random.default_rng(seed).integers(0, len(toy_faces.FACTORS), count))


def varied(name, **fixed):
    """A face in the middle of its factors, once for each class of one of them, as floats (classes, 3, 64, 64)."""
    chosen = MIDDLE | fixed
    rows = np.array([[chosen.get(factor, 0) for factor in NAMES]] * SIZES[NAMES.index(name)])
    rows[:, NAMES.index(name)] = np.arange(len(rows))
    return toy_faces.render(rows).astype(float)


def test_faces_are_coloured_bytes_of_the_size_asked_for():
    for size in (16, 64, 100):
        images = toy_faces.render(faces(3), size)
        assert images.shape == (3, 3, size, size)
        assert images.dtype == np.uint8
        assert images.max() > 200
        assert images.min() < 60


def test_a_face_depends_on_its_factors_alone():
    classes = faces(40)
    images = toy_faces.render(classes)
    assert np.array_equal(toy_faces.render(classes[::-1])[::-1], images)
    assert np.array_equal(toy_faces.render(torch.from_numpy(classes[7:8]))[0], images[7])


@pytest.mark.parametrize("name", NAMES)
def test_every_class_of_a_factor_is_a_different_picture_whatever_the_others_are(name):
    column = NAMES.index(name)
    bases = faces(25, seed=1)
    rows = np.repeat(bases, SIZES[column], axis=0)
    rows[:, column] = np.tile(np.arange(SIZES[column]), len(bases))
    images = toy_faces.render(rows).astype(float).reshape(len(bases), SIZES[column], -1)
    for one in range(SIZES[column]):
        for other in range(one):
            changed = np.abs(images[:, one] - images[:, other]).reshape(len(bases), 3, -1).max(1)
            assert ((changed > 12).sum(1) >= 3).all(), (one, other)


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("gaze", slice(24, 40), slice(16, 48)),
        ("eye_size", slice(18, 40), slice(16, 48)),
        ("mouth_curve", slice(36, 54), slice(20, 44)),
        ("mouth_opening", slice(36, 56), slice(20, 44)),
        ("glasses", slice(20, 44), slice(10, 54)),
    ],
)
def test_a_factor_changes_its_part_of_the_face_only(name, rows, columns):
    images = varied(name)
    changed = (images != images[:1]).any((0, 1))
    assert changed.any()
    changed[rows, columns] = False
    assert not changed.any()


def test_the_background_is_behind_the_face():
    images = varied("background_hue")
    assert np.ptp(images[:, :, 36, 32], axis=0).max() == 0
    assert np.ptp(images[:, :, 2, 62], axis=0).min() > 50


def test_factors_order_what_they_name():
    skin = varied("skin_tone")[:, :, 24:50, 24:40].mean((1, 2, 3))
    assert (np.diff(skin) < -5).all()
    whites = (varied("eye_size").min(1) > 225)[:, 24:40, 16:48].sum((1, 2))
    assert (np.diff(whites) > 0).all()
    dark = 255 - varied("gaze")[:, :, 28:36, 30:50].mean(1)  # the right eye
    centres = (dark * (dark > 150) * np.arange(20)).sum((1, 2)) / (dark * (dark > 150)).sum((1, 2))
    assert (np.diff(centres) > 0.2).all()
    red = varied("mouth_opening")[:, 1, 38:56, 20:44] < 80
    assert (np.diff(red.sum((1, 2))) > 0).all()
    turned = varied("head_turn", mouth_opening=3)
    mouth = ((turned[:, 0] - turned[:, 1] > 45) & (turned[:, 1] < 60))[:, 36:58]
    assert (np.diff([np.nonzero(one)[1].mean() for one in mouth]) > 0.8).all()


def test_edges_are_smooth_and_the_size_does_not_change_the_picture():
    classes = faces(10, seed=2)
    small, large = (toy_faces.render(classes, size).astype(float) for size in (64, 256))
    averaged = large.reshape(10, 3, 64, 4, 64, 4).mean((3, 5))
    # Layers are averaged one by one, so pixels where edges of several cross differ a little.
    assert np.abs(averaged - small).mean() < 1
    assert np.quantile(np.abs(averaged - small), 0.99) < 20


@pytest.mark.parametrize(
    ("factors", "size", "error", "message"),
    [
        (np.zeros((2, 11)), 64, TypeError, "factors are integers, got float64"),
        (np.zeros((2, 10), int), 64, ValueError, r"factors have shape \(N, 11\), skin_tone, .* got \(2, 10\)"),
        (np.full((2, 11), 7), 64, ValueError, "skin_tone has the classes 0 to 5, got 7"),
        (np.zeros((2, 11), int), 64.0, TypeError, "size is a number of pixels, got 64.0: give an integer"),
        (np.zeros((2, 11), int), 300, ValueError, "size must be from 16 to 256 pixels, got 300"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(factors, size, error, message):
    with pytest.raises(error, match=message) as caught:
        toy_faces.render(factors, size)
    assert "\n" not in str(caught.value)


def test_the_set_is_drawn_once_and_no_two_faces_are_alike(tmp_path, monkeypatch):
    monkeypatch.delenv("VAECOURSE_DATA", raising=False)
    monkeypatch.setenv("VAECOURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(toy_faces, "COUNTS", {"train": 200, "test": 50})
    drawn = vc.load("toy_faces", offline="error")
    assert cache.path("toy_faces").exists()
    monkeypatch.setattr(toy_faces, "render", lambda classes: pytest.fail("drawn again"))
    images = vc.load("toy_faces")
    assert images.source == drawn.source == "toy faces drawn by vaecourse, a combination of factors an image"
    assert images.factor_names == NAMES
    assert (len(images.train), len(images.test)) == (200, 50)
    assert images.image_shape == (3, 64, 64)
    factors = torch.cat([images.train.factors, images.test.factors])
    assert len(factors.unique(dim=0)) == 250
    for column, size in zip(factors.T, SIZES, strict=True):
        # Uniform: the standard deviation of a count of 250 draws is below 8.
        assert (column.bincount(minlength=size) - 250 / size).abs().max() < 35
    monkeypatch.undo()
    assert np.array_equal(toy_faces.render(images.test.factors), images.test.images)
