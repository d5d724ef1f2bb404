"""Data sets in memory."""

from vaecourse.data import densities
from vaecourse.data.errors import DataError
from vaecourse.data.images import ImageSet, Split
from vaecourse.data.loading import load

__all__ = ["DataError", "ImageSet", "Split", "densities", "load"]
