"""``load``: a data set by its name, from the first source that has it."""

import difflib

from vaecourse.checks import new_tensors_on_cpu
from vaecourse.data import cache, downloads
from vaecourse.data.catalogue import DATA_SETS, DataSetSpec, Rendered
from vaecourse.data.errors import DataError
from vaecourse.data.images import ImageSet, Split
from vaecourse.data.places import Place, in_words, listings, listings_below, place_in
from vaecourse.data.published.listing import Listing
from vaecourse.files import private_folder
from vaecourse.notices import wrapped
from vaecourse.terminal import printable, say

OFFLINE = ("stand-in", "error")
TEXTS = (".md", ".txt", ".html", ".json", ".py", ".ipynb", ".log", ".pdf", ".yml", ".yaml")


def spec_of(name: str) -> DataSetSpec | Rendered:
    """The specification of a data set.

    Raises
    ------
    DataError
        If there is no data set of this name.
    """
    if name in DATA_SETS:
        return DATA_SETS[name]
    similar = difflib.get_close_matches(str(name).lower().replace("-", "_"), DATA_SETS, n=1, cutoff=0.5)
    advice = f"did you mean {similar[0]!r}?" if similar else f"choose one of {', '.join(DATA_SETS)}"
    raise DataError(f"there is no data set {name!r}: {advice}")


def locate(name: str) -> Place:
    """The source that :func:`load` would use now; nothing is downloaded.

    Raises
    ------
    DataError
        If there is no data set of this name, ``$VAECOURSE_DATA`` is not a folder, its folder of the set holds nothing
        that can be read, or the prepared set is broken.
    """
    wanted = spec_of(name)
    kept = cache.origin(name)
    at_hand: list[Listing] = []
    for found in listings(wanted, required=kept is None):
        if kept and kept.is_current and kept.made_from == found.stamp():
            return Place("cache", cache.path(name))
        if place := place_in(found, wanted):
            return place
        at_hand.append(found)
    if kept and (kept.is_current or not isinstance(wanted, Rendered)):
        return Place("cache", cache.path(name))
    for found in at_hand:
        if any(not entry.lower.endswith(TEXTS) for entry in found.entries):
            raise DataError(
                f"{found.folder} lacks {wanted.published_files}: add that, or take out what is there{found.beside()}"
            )
    if isinstance(wanted, Rendered):
        return Place("rendered")
    return Place("download" if downloads.available(wanted.torchvision) else "stand-in")


def load(name: str, offline: str = "stand-in") -> ImageSet:
    """Load a data set from the first of these sources that has it; ``.source`` of the result names it.

    1. The prepared cache: ``$VAECOURSE_CACHE``, else ``$XDG_CACHE_HOME/vaecourse``, else ``~/.cache/vaecourse``. If the
       files below have changed since, or another version of the package prepared it, they are read again.
    2. Published files in ``$VAECOURSE_DATA/<name>``, or in torchvision's layout, or where the operating system keeps
       them; at any depth, in zip or tar files too, in any capitals, under the names of Kaggle. CIFAR-10 may also be
       separate pictures, ``train/<class>/*`` and ``test/<class>/*``. CelebA may be pictures of any size, with the list
       of attributes. A folder of the set in which nothing of this is found is an error.
    3. A download from the addresses and with the checksums of torchvision.
    4. A stand-in that needs no network, made of MNIST digits, photographs or toy faces; a printed line says so.

    dSprites and the toy faces need neither network nor stand-in: they are rendered
    (:mod:`vaecourse.data.rendered.dsprites`, :mod:`vaecourse.data.rendered.toy_faces`), unless the published ``.npz``
    file of dSprites lies in ``$VAECOURSE_DATA/dsprites``. The training split of dSprites is the whole set, and its test
    split 10,000 images out of it.

    The images of STL-10, 96×96, are shrunk to 64×64 by antialiased bicubic interpolation; its images without labels
    are left out. The faces of CelebA are cropped and shrunk to 64×64, and their factors are the 40 attributes, 0 or 1
    (:mod:`vaecourse.data.published.celeba`); they may be used for non-commercial research only.

    Parameters
    ----------
    name : "mnist", "fashion_mnist", "cifar10", "svhn", "stl10", "celeba", "dsprites" or "toy_faces"
        Name of the set. All but the first two and dSprites are in colour.
    offline : "stand-in" or "error"
        What happens if the data are neither on disk nor available for download.

    Raises
    ------
    DataError
        If the name is unknown, a file is broken, the cache cannot be written to, or ``offline="error"`` refuses
        the stand-in.
    """
    new_tensors_on_cpu()
    wanted = spec_of(name)
    if offline not in OFFLINE:
        raise DataError(f"offline={offline!r} is unknown: choose one of {', '.join(OFFLINE)}")
    place = locate(name)
    kept = cache.origin(name)
    if place.kind == "rendered":
        splits = wanted.render()
        if wanted.cached:
            cache.write(name, splits, wanted.description)
        if kept:
            _say(f"{name}: rendered again, because another version of vaecourse had.")
        return _image_set(name, wanted, splits, wanted.description)
    if place.kind == "stand-in":
        return _stand_in(name, wanted, offline, "its download cannot be reached")
    if place.kind == "folder":
        _store(name, place, f"files in {in_words(place.path)}", place.listing.stamp())
        if kept:
            files = f"the files in {in_words(place.path)} are not those that it was prepared from"
            _say(f"{name}: prepared again, because {files if kept.is_current else 'another version of vaecourse had'}.")
    elif place.kind == "download":
        try:
            _download(name, wanted)
        except downloads.DownloadFailed as error:
            return _stand_in(name, wanted, offline, str(error))
    elif not kept.is_current:
        _say(f"{name}: another version of vaecourse prepared it. To have it prepared again delete {place.path}.")
    splits, source = cache.read(name)
    return _image_set(name, wanted, splits, source)


def _say(text: str) -> None:
    say(wrapped(text))


def _image_set(name: str, wanted: DataSetSpec | Rendered, splits: dict[str, Split], source: str) -> ImageSet:
    return ImageSet(name, splits["train"], splits["test"], source, wanted.label_names, wanted.factor_names)


def _store(name: str, place: Place, origin: str, stamp: str = "") -> None:
    splits, remark = place.reader.read(place.listing)
    _check(splits, place, DATA_SETS[name].label_names)
    # A path that is not in UTF-8 cannot be stored as it is.
    cache.write(name, splits, printable(f"{origin}: {remark}" if remark else origin), stamp)


def _check(splits: dict[str, Split], place: Place, label_names: tuple[str, ...]) -> None:
    """Raise DataError if what a reader read cannot be one data set."""
    remedy = "these files are not of one set, copy or download all of them again"
    shapes = {part: split.image_shape for part, split in splits.items()}
    if shapes["train"] != shapes["test"]:
        raise DataError(f"{place.path} has images of {shapes['train']} to train and {shapes['test']} to test: {remedy}")
    for part, split in splits.items():
        if len(split) == 0 or 0 in split.image_shape:
            raise DataError(f"{place.path} has no images to {part}: {remedy}")
        labels, classes = split.labels, len(label_names)
        if classes and labels is not None and not ((labels >= 0) & (labels < classes)).all():
            wrong = labels[(labels < 0) | (labels >= classes)][0]
            raise DataError(f"{place.path} has the label {wrong}, and labels are 0 to {classes - 1}: {remedy}")


def _download(name: str, wanted: DataSetSpec) -> None:
    """Fill the cache by a download, whose files are deleted afterwards."""
    with private_folder(cache.writable_folder(), name) as folder:
        _say(f"{wanted.title}: downloading {wanted.megabytes:,} MB, once.")
        downloads.download(wanted.torchvision, folder, wanted.megabytes)
        place = next(filter(None, (place_in(found, wanted) for found in listings_below(folder, wanted))))
        _store(name, place, "download by torchvision")


def _stand_in(name: str, wanted: DataSetSpec, offline: str, reason: str) -> ImageSet:
    """The stand-in of a data set, announced in print; or an error, with ``offline="error"``."""
    remedy = f"go online, or put {wanted.published_files} into $VAECOURSE_DATA/{name}"
    if offline == "error":
        raise DataError(f"{wanted.title} is not on this machine, and {reason}: {remedy}")
    substitute = wanted.stand_in
    splits = substitute.load()
    source = f"stand-in for {wanted.title}: {substitute.description}"
    _say(f"STAND-IN, not {wanted.title}: {substitute.description}.")
    _say(f"{reason[0].upper()}{reason[1:]}. For the real set {remedy}.")
    return ImageSet(name, splits["train"], splits["test"], source, substitute.label_names, substitute.factor_names)
