"""Data sets in memory."""

from vaecourse.data.images import ImageSet, Split
from vaecourse.data.loading import load

__all__ = ["ImageSet", "Split", "load"]
