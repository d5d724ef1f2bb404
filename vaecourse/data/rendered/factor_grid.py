"""Grids of independent factors: the images of a rendered set, numbered by their factors."""

import math
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class FactorGrid:
    """All combinations of some discrete factors, in an order in which the last factor varies fastest.

    Parameters
    ----------
    names : tuple of str
    sizes : tuple of int
        Number of values of each factor; its classes count from 0.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.sizes)

    def check(self, classes) -> np.ndarray:
        """The classes as an int64 array (N, K).

        Raises
        ------
        TypeError
            If they are not integers.
        ValueError
            If they are not of shape (N, K), or a factor has no such class.
        """
        classes = _integers(classes, "factors")
        if classes.ndim != 2 or classes.shape[1] != len(self.names):
            raise ValueError(
                f"factors have shape (N, {len(self.names)}), {', '.join(self.names)}, got {classes.shape}: "
                "one row is one image"
            )
        for name, size, column in zip(self.names, self.sizes, classes.T, strict=True):
            if len(column) and not 0 <= column.min() <= column.max() < size:
                wrong = column.min() if column.min() < 0 else column.max()
                raise ValueError(f"{name} has the classes 0 to {size - 1}, got {wrong}")
        return classes

    def index_of(self, classes) -> np.ndarray:
        """The indices (N,) of the combinations with these classes (N, K); errors as in :meth:`check`."""
        columns = self.check(classes).T
        return np.ravel_multi_index(tuple(columns), self.sizes)

    def classes_of(self, index) -> np.ndarray:
        """The classes (N, K) of the combinations with these indices (N,), as int64.

        Raises
        ------
        TypeError, ValueError
            If the indices are not integers, not of shape (N,), or out of range.
        """
        index = _integers(index, "indices")
        if index.ndim != 1:
            raise ValueError(f"indices have shape (N,), got {index.shape}")
        if len(index) and not 0 <= index.min() <= index.max() < len(self):
            wrong = index.min() if index.min() < 0 else index.max()
            raise ValueError(f"indices go from 0 to {len(self) - 1}, got {wrong}")
        return np.stack(np.unravel_index(index, self.sizes), axis=1)


def _integers(values, what: str) -> np.ndarray:
    values = values.cpu().numpy() if torch.is_tensor(values) else np.asarray(values)
    if not np.issubdtype(values.dtype, np.integer):
        raise TypeError(f"{what} are integers, got {values.dtype}: give classes counted from 0, not values")
    return values.astype(np.int64)
