"""CelebA: pictures of any size, attributes, splits, Google Drive and its refusals, and the faces that stand in."""

import gzip
import hashlib
import io
import sys
import types
import zipfile

import numpy as np
import pytest
import torch
import torchvision.datasets
import torchvision.datasets.utils
from PIL import Image

import vaecourse as vc
from vaecourse.data import DataError, cache, downloads, loading, toy_faces
from vaecourse.data.published import celeba

REAL_AVAILABLE = downloads.available
LISTS = {"attributes": "list_attr_celeba.txt", "partition": "list_eval_partition.txt"}


@pytest.fixture(autouse=True)
def data_folder(data_folder):
    """An empty folder for CelebA in ``$VAECOURSE_DATA``, on a machine with an empty cache and no network."""
    (data_folder / "celeba").mkdir()
    return data_folder


def refusal(**settings):
    """The message with which the set is refused: one line, and nothing is stored."""
    with pytest.raises(DataError) as caught:
        vc.load("celeba", **settings)
    assert "\n" not in str(caught.value)
    assert not cache.path("celeba").exists()
    return str(caught.value)


def picture(number, size=(178, 218), mode="RGB", **settings):
    """A smooth picture as JPEG; its colours tell its number."""
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC).convert(mode).save(file, "JPEG", **settings)
    return file.getvalue()


def name_of(number):
    return f"{number:06}.jpg"


def values_of(count):
    return np.random.default_rng(5).integers(0, 2, (count, 40))


def attribute_list(count):
    rows = [
        f"{name_of(i + 1)} " + " ".join("-1" if v == 0 else " 1" for v in row) for i, row in enumerate(values_of(count))
    ]
    return "\n".join([str(count), " ".join(celeba.ATTRIBUTES) + " ", *rows, ""]).encode()


def published(count=20, size=(178, 218)):
    """Pictures by name, and the list of attributes."""
    return {name_of(i): picture(i, size) for i in range(1, count + 1)}, attribute_list(count)


def write(folder, files):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def zipped(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return file.getvalue()


def layout(kind, pictures, attributes):
    """The files of ``$VAECOURSE_DATA/celeba`` in one of the ways in which people keep them."""
    if kind == "torchvision":
        return {f"img_align_celeba/{name}": content for name, content in pictures.items()} | {
            LISTS["attributes"]: attributes
        }
    if kind == "beside":
        return {**pictures, f"{LISTS['attributes']}.gz": gzip.compress(attributes)}
    if kind == "as published":
        inside = {f"img_align_celeba/{name}": content for name, content in pictures.items()}
        return {"Img/img_align_celeba.zip": zipped(inside), f"Anno/{LISTS['attributes']}": attributes}
    # as some systems pack: with a hidden twin of every file
    inside = {f"faces/{name}": content for name, content in pictures.items()}
    hidden = {f"__MACOSX/faces/._{name}": b"no picture" for name in pictures}
    return {"faces.zip": zipped(inside | hidden), f"{LISTS['attributes']}.gz": gzip.compress(attributes)}


LAYOUTS = ["torchvision", "beside", "as published", "hidden twins"]


def reference(content):
    """torchvision's centre crop and Pillow's antialiased shrinking of a picture of 178×218."""
    crop = Image.open(io.BytesIO(content)).convert("RGB").crop((15, 35, 163, 183))
    return torch.from_numpy(np.array(crop.resize((64, 64), Image.Resampling.BICUBIC))).permute(2, 0, 1)


def same(image, expected):
    """Equal but for the border, where ours weighs in what lies beyond the crop and the others have nothing."""
    inner = (slice(None), slice(2, -2), slice(2, -2))
    return torch.equal(image[inner], expected[inner]) and (image.int() - expected.int()).abs().max() < 20


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_layout_is_read_exactly_and_in_silence(kind, data_folder, capfd):
    pictures, attributes = published()
    write(data_folder / "celeba", layout(kind, pictures, attributes))
    faces = vc.load("celeba", offline="error")
    assert capfd.readouterr() == ("", "")
    assert (len(faces.train), len(faces.test), faces.image_shape) == (18, 2, (3, 64, 64))
    assert faces.source == (
        "files in $VAECOURSE_DATA/celeba: 20 of 202,599 faces, the last tenth by file name held out as test "
        "(no partition file), for non-commercial research only"
    )
    images = torch.cat([faces.train.images, faces.test.images])
    for image, content in zip(images, pictures.values(), strict=True):
        assert same(image, reference(content))
    factors = torch.cat([faces.train.factors, faces.test.factors])
    assert factors.dtype == torch.int64
    assert np.array_equal(factors.numpy(), values_of(20))
    assert faces.factor_names == celeba.ATTRIBUTES
    assert len(set(faces.factor_names)) == 40
    # Once read, the files are not needed.
    for path in (data_folder / "celeba").rglob("*.*"):
        path.unlink()
    assert torch.equal(vc.load("celeba").test.images, faces.test.images)


def test_the_published_crop_is_that_of_torchvision():
    """Of noise, so that a shift by half a pixel would show."""
    from torchvision.transforms import v2

    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8))
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=95)
    theirs = v2.Compose([v2.CenterCrop(148), v2.Resize(64, v2.InterpolationMode.BICUBIC), v2.PILToTensor()])
    assert same(torch.tensor(celeba._face(file.getvalue(), "noise")), theirs(Image.open(file)))


@pytest.mark.parametrize("size", [(89, 109), (356, 436), (1780, 2180), (178, 130), (60, 60)])
def test_pictures_of_other_sizes_show_the_same_crop(size):
    """A horizontal and a vertical ramp: each pixel tells where it came from, in parts of the width."""
    width, height = size
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    ramp = Image.fromarray(np.stack([255 * x, 255 * y, 0 * x], axis=2).round().astype(np.uint8))
    file = io.BytesIO()
    ramp.save(file, "JPEG", quality=100, subsampling=0)
    face = celeba._face(file.getvalue(), "ramp").astype(float) / 255
    side = min(width * 148 / 178, height)
    inner = slice(2, -2)  # the ramp ends at the border of a small picture
    centres = (np.arange(64) + 0.5) / 64 - 0.5
    assert np.allclose(face[0].mean(0)[inner], (0.5 + centres * side / width)[inner], atol=0.01)
    assert np.allclose(face[1].mean(1)[inner], (0.5 + centres * side / height)[inner], atol=0.01)


def test_grey_pictures_and_those_for_print_become_rgb(data_folder):
    pictures, attributes = published(4)
    pictures[name_of(1)], pictures[name_of(2)] = picture(1, mode="L"), picture(2, mode="CMYK")
    write(data_folder / "celeba", layout("beside", pictures, attributes))
    images = vc.load("celeba").train.images
    assert images.shape == (3, 3, 64, 64)
    assert torch.equal(images[0][0], images[0][2])
    assert (images[1].float() - torch.tensor(celeba._face(picture(2), "")).float()).abs().mean() < 5


# The splits


def partition(parts):
    return "".join(f"{name_of(i)} {part}\n" for i, part in enumerate(parts, start=1)).encode()


def test_the_published_partition_is_followed(data_folder):
    pictures, attributes = published(6)
    files = layout("torchvision", pictures, attributes) | {LISTS["partition"]: partition([2, 0, 1, 0, 2, 0])}
    write(data_folder / "celeba", files)
    faces = vc.load("celeba")
    for image, i in zip(faces.train.images, (2, 4, 6), strict=True):
        assert same(image, reference(pictures[name_of(i)]))
    assert np.array_equal(faces.train.factors, values_of(6)[[1, 3, 5]])
    assert np.array_equal(faces.test.factors, values_of(6)[[0, 4]])
    assert "published splits (1 validation faces left out)" in faces.source


@pytest.mark.parametrize(("part", "lacking"), [(0, "test"), (2, "training")])
def test_a_part_of_the_set_that_lies_in_one_published_split_is_split_anew_and_says_so(part, lacking, data_folder):
    pictures, attributes = published(10)
    files = layout("torchvision", pictures, attributes) | {LISTS["partition"]: partition([part] * 10)}
    write(data_folder / "celeba", files)
    faces = vc.load("celeba")
    assert (len(faces.train), len(faces.test)) == (9, 1)
    assert f"held out as test (the published {lacking} split has none of them)" in faces.source


def test_pictures_may_be_fewer_than_the_list(data_folder):
    pictures, attributes = published(12)
    del pictures[name_of(5)]
    write(data_folder / "celeba", layout("beside", pictures, attributes))
    faces = vc.load("celeba")
    assert "11 of 202,599 faces" in faces.source
    factors = torch.cat([faces.train.factors, faces.test.factors])
    assert np.array_equal(factors, np.delete(values_of(12), 4, axis=0))


# What is wrong is named


def lines(content):
    return content.decode().splitlines()


def joined(rows):
    return "\n".join(rows).encode()


WRONG = [
    (lambda p, a: {**p}, "celeba lacks list_attr_celeba.txt, the attributes of the faces: add it"),
    (lambda p, a: {**p, LISTS["attributes"]: joined(lines(a)[:-1])}, "announces 20 faces and lists 19: copy it again"),
    (lambda p, a: {**p, LISTS["attributes"]: b"<html>quota</html>"}, "does not begin with the number of faces"),
    (lambda p, a: {**p, LISTS["attributes"]: b""}, "does not begin with the number of faces"),
    (lambda p, a: {**p, LISTS["attributes"]: a.replace(b"Bangs ", b"Fringe ")}, "the names of 40 attributes"),
    (lambda p, a: {**p, LISTS["attributes"]: a.replace(b" -1\n", b" 0\n", 1)}, ": expected a file name and 40 values"),
    (lambda p, a: {**p, LISTS["attributes"]: a.replace(b" -1\n", b"\n", 1)}, ": expected a file name and 40 values"),
    (lambda p, a: {**p, f"{LISTS['attributes']}.gz": gzip.compress(a)[:-20]}, "txt.gz cannot be read ("),
    (lambda p, a: {**p, f"{LISTS['attributes']}.gz": a}, "txt.gz cannot be read ("),
    (lambda p, a: {**p, LISTS["attributes"]: a, "000021.jpg": picture(1)}, "000021.jpg has no line in"),
    (lambda p, a: {**p, LISTS["attributes"]: a, "more/000007.jpg": picture(1)}, "000007.jpg is there twice, as"),
    (lambda p, a: {**p, LISTS["attributes"]: a, "000007.jpg": picture(7)[:-300]}, "000007.jpg is not a whole picture"),
    (lambda p, a: {**p, LISTS["attributes"]: a, "000007.jpg": b"no picture"}, "000007.jpg is not a whole picture"),
    (lambda p, a: {**p, LISTS["attributes"]: a, LISTS["partition"]: partition([0] * 19)}, "000020.jpg has no line in"),
    (lambda p, a: {**p, LISTS["attributes"]: a, LISTS["partition"]: partition([0] * 19 + [3])}, "line 20: expected"),
    (lambda p, a: {LISTS["attributes"]: a, "one.zip": zipped(p), "two.zip": b""}, "two.zip cannot be read ("),
    (
        lambda p, a: {
            LISTS["attributes"]: a,
            "1.zip": zipped({"000001.jpg": p["000001.jpg"]}),
            "2.zip": zipped({"x.png": b""}),
        },
        "celeba holds pictures in 1.zip and 2.zip, none of which has all of them: keep one",
    ),
    (
        lambda p, a: {LISTS["attributes"]: a, "one.zip": zipped({"read.me": b""})},
        "celeba lacks pictures of faces (.jpg or .png): add them (it holds list_attr_celeba.txt, one.zip)",
    ),
    (lambda p, a: {LISTS["attributes"]: a, "one.zip": zipped(p)[:-500]}, "one.zip cannot be read ("),
    (
        lambda p, a: {LISTS["attributes"]: a, "one.zip": zipped({**p, "000007.jpg": picture(7)[:-300]})},
        "one.zip/000007.jpg is not a whole picture (",
    ),
    (lambda p, a: {LISTS["attributes"]: a, "000001.jpg": p["000001.jpg"]}, "only 1 face, too few"),
]


@pytest.mark.parametrize(("files", "message"), WRONG)
def test_what_is_wrong_is_named_in_one_line(files, message, data_folder):
    write(data_folder / "celeba", files(*published()))
    text = refusal()
    assert message in text
    assert text.startswith(str(data_folder / "celeba")) or text.startswith("0000") or text.startswith("only")


# Google Drive


@pytest.fixture
def google(monkeypatch):
    """torchvision's own download from a Google Drive that is a dictionary; gdown answers as its newer versions do."""

    class FileURLRetrievalError(Exception):
        pass

    drive = types.SimpleNamespace(files={}, asked=[], answer="bytes")

    def download(id, output, quiet, user_agent):
        drive.asked.append(id)
        if drive.answer == "error":
            raise FileURLRetrievalError("Too many users have viewed or downloaded this file recently.\nPlease\n")
        with open(output, "wb") as file:
            file.write(b"<html>quota</html>" if drive.answer == "page" else drive.files[id])

    fake = types.ModuleType("gdown")
    fake.download = download
    fake.exceptions = types.ModuleType("gdown.exceptions")
    fake.exceptions.FileURLRetrievalError = FileURLRetrievalError
    fake.__spec__ = types.SimpleNamespace(name="gdown")
    monkeypatch.setitem(sys.modules, "gdown", fake)
    monkeypatch.setitem(sys.modules, "gdown.exceptions", fake.exceptions)
    pictures, attributes = published()
    inside = {f"img_align_celeba/{name}": content for name, content in pictures.items()}
    contents = {
        "img_align_celeba.zip": zipped(inside),
        "list_attr_celeba.txt": attributes,
        "list_eval_partition.txt": partition([0] * 15 + [1] * 2 + [2] * 3),
    }
    table = [
        (number, hashlib.md5(contents[name]).hexdigest() if name in contents else md5, name)
        for number, md5, name in torchvision.datasets.CelebA.file_list
    ]
    drive.files = {number: contents[name] for number, _, name in table if name in contents}
    monkeypatch.setattr(torchvision.datasets.CelebA, "file_list", table)
    monkeypatch.setattr(downloads, "available", lambda class_name: True)
    monkeypatch.delenv("VAECOURSE_DATA")
    return drive


def test_a_download_takes_the_three_files_needed_and_leaves_the_cache_alone(google, capsys):
    faces = vc.load("celeba", offline="error")
    assert (len(faces.train), len(faces.test)) == (15, 3)
    assert faces.source.startswith("download by torchvision: 20 of 202,599 faces, published splits (2 validation")
    assert sorted(google.asked) == sorted(google.files)
    assert [path.name for path in cache.folder().iterdir()] == ["celeba.safetensors"]


@pytest.mark.parametrize("answer", ["error", "page"])
def test_a_refusal_of_google_drive_is_explained_with_the_manual_path(answer, google, capsys, monkeypatch):
    monkeypatch.setattr(toy_faces, "COUNTS", {"train": 20, "test": 5})
    google.answer = answer
    remedy = (
        "put img_align_celeba.zip (or a folder of its pictures) and list_attr_celeba.txt into $VAECOURSE_DATA/celeba"
    )
    text = refusal(offline="error")
    assert "Google Drive did not give img_align_celeba.zip, which it gives only so many times a day" in text
    assert text.endswith(remedy)
    capsys.readouterr()
    faces = vc.load("celeba")
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("CelebA: downloading 1,470 MB, once. STAND-IN, not CelebA: toy faces drawn by vaecourse")
    assert remedy in out
    assert faces.factor_names == toy_faces.FACTORS.names
    assert [path.name for path in cache.folder().iterdir()] == ["toy_faces.safetensors"]


def test_a_missing_gdown_is_named(google, monkeypatch):
    monkeypatch.setattr(downloads.importlib.util, "find_spec", lambda name: None)
    assert "it needs gdown: pip install gdown" in refusal(offline="error")


def test_whether_there_is_a_network_is_asked_of_google_drive(monkeypatch):
    monkeypatch.setattr(downloads, "reachable", lambda addresses: addresses)
    assert REAL_AVAILABLE("CelebA") == ("https://drive.google.com/",)


# The stand-in


def test_toy_faces_stand_in_aloud_with_their_own_factors(monkeypatch, capsys):
    monkeypatch.setattr(toy_faces, "COUNTS", {"train": 20, "test": 5})
    faces = vc.load("celeba")
    assert capsys.readouterr().out.startswith("STAND-IN, not CelebA: toy faces drawn by vaecourse")
    assert faces.source == f"stand-in for CelebA: {toy_faces.DESCRIPTION}"
    assert (faces.name, faces.factor_names) == ("celeba", toy_faces.FACTORS.names)
    assert torch.equal(torch.from_numpy(toy_faces.render(faces.test.factors)), faces.test.images)
    # They are the toy faces, and are drawn once.
    monkeypatch.setattr(toy_faces, "render", lambda classes: pytest.fail("drawn again"))
    again = vc.load("toy_faces")
    assert torch.equal(again.test.images, faces.test.images)
    assert again.source == toy_faces.DESCRIPTION
    assert loading.locate("celeba").kind == "stand-in"


@pytest.mark.parametrize("name", ["jpg", "png"])
def test_pictures_are_jpeg_or_png_whatever_their_name(name, monkeypatch):
    """PostScript would be run by Ghostscript, which may write files and never end."""
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n%%EndComments\n{ } loop\n"
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *arguments: pytest.fail("the program was run"))
    with pytest.raises(DataError, match=rf"a\.{name} is not a whole picture: replace it by a JPEG or PNG file"):
        celeba._face(program, f"a.{name}")
    gif = io.BytesIO()
    Image.new("RGB", (64, 64)).save(gif, "GIF")
    with pytest.raises(DataError, match="replace it by a JPEG or PNG file"):
        celeba._face(gif.getvalue(), "a.png")


def test_a_picture_of_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    png = io.BytesIO()
    Image.new("L", (64, 64)).save(png, "PNG")
    with pytest.raises(DataError, match=r"a\.png is a picture of too many pixels"):
        celeba._face(png.getvalue(), "a.png")
