"""Pictures that are unusual: read as they look, or refused by name."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from vaecourse.data import DataError
from vaecourse.data.published import picture_files
from vaecourse.data.published.picture_files import decoded


def saved(picture, kind="PNG", **settings):
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


def ramp(dtype=np.uint8, most=255):
    return np.linspace(0, most, 64 * 64).reshape(64, 64).astype(dtype)


def test_sixteen_bits_of_grey_are_read_with_their_brightness():
    deep = np.asarray(decoded(saved(Image.fromarray(ramp(np.uint16, 65535))), "a.png")).astype(int)
    plain = np.asarray(decoded(saved(Image.fromarray(ramp())), "a.png")).astype(int)
    assert abs(deep - plain).max() <= 1
    assert (deep[..., 0] == deep[..., 2]).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_kind_of_png_shows_its_colours(mode):
    picture = Image.new("RGB", (8, 8), "white").convert(mode)
    assert np.asarray(decoded(saved(picture), "a.png")).tolist() == np.full((8, 8, 3), 255).tolist()


def test_what_is_transparent_is_white_whatever_lies_behind():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[4:] = (200, 10, 30, 255)
    found = np.asarray(decoded(saved(Image.fromarray(pixels)), "a.png"))
    assert (found[:4] == 255).all()
    assert (found[4:] == (200, 10, 30)).all()
    palette = Image.fromarray(pixels[..., :3]).convert("P", palette=Image.Palette.ADAPTIVE)
    black = palette.getpixel((0, 0))
    found = np.asarray(decoded(saved(palette, transparency=black), "a.png"))
    assert (found[:4] == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_turned_as_its_camera_was(kind):
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, 16:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    found = np.asarray(decoded(saved(Image.fromarray(pixels), kind, exif=exif), "a"))
    assert found.shape == (32, 16, 3)
    assert found[:12].max() < 64
    assert found[20:].min() > 192


def chunk(name, content):
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def with_profile(content):
    """A PNG with this content of its colour profile."""
    png = saved(Image.fromarray(ramp()))
    return png[:33] + chunk(b"iCCP", content) + png[33:]


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"name",
        b"name\0\0",
        b"name\0\0no zlib",
        b"name\0\7" + zlib.compress(b"other method"),
        b"name\0\0" + zlib.compress(bytes(1 << 21)),
    ],
)
def test_a_broken_colour_profile_is_read_over_or_named(profile):
    try:
        assert decoded(with_profile(profile), "a.png").size == (64, 64)
    except DataError as error:
        assert str(error).startswith("a.png is not a whole picture")  # noqa: PT017 (either is right)
        assert "save" in str(error) or "replace" in str(error)  # noqa: PT017


@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(9_000, 9_000), (12_000, 12_000), (20_000, 20_000), (2**31 - 1, 2)])
def test_an_enormous_picture_is_refused_before_it_is_unpacked(size, monkeypatch):
    width, height = (side.to_bytes(4, "big") for side in size)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", width + height + b"\x08\x02\0\0\0") + chunk(b"IDAT", zlib.compress(b""))
    monkeypatch.setattr(Image.Image, "load", lambda picture: pytest.fail("unpacked"))
    with pytest.raises(DataError, match=r"a\.png is a picture of too many pixels .*: shrink it, or take it out"):
        decoded(png, "a.png")


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size():
    jpeg = saved(Image.fromarray(np.zeros((1600, 1200, 3), np.uint8)), "JPEG")
    assert min(decoded(jpeg, "a.jpg", at_least=150).size) == 150


def test_names_of_pictures_in_formats_that_are_not_read_are_known():
    assert not set(picture_files.SUFFIXES) & picture_files.OTHER_SUFFIXES
