"""CelebA: aligned photographs of faces, with 40 attributes given by annotators (Liu et al., 2015).

The reader takes pictures of any size, as ``.jpg`` files in a folder or in one zip file, with ``list_attr_celeba.txt``
(or its ``.gz``) and, optionally, ``list_eval_partition.txt`` beside them. It crops the central square of each picture,
148/178 of its width, and shrinks it to 64×64.
"""

import gzip
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vaecourse.data.errors import DataError
from vaecourse.data.images import Split
from vaecourse.data.published.picture_files import decoded

SIDE = 64
CROP = 148 / 178  # of the width: the square of 148 pixels of the published 178×218
PUBLISHED = 202_599
ATTRIBUTE_FILE, PARTITION_FILE = "list_attr_celeba.txt", "list_eval_partition.txt"
PARTS = {"0": "train", "1": "validation", "2": "test"}
TERMS = "for non-commercial research only"
REMEDY = "copy it again"
ATTRIBUTES = tuple(
    """5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair
    Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male
    Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks
    Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace
    Wearing_Necktie Young""".split()  # noqa: SIM905 (a list would be 40 lines)
)


@dataclass(frozen=True)
class _Found:
    """The files below a folder, without hidden ones, which some systems add to every zip file."""

    pictures: list[Path]
    zips: list[Path]
    lists: dict[str, Path]


def _look(folder: Path) -> _Found:
    below = sorted(path for path in folder.rglob("*") if not path.name.startswith("."))
    names = (ATTRIBUTE_FILE, PARTITION_FILE)
    lists = {name: path for name in names for path in below if path.name in (f"{name}.gz", name)}
    return _Found(
        [path for path in below if path.suffix == ".jpg"], [path for path in below if path.suffix == ".zip"], lists
    )


def files(folder: Path) -> list[Path]:
    """The pictures below a folder or, if there are none, the zip files."""
    found = _look(folder)
    return found.pictures or found.zips


def read(folder: Path) -> tuple[dict[str, Split], str]:
    """Both splits, and a remark on the number of faces, the split and the terms of use; ``factors`` are the attributes.

    The splits are the published ones, without the validation faces. Without the partition file, or if one of its splits
    has no picture here, the last tenth of the file names is the test split.

    Raises
    ------
    DataError
        If a list is missing, miscounted or malformed, or a picture is broken or not in the list.
    """
    found = _look(folder)
    if ATTRIBUTE_FILE not in found.lists:
        raise DataError(f"{folder} lacks {ATTRIBUTE_FILE}, the attributes of the faces: add it")
    attributes = _attributes(found.lists[ATTRIBUTE_FILE])
    if found.pictures:
        return _read({str(path): path.read_bytes for path in found.pictures}, attributes, found)
    if len(found.zips) > 1:
        raise DataError(f"{folder} holds {len(found.zips)} zip files, and only one can be the faces: keep that one")
    try:
        with zipfile.ZipFile(found.zips[0]) as archive:
            names = [Path(name) for name in archive.namelist()]
            chosen = [path for path in names if path.suffix == ".jpg" and not path.name.startswith(".")]
            prefix = f"{found.zips[0]}/"
            contents = {prefix + str(path): lambda path=path: archive.read(path.as_posix()) for path in chosen}
            return _read(contents, attributes, found)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{found.zips[0]} cannot be read ({error}): {REMEDY}") from error


def _read(contents: dict[str, Callable[[], bytes]], attributes: dict[str, np.ndarray], found: _Found):
    """The splits of the pictures; ``contents`` maps names to functions that read the files."""
    if not contents:
        raise DataError(f"{found.zips[0]} holds no .jpg files, as the published zip file does: {REMEDY}")
    shown = {Path(name).name: name for name in sorted(contents)}
    if len(shown) < len(contents):
        twice = next(name for name in sorted(contents) if shown[Path(name).name] != name)
        raise DataError(f"{Path(twice).name} is there twice, as {twice} and {shown[Path(twice).name]}: keep one")
    if unknown := next((name for name in shown if name not in attributes), None):
        raise DataError(f"{shown[unknown]} has no line in {found.lists[ATTRIBUTE_FILE]}: take it out or add the line")
    parts, how = _split(sorted(shown), found.lists.get(PARTITION_FILE))
    order = [*parts["train"], *parts["test"]]
    images = np.empty((len(order), 3, SIDE, SIDE), np.uint8)  # allocated once, because all images take 2.5 GB
    for image, name in zip(images, order, strict=True):
        image[:] = _face(contents[shown[name]](), shown[name])
    factors = torch.from_numpy(np.stack([attributes[name] for name in order]).astype(np.int64))
    whole, border = Split(torch.from_numpy(images), factors=factors), len(parts["train"])
    amount = f"all {PUBLISHED:,} faces" if len(shown) == PUBLISHED else f"{len(shown):,} of {PUBLISHED:,} faces"
    return {"train": whole[:border], "test": whole[border:]}, f"{amount}, {how}, {TERMS}"


def _face(content: bytes, shown: str) -> np.ndarray:
    """The central square of a picture, shrunk by antialiased bicubic interpolation, as (3, 64, 64)."""
    return decoded(content, shown, _cropped).transpose(2, 0, 1)


def _cropped(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    # A large JPEG is decoded at a fraction of its size, never below twice what the crop needs.
    needed = 2 * SIDE / CROP
    picture.draft("RGB", (round(needed), round(needed * max(1, height / width))))
    width, height = picture.size
    side = min(width * CROP, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)


def _split(names: list[str], partition: Path | None) -> tuple[dict[str, list[str]], str]:
    """The names in each split, and a description of the split."""
    why = "no partition file"
    if partition:
        parts = {part: [] for part in PARTS.values()}
        published = {}
        for number, line in enumerate(_lines(partition), start=1):
            fields = line.split()
            if len(fields) != 2 or fields[1] not in PARTS:
                raise DataError(f"{partition}, line {number}: expected a file name and 0, 1 or 2: {REMEDY}")
            published[fields[0]] = PARTS[fields[1]]
        for name in names:
            if name not in published:
                raise DataError(f"{name} has no line in {partition}: {REMEDY}")
            parts[published[name]].append(name)
        if parts["train"] and parts["test"]:
            return parts, f"published splits ({len(parts['validation']):,} validation faces left out)"
        why = f"the published {'test' if parts['train'] else 'training'} split has none of them"
    if len(names) < 2:
        raise DataError(f"only {len(names)} face, too few to be split into training and test faces: add more")
    border = len(names) - max(1, len(names) // 10)
    return {"train": names[:border], "test": names[border:]}, f"the last tenth by file name held out as test ({why})"


def _attributes(path: Path) -> dict[str, np.ndarray]:
    """The 40 attributes of each face, 0 or 1, by its file name."""
    lines = _lines(path)
    if len(lines) < 2 or not lines[0].strip().isdecimal() or tuple(lines[1].split()) != ATTRIBUTES:
        raise DataError(f"{path} does not begin with the number of faces and the names of 40 attributes: {REMEDY}")
    count, rows = int(lines[0]), lines[2:]
    if len(rows) != count:
        raise DataError(f"{path} announces {count:,} faces and lists {len(rows):,}: {REMEDY}")
    attributes = {}
    for number, row in enumerate(rows, start=3):
        name, *values = row.split()
        if len(values) != len(ATTRIBUTES) or not set(values) <= {"1", "-1"}:
            raise DataError(f"{path}, line {number}: expected a file name and 40 values of 1 or -1: {REMEDY}")
        attributes[name] = np.array([value == "1" for value in values])
    return attributes


def _lines(path: Path) -> list[str]:
    """The lines of a text file, packed by gzip or not, without empty ones."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return [line for line in content.decode("ascii").splitlines() if line.strip()]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}): {REMEDY}") from error
