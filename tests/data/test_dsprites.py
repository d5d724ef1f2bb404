"""dSprites: rendered to the pixel, in the published order, and packed behind the interface of a split."""

import io
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
import torch

import vaecourse as vc
from vaecourse.data import DataError, PackedImages, cache, dsprites
from vaecourse.data.rendered.factor_grid import FactorGrid

SQUARE, ELLIPSE, HEART = range(3)
AREAS = {
    SQUARE: [side**2 for side in (10, 12, 14, 16, 18, 20)],
    ELLIPSE: [76, 104, 144, 184, 228, 288],
    HEART: [58, 84, 108, 140, 182, 222],
}


@pytest.fixture(scope="module")
def whole():
    """Both splits, and the seconds of processor that rendering took."""
    started = time.process_time()
    splits = dsprites.splits()
    return splits, time.process_time() - started


# Geometry


@pytest.mark.parametrize("shape", AREAS)
def test_areas_are_the_published_ones(shape):
    images = dsprites.render([(0, shape, scale, 0, 0, 0) for scale in range(6)])
    assert images.shape == (6, 64, 64)
    assert images.dtype == np.uint8
    assert set(np.unique(images)) == {0, 1}
    assert images.sum((1, 2)).tolist() == AREAS[shape]


def test_squares_have_the_published_sides_about_their_centre():
    for scale, side in enumerate((10, 12, 14, 16, 18, 20)):
        expected = np.zeros((64, 64))
        expected[16 - side // 2 : 16 + side // 2, 48 - side // 2 : 48 + side // 2] = 1
        assert np.array_equal(dsprites.render([(0, SQUARE, scale, 0, 31, 0)])[0], expected)


def polygon(shape, scale, orientation, pos_x, pos_y):
    """The vertices of one outline in 1/256 pixel, written down point by point."""
    if shape == SQUARE:
        points = [(-9.6, -9.6), (9.6, -9.6), (9.6, 9.6), (-9.6, 9.6)]
    elif shape == ELLIPSE:
        points = [(12.78 * np.cos(np.pi * k / 32), 7.22 * np.sin(np.pi * k / 32)) for k in range(64)]
    else:
        points = []
        for t in np.linspace(0, 2 * np.pi, 151):
            v = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
            points.append((9.6 * np.sin(t) ** 3, -1.44 - 19.2 / 29 * v))
    s, angle = 0.5 + 0.1 * scale, 2 * np.pi * orientation / 39
    placed = []
    for u, v in points:
        x = 16 + 32 * pos_x / 31 + s * (u * np.cos(angle) + v * np.sin(angle))
        y = 16 + 32 * pos_y / 31 + s * (-u * np.sin(angle) + v * np.cos(angle))
        placed.append((round(256 * x), round(256 * y)))
    return np.array(placed)


def winding(vertices):
    """How often an outline winds about each pixel's centre, and which centres lie on it, in integers.

    By the signs of cross products (Sunday's algorithm), not by crossings sorted along rows.
    """
    y, x = np.mgrid[:64, :64] * 256 + 128
    number, on_it = np.zeros((64, 64), int), np.zeros((64, 64), bool)
    for (x0, y0), (x1, y1) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        cross = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        number += ((y0 <= y) & (y1 > y) & (cross > 0)).astype(int) - ((y0 > y) & (y1 <= y) & (cross < 0))
        within = (np.minimum(x0, x1) <= x) & (x <= np.maximum(x0, x1))
        within &= (np.minimum(y0, y1) <= y) & (y <= np.maximum(y0, y1))
        on_it |= (cross == 0) & within
    return number, on_it


def test_a_pixel_is_set_exactly_where_the_outline_winds_about_its_centre():
    index = np.random.default_rng(0).choice(len(dsprites.FACTORS), 150, replace=False)
    classes = dsprites.FACTORS.classes_of(index)
    for image, row in zip(dsprites.render(classes), classes, strict=True):
        number, on_it = winding(polygon(*row[1:]))
        assert np.array_equal(image[~on_it], (number != 0)[~on_it])


def test_a_centre_on_the_outline_is_inside_on_the_left_and_upper_side_only():
    # Scale 0.6, side 11.52. posX 8: centre 24.258, left side 18.498, rounded 18.5. posX 23: centre 39.742, right side
    # 45.502, rounded 45.5.
    for horizontal in (True, False):
        position = (8, 4), (23, 4)
        images = dsprites.render([(0, SQUARE, 1, 0, *(p if horizontal else p[::-1])) for p in position])
        left, right = (np.flatnonzero(image.any(0 if horizontal else 1)) for image in images)
        assert (left[0], left[-1]) == (18, 29)
        assert (right[0], right[-1]) == (34, 44)


def test_turning_is_counter_clockwise_on_the_screen():
    # The point of the heart is down at orientation 0; a quarter of a turn counter-clockwise moves it to the right.
    image = dsprites.render([(0, HEART, 5, 10, 16, 16)])[0]
    columns = np.flatnonzero(image.any(0))
    assert image[:, columns[-1]].sum() < 4 < image[:, columns[0] + 1].sum()


def test_the_first_and_the_last_orientation_are_the_same_pictures(whole):
    packed = whole[0]["train"].images.packed.view(3, 6, 40, 32 * 32, 64 * 8)
    assert torch.equal(packed[:, :, 0], packed[:, :, 39])
    assert not torch.equal(packed[:, :, 0], packed[:, :, 38])


# Order and factors


def test_factors_are_those_of_the_published_file():
    assert dsprites.FACTORS.names == ("color", "shape", "scale", "orientation", "posX", "posY")
    assert dsprites.FACTORS.sizes == (1, 3, 6, 40, 32, 32) == tuple(map(len, dsprites.FACTOR_VALUES))
    assert dsprites.FACTOR_VALUES[1].tolist() == [1, 2, 3]
    assert np.allclose(dsprites.FACTOR_VALUES[2], [0.5, 0.6, 0.7, 0.8, 0.9, 1])
    assert np.allclose(np.diff(dsprites.FACTOR_VALUES[3]), 2 * np.pi / 39)
    for position in dsprites.FACTOR_VALUES[4:]:
        assert np.allclose(position, np.arange(32) / 31, rtol=0, atol=1e-15)


def test_the_last_factor_varies_fastest():
    index = [0, 1, 32, 1024, 40_960, 245_760, 737_279]
    expected = [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 2, 5, 39, 31, 31],
    ]
    assert dsprites.FACTORS.classes_of(index).tolist() == expected
    assert dsprites.FACTORS.index_of(torch.tensor(expected)).tolist() == index
    with pytest.raises(ValueError, match="indices go from 0 to 737279, got 737280"):
        dsprites.FACTORS.classes_of([737_280])
    with pytest.raises(ValueError, match="got -1"):
        dsprites.FACTORS.classes_of([-1])
    with pytest.raises(ValueError, match=r"indices have shape \(N,\), got \(\)"):
        dsprites.FACTORS.classes_of(3)


@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        ([(0, 0, 0, 0, 0.5, 0)], TypeError, "factors are integers, got float64: give classes counted from 0"),
        (torch.zeros(2, 6), TypeError, "got float32"),
        (np.zeros((2, 6), bool), TypeError, "got bool"),
        ([0, 0, 0, 0, 0, 0], ValueError, r"factors have shape \(N, 6\), color, shape, .* got \(6,\)"),
        ([(0, 0, 0, 0, 0)], ValueError, r"got \(1, 5\)"),
        ([(0, 0, 0, 0, 0, 0), (0, 3, 0, 0, 0, 0)], ValueError, "shape has the classes 0 to 2, got 3"),
        ([(1, 0, 0, 0, 0, 0)], ValueError, "color has the classes 0 to 0, got 1"),
        ([(0, 0, 0, -1, 0, 0)], ValueError, "orientation has the classes 0 to 39, got -1"),
    ],
)
def test_what_is_no_factor_is_refused_in_one_line(classes, error, message):
    with pytest.raises(error, match=message) as caught:
        dsprites.render(classes)
    assert "\n" not in str(caught.value)


def test_no_image_is_no_mistake():
    assert dsprites.render(np.zeros((0, 6), int)).shape == (0, 64, 64)


# The whole set


def test_the_whole_set_is_every_image_in_order_and_the_test_split_a_part_of_it(whole):
    splits, seconds = whole
    assert seconds < 20
    train, test = splits["train"], splits["test"]
    assert train.images.packed.nbytes == 737_280 * 512
    assert train.image_shape == (1, 64, 64)
    assert torch.equal(train.labels, train.factors[:, 1])
    index = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:500]
    rendered = torch.from_numpy(dsprites.render(train.factors[index]))
    assert torch.equal(train.images[index], 255 * rendered[:, None])
    assert dsprites.FACTORS.index_of(train.factors[index]).tolist() == index.tolist()
    places = torch.from_numpy(dsprites.FACTORS.index_of(test.factors))
    assert len(places.unique()) == len(test) == 10_000
    assert torch.equal(test.images.packed, train.images.packed[places])
    unseen = torch.ones(len(train), dtype=torch.bool)
    unseen[places] = False
    assert len(train[unseen]) == 727_280


def test_loading_and_reading_the_set_stays_below_one_and_a_half_gigabytes(data_folder):
    if not sys.platform.startswith("linux"):
        pytest.skip("the peak of a process is read from /proc")
    program = (
        "import itertools, pathlib, re, vaecourse as vc\n"
        "images = vc.load('dsprites')\n"
        "for _ in itertools.islice(images.train.batches(128, shuffle=True), 50): pass\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', pathlib.Path('/proc/self/status').read_text())\n"
        "print(images.source, peak[1], sep='; ')"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    source, peak = finished.stdout.split("; ")
    assert source.startswith("rendered from its published geometry: train is the whole set, test 10,000 images")
    assert int(peak) * 1024 < 1.5e9
    assert not cache.folder().exists()


# Packed images behind a split


@pytest.fixture
def pair():
    """300 images, packed and not."""
    classes = dsprites.FACTORS.classes_of(np.random.default_rng(1).choice(len(dsprites.FACTORS), 300))
    factors = torch.from_numpy(classes)
    packed = PackedImages(torch.from_numpy(dsprites.render_packed(classes)[:, None]))
    plain = torch.from_numpy(255 * dsprites.render(classes)[:, None])
    return tuple(vc.Split(images, labels=factors[:, 1], factors=factors) for images in (packed, plain))


@pytest.mark.parametrize("which", [slice(3, 9), slice(0, 0), [7, 1], torch.tensor([3, 3]), torch.arange(300) % 7 == 0])
def test_packed_images_are_chosen_like_others(pair, which):
    packed, plain = (split[which] for split in pair)
    assert isinstance(packed.images, PackedImages)
    assert len(packed) == len(plain)
    assert packed.images.shape == plain.images.shape
    assert torch.equal(packed.as_floats(), plain.as_floats())
    assert torch.equal(packed.factors, plain.factors)
    assert torch.equal(pair[0].images[which], pair[1].images[which])


def test_packed_images_are_drawn_and_binarised_like_others(pair):
    for change in (lambda split: split, lambda split: split.binarized(), lambda split: split.binarized("static")):
        for shuffle in (False, True):
            drawn = []
            for split in pair:
                torch.manual_seed(0)
                drawn.append(torch.cat(list(change(split).batches(64, shuffle))))
            assert torch.equal(*drawn)
    assert torch.equal(pair[0].images[5], pair[1].images[5])


def test_a_model_learns_and_is_scored_on_packed_images_as_on_others(pair):
    found = []
    for split in pair:
        torch.manual_seed(0)
        model = vc.VAE(split.image_shape, latent_dim=3, hidden=(16,))
        history = vc.fit(
            model, split[:200], vc.losses.BetaVAE(), 1, test=split[200:], metrics=["mse"], device="cpu", progress=False
        )
        scores = vc.nll(model, split[200:210], samples=2, progress=False)
        codes = vc.encode(model, split)
        found.append((history["test_loss"], history["test_mse"], scores.tolist(), codes.tolist()))
        vc.plots.reconstructions(model, split[200:], count=4)
    assert found[0] == found[1]


def test_packed_images_are_cached_packed(pair, data_folder):
    cache.write("packed", {"train": pair[0], "test": pair[0][torch.arange(10)]}, "a test")
    splits, source = cache.read("packed")
    assert source == "a test"
    assert torch.equal(splits["train"].images.packed, pair[0].images.packed)
    assert torch.equal(splits["test"].factors, pair[0].factors[:10])
    assert cache.path("packed").stat().st_size < 300 * 700


# The published file


@pytest.fixture
def small(monkeypatch, data_folder):
    """A set of 48 images, and its folder."""
    monkeypatch.setattr(dsprites, "FACTORS", FactorGrid(dsprites.FACTORS.names, (1, 3, 2, 2, 2, 2)))
    monkeypatch.setattr(dsprites, "TEST_COUNT", 10)
    folder = data_folder / "dsprites"
    folder.mkdir()
    return folder


class Trap:
    """An object that cannot be unpickled in silence."""

    def __reduce__(self):
        return (pytest.fail, ("the metadata was unpickled",))


def content(**changed):
    """The arrays of a file, with images that no renderer would draw."""
    arrays = {
        "metadata": np.array(Trap(), dtype=object),
        "imgs": np.random.default_rng(0).integers(0, 2, (48, 64, 64), dtype=np.uint8),
        "latents_classes": dsprites.FACTORS.classes_of(np.arange(48)),
        "latents_values": np.zeros((48, 6)),
    }
    return {name: array for name, array in (arrays | changed).items() if array is not None}


def test_the_published_file_is_loaded_instead_and_nothing_is_unpickled(small):
    arrays = content()
    np.savez_compressed(small / "dsprites.npz", **arrays)
    for _ in range(2):  # from the file, then from the cache
        images = vc.load("dsprites")
        assert images.source.startswith("files in $VAECOURSE_DATA/dsprites: train is the whole set")
        assert np.array_equal(images.train.images[:].numpy()[:, 0], 255 * arrays["imgs"])
        assert np.array_equal(images.train.factors, arrays["latents_classes"])
        assert images.factor_names == dsprites.FACTORS.names
        assert images.label_names == ("square", "ellipse", "heart")
        assert len(images.test) == 10
        assert cache.path("dsprites").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"imgs": None}, "no item named 'imgs.npy'"),
        ({"latents_classes": None}, "no item named 'latents_classes.npy'"),
        ({"latents_classes": np.zeros((48, 6), int)}, "its latents_classes are not those published"),
        ({"latents_classes": np.array(Trap(), dtype=object)}, "its latents_classes are Python objects"),
        (
            {"imgs": np.zeros((47, 64, 64), np.uint8)},
            r"uint8 of shape \(47, 64, 64\), not uint8 of shape \(48, 64, 64\)",
        ),
        ({"imgs": np.zeros((48, 64, 64))}, "its imgs are float64"),
        ({"imgs": np.full((48, 64, 64), 255, np.uint8)}, "other values than 0 and 1"),
    ],
)
def test_another_file_is_refused_in_one_line(small, changed, message):
    np.savez(small / "dsprites.npz", **content(**changed))
    refused(small, message)


def refused(small, message):
    with pytest.raises(DataError, match=message) as caught:
        vc.load("dsprites")
    assert "\n" not in str(caught.value)
    assert str(small) in str(caught.value)
    assert not cache.path("dsprites").exists()


def test_a_broken_file_is_refused(small):
    np.savez_compressed(small / "dsprites.npz", **content())
    whole = (small / "dsprites.npz").read_bytes()
    for broken in (b"", whole[: len(whole) // 2], whole[:20_000] + bytes(100) + whole[20_100:]):
        (small / "dsprites.npz").write_bytes(broken)
        refused(small, "take it out to have the images rendered")


@pytest.mark.parametrize("cut", [-4096, 4096])
def test_images_that_end_early_or_late_are_refused(small, cut):
    buffer = io.BytesIO()
    np.save(buffer, content()["imgs"])
    images = buffer.getvalue()[:cut] if cut < 0 else buffer.getvalue() + bytes(cut)
    np.savez(small / "dsprites.npz", **content(imgs=None))
    with zipfile.ZipFile(small / "dsprites.npz", "a") as archive:
        archive.writestr("imgs.npy", images)
    refused(small, "its imgs end early" if cut < 0 else "its imgs go on after the last image")


def test_two_files_are_one_too_many(small):
    for name in ("a.npz", "b.npz"):
        np.savez(small / name, **content())
    refused(small, "holds 2 .npz files, and only one can be dSprites")
