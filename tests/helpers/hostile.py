"""Small sets in every published format, ways to damage files, and what a reader made of them."""

import gzip
import io
import pickle
import random
import signal
import tarfile
import zipfile
from contextlib import contextmanager

import numpy as np
import torchvision.datasets  # noqa: F401 (here, because the alarm below must not interrupt its import)
from PIL import Image
from scipy.io import savemat

import vaecourse as vc
from vaecourse.data import DataError, cache
from vaecourse.data.loading import DATA_SETS
from vaecourse.data.published.celeba_lists import ATTRIBUTES

SECONDS = 60
CLASSES, STL_CLASSES = DATA_SETS["cifar10"].label_names, DATA_SETS["stl10"].label_names


def idx_set(packed: bool = False, names=None) -> dict[str, bytes]:
    """The four files of a set like MNIST: 20 + 10 images of 28×28."""
    generator = np.random.default_rng(0)
    files = {}
    for prefix, count in (("train", 20), ("t10k", 10)):
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        files[f"{prefix}-images-idx3-ubyte"] = idx_bytes(images)
        files[f"{prefix}-labels-idx1-ubyte"] = idx_bytes((np.arange(count) % 10).astype(np.uint8))
    if packed:
        files = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in files.items()}
    return files


def idx_bytes(values: np.ndarray) -> bytes:
    return bytes((0, 0, 8, values.ndim)) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


def picture(number: int, size=(32, 32), kind: str = "JPEG", mode: str = "RGB", **settings) -> bytes:
    """A smooth picture; its colours tell its number."""
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC).convert(mode).save(file, kind, **settings)
    return file.getvalue()


def class_set(kind: str = "PNG", prefix: str = "") -> dict[str, bytes]:
    """Two training pictures and a test picture of each class of CIFAR-10."""
    suffix = {"PNG": "png", "JPEG": "jpg"}[kind]
    return {
        f"{prefix}{part}/{name}/{number:04}.{suffix}": picture(10 * label + number, kind=kind)
        for part, count in (("train", 2), ("test", 1))
        for label, name in enumerate(CLASSES)
        for number in range(count)
    }


def faces(count: int = 12, suffix: str = "jpg") -> dict[str, bytes]:
    kind = {"jpg": "JPEG", "png": "PNG"}[suffix]
    return {f"{number:06}.{suffix}": picture(number, (89, 109), kind) for number in range(1, count + 1)}


def attribute_values(count: int = 12) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 2, (count, 40))


def attribute_list(count: int = 12) -> bytes:
    """The published form: the number of faces, the names of the attributes, a line for each face."""
    rows = [
        f"{number:06}.jpg " + " ".join(" 1" if value else "-1" for value in row)
        for number, row in enumerate(attribute_values(count), start=1)
    ]
    return "\n".join([str(count), " ".join(ATTRIBUTES) + " ", *rows, ""]).encode()


def attribute_table(count: int = 12, separator: str = ",", no: str = "-1") -> bytes:
    """Kaggle's form: a table with a heading, without the number of faces."""
    rows = [
        separator.join([f"{number:06}.jpg", *("1" if value else no for value in row)])
        for number, row in enumerate(attribute_values(count), start=1)
    ]
    return "\n".join([separator.join(["image_id", *ATTRIBUTES]), *rows, ""]).encode()


def partition_of(count: int = 12) -> list[int]:
    return [0] * (count - 4) + [1] * 2 + [2] * 2


def partition_list(count: int = 12) -> bytes:
    return "".join(f"{number:06}.jpg {part}\n" for number, part in enumerate(partition_of(count), 1)).encode()


def face_set(suffix: str = "jpg") -> dict[str, bytes]:
    pictures = {f"img_align_celeba/{name}": content for name, content in faces(suffix=suffix).items()}
    return {**pictures, "list_attr_celeba.txt": attribute_list(), "list_eval_partition.txt": partition_list()}


def cifar_batches() -> dict[str, bytes]:
    """The files of CIFAR-10 in torchvision's layout, tiny; their MD5 sums are not the published ones."""
    data = np.random.default_rng(0).integers(0, 256, (4, 3072), dtype=np.uint8)
    batch = pickle.dumps({"data": data, "labels": [0, 1, 2, 3]})
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    files = {f"cifar-10-batches-py/{name}": batch for name in names}
    return files | {"cifar-10-batches-py/batches.meta": pickle.dumps({"label_names": list(CLASSES)})}


def svhn_files() -> dict[str, bytes]:
    """The two files of SVHN, tiny; their MD5 sums are not the published ones."""
    generator, files = np.random.default_rng(0), {}
    for part, count in (("train", 6), ("test", 4)):
        file = io.BytesIO()
        labels = np.arange(1, count + 1, dtype=np.uint8)[:, None]  # 10 is the digit 0
        savemat(file, {"X": generator.integers(0, 256, (32, 32, 3, count), dtype=np.uint8), "y": labels})
        files[f"{part}_32x32.mat"] = file.getvalue()
    return files


def stl_files() -> dict[str, bytes]:
    """The files of STL-10 in torchvision's layout, tiny; their MD5 sums are not the published ones."""
    generator, files = np.random.default_rng(0), {"class_names.txt": "\n".join(STL_CLASSES).encode()}
    for part, count in (("train", 4), ("test", 2)):
        files[f"{part}_X.bin"] = generator.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8).tobytes()
        files[f"{part}_y.bin"] = np.arange(1, count + 1, dtype=np.uint8).tobytes()
    return {f"stl10_binary/{name}": content for name, content in files.items()}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return file.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def write(folder, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def damaged(content: bytes, generator: random.Random) -> bytes:
    """The content after one to three random damages: flipped bits, lost, repeated, foreign or moved bytes."""
    for _ in range(generator.randint(1, 3)):
        at = generator.randrange(len(content) + 1)
        length = generator.choice([1, 2, 4, 8, 64, 1000])
        kind = generator.randrange(8)
        if kind == 0 and content:
            at = generator.randrange(len(content))
            content = content[:at] + bytes([content[at] ^ 1 << generator.randrange(8)]) + content[at + 1 :]
        elif kind == 1:
            content = content[:at]
        elif kind == 2:
            content = content[:at] + content[at + length :]
        elif kind == 3:
            content = content[:at] + bytes(length) + content[at + length :]
        elif kind == 4:
            content = content[:at] + generator.randbytes(length) + content[at + length :]
        elif kind == 5:
            content = content[:at] + content[at : at + length] * generator.choice([2, 50]) + content[at + length :]
        elif kind == 6:
            content = content[:at] + b"\xff" * length + content[at + length :]
        else:  # near the beginning, where formats have their headers
            at = generator.randrange(min(64, len(content)) + 1)
            content = content[:at] + generator.randbytes(generator.choice([1, 4])) + content[at + 1 :]
    return content


@contextmanager
def within(seconds: int):
    """Raise TimeoutError if the block takes longer."""

    def ring(number, frame):
        raise TimeoutError(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(name: str, folder) -> str:
    """ "accepted", "refused" in one printable line that names the folder, or what is wrong with the refusal."""
    try:
        with within(SECONDS):
            vc.load(name, offline="error")
    except DataError as error:
        text = str(error)
        if cache.path(name).exists():
            return f"refused and stored: {text}"
        if not text.isprintable() or len(text) > 1000 or str(folder)[:300] not in text or ": " not in text:
            return f"a message of no use: {text!r}"
        return "refused"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    cache.path(name).unlink()
    return "accepted"
