"""Data sets in memory."""

from vaecourse.data.errors import DataError
from vaecourse.data.images import ImageSet, Split
from vaecourse.data.loading import load
from vaecourse.data.packed import PackedImages
from vaecourse.data.rendered import densities, dsprites, toy_faces

__all__ = ["DataError", "ImageSet", "PackedImages", "Split", "densities", "dsprites", "load", "toy_faces"]
