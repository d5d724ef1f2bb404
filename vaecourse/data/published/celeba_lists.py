"""The lists of CelebA, attributes and partition, as published or as the comma-separated tables of Kaggle.

A face is known by its number, the name of its file without the suffix: the published lists name ``.jpg`` files,
whatever the suffix of the pictures at hand.
"""

import csv
import gzip
from pathlib import PurePosixPath

import numpy as np

from vaecourse.data.errors import DataError
from vaecourse.data.published.archives import GZIP
from vaecourse.data.published.listing import LARGEST, Entry, is_copy, key

ATTRIBUTES = tuple(
    """5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair
    Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male
    Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks
    Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace
    Wearing_Necktie Young""".split()  # noqa: SIM905 (a list would be 40 lines)
)
ATTRIBUTE_FILE, PARTITION_FILE = "list_attr_celeba.txt", "list_eval_partition.txt"
PARTS = {
    **dict.fromkeys(("0", "train", "training"), "train"),
    **dict.fromkeys(("1", "val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("2", "test", "testing"), "test"),
}
# What stands for yes and no, as programs write it.
ANSWERS = (("1", "-1"), ("1", "0"), ("1.0", "-1.0"), ("1.0", "0.0"), ("True", "False"), ("TRUE", "FALSE"))
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
FACE_DIGITS = 6
REMEDY = "copy it again or, if it stays so, take the published list"


def find(entries: list[Entry], name: str) -> Entry | None:
    """The list of a published name: packed or not, as text or as a table, with any capitals, hyphens or underscores."""
    found = [entry for entry in entries if key(entry.lower) == key(name) and not entry.lower.endswith((".zip", ".tar"))]
    order = [name, f"{name}.gz"]  # then others
    ranks = {entry.name: order.index(entry.lower) if entry.lower in order else len(order) for entry in found}
    return min(found, key=lambda entry: (is_copy(entry), ranks[entry.name], entry.name), default=None)


def face_of(name: str) -> str:
    """The number of a face, from the name of its file: six digits, of which tables of numbers lose the zeros."""
    stem = PurePosixPath(name.casefold().replace("\\", "/")).stem
    return stem.zfill(FACE_DIGITS) if stem.isdecimal() else stem


def attributes(entry: Entry) -> dict[str, np.ndarray]:
    """The 40 attributes of each face, true or false, by its number.

    Raises
    ------
    DataError
        If the list cannot be read, or is not complete and well-formed.
    """
    rows = _rows(entry)
    announced = rows.pop(0)[1] if rows and len(rows[0][1]) == 1 else None
    names = {key(name): name for name in ATTRIBUTES}
    heading = [names.get(key(name), name) for name in rows.pop(0)[1]] if rows else []
    if (announced and not _is_count(announced[0])) or not set(ATTRIBUTES) <= set(heading):
        raise DataError(
            f"{entry.shown} does not begin with the number of faces and the names of 40 attributes: {REMEDY}"
        )
    if announced and len(rows) != int(announced[0]):
        raise DataError(f"{entry.shown} announces {int(announced[0]):,} faces and lists {len(rows):,}: {REMEDY}")
    first = heading.index(next(name for name in heading if name in ATTRIBUTES))
    if first == 0:  # as published: no heading above the file names
        heading, first = ["", *heading], 1
    columns = [heading.index(name) for name in ATTRIBUTES]
    told = set().union(*(fields[first:] for _, fields in rows))
    yes, no = max(ANSWERS, key=lambda pair: len(told & set(pair)))  # of equals the first, as published
    found: dict[str, np.ndarray] = {}
    for number, fields in rows:
        values = [fields[column] for column in columns] if len(fields) == len(heading) else []
        if not values or not set(values) <= {yes, no}:
            raise DataError(
                f"{entry.shown}, line {number}: expected a file name and 40 values of {yes} or {no}: {REMEDY}"
            )
        row = np.array([value == yes for value in values])
        if not np.array_equal(found.setdefault(face_of(fields[first - 1]), row), row):
            raise DataError(f"{entry.shown}, line {number}: {fields[first - 1]} has another line before: delete one")
    return found


def partition(entry: Entry) -> dict[str, str]:
    """The split of each face, ``train``, ``validation`` or ``test``, by its number.

    Raises
    ------
    DataError
        If the list cannot be read, is malformed, or puts a face into two splits.
    """
    found: dict[str, str] = {}
    for place, (number, fields) in enumerate(_rows(entry)):
        if place == 0 and not any(sign.isdecimal() for sign in "".join(fields)):  # a heading
            continue
        name, part = fields[-2:] if len(fields) in (2, 3) else ("", "")
        if "." in part and name.casefold() in PARTS:  # the columns in the other order
            name, part = part, name
        part = PARTS.get(part.casefold().removesuffix(".0"))
        if part is None:
            raise DataError(f"{entry.shown}, line {number}: expected a file name and 0, 1 or 2: {REMEDY}")
        if found.setdefault(face_of(name), part) != part:
            raise DataError(f"{entry.shown}, line {number}: {name} is in another split before: delete one line")
    return found


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _rows(entry: Entry) -> list[tuple[int, list[str]]]:
    """Number and fields of each line that is not empty; fields are separated by spaces, commas, semicolons or tabs."""
    with entry.open(REMEDY) as file:
        is_packed = file.read(2) == GZIP
        file.seek(0)
        if entry.lower.endswith(".gz") or is_packed:
            file = gzip.GzipFile(fileobj=file)
        content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise DataError(f"{entry.shown} is larger than {LARGEST:,} bytes, too large for a list: {REMEDY}")
        lines = enumerate(content.decode(_coding(content)).splitlines(), start=1)
        full = [(number, line) for number, line in lines if line.strip()]
        if full and full[0][1].startswith("sep="):  # what Excel writes above a table
            del full[0]
        separator = next((sign for sign in ",;\t" if any(sign in line for _, line in full[:2])), None)
        return [(number, _fields(line, separator)) for number, line in full]


def _coding(content: bytes) -> str:
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if content.startswith(mark)), None)
    zeros = [place for place in (0, 1) if content[place : place + 1] == b"\0"]  # the lists are in ASCII
    return marked or {(): "utf-8", (0,): "utf-16-be", (1,): "utf-16-le"}.get(tuple(zeros), "utf-8")


def _fields(line: str, separator: str | None) -> list[str]:
    fields = next(csv.reader([line], delimiter=separator)) if separator else line.split()
    return [field.strip() for field in fields]
