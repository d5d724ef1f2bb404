"""Linear support vector machines of a single unit, solved exactly for all classes and several units at once."""

import numpy as np

# Weight of the errors relative to the squared weights, as in disentanglement_lib.
COST = 0.01
MOST_STEPS = 100
SMALLEST_STEP = 1e-6  # relative to the weights


class OneUnitSVMs:
    """Support vector machines of one unit: each class of each factor against the rest of that factor.

    A machine minimises ½(w² + b²) + Σ c_i max(0, 1 − s_i (w x_i + b))² over its slope w and its offset b, where s_i is
    1 for the class and −1 for the rest. c_i is COST for the rest, and COST · N / (classes · N_class) for the class. If
    a factor has two classes, the rest is weighted by the second formula too, and the two machines are negatives of
    each other.

    Parameters
    ----------
    classes : integer array of shape (N, K)
        Classes of the training images. Labels number the classes consecutively over all factors.
    """

    def __init__(self, classes: np.ndarray):
        self.sizes = classes.max(0) + 1
        self.firsts = np.cumsum(self.sizes) - self.sizes
        self.labels = classes + self.firsts
        self.counts = np.bincount(self.labels.ravel(), minlength=self.sizes.sum())
        costs = []
        for counts in np.split(self.counts, self.firsts[1:]):
            weights = COST * len(classes) / ((counts > 0).sum() * np.maximum(counts, 1))
            two = (counts > 0).sum() == 2
            costs.append([weights, weights[counts > 0].sum() - weights if two else np.full(len(counts), COST)])
        self.costs = np.concatenate(costs, axis=1)

    def fit(self, values: np.ndarray) -> np.ndarray:
        """Return slopes and offsets (2, units, M) of the machines of some units, from their values (N, units)."""
        sums = CumulativeSums(values, self.labels, len(self.counts))
        costs = np.tile(self.costs, values.shape[1])
        machines, length, moving = np.zeros(costs.shape), np.ones(costs.shape[1]), np.arange(costs.shape[1])
        state = _objective(machines, costs, sums, moving)
        # Newton's method: the objective is convex and piecewise quadratic, so in the right piece a full step is exact.
        for _ in range(MOST_STEPS):
            step = length * _newton(state)
            tried = _objective(machines[:, moving] - step, costs[:, moving], sums, moving)
            better = tried[0] < state[0]
            machines[:, moving] -= step * better
            # A step that does not decrease the objective is halved, until it is negligible.
            length, state = np.where(better, 1, length / 2), np.where(better, tried, state)
            further = (np.abs(step) > SMALLEST_STEP * np.abs(machines[:, moving])).any(0)
            moving, length, state = moving[further], length[further], state[:, further]
            if not len(moving):
                break
        return machines.reshape(2, values.shape[1], -1)

    def accuracies(self, machines: np.ndarray, values: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the accuracy (units, K) of machines (2, units, M) on values (N, units) with the classes (N, K).

        The predicted class is the one with the largest decision value; for a single unit it wins on one interval of
        values.
        """
        # The last column is for classes that occur in the test images only: they are never predicted.
        low, high = np.zeros((2, machines.shape[1], machines.shape[2] + 1))
        for known in np.split(np.arange(len(self.counts)), self.firsts[1:]):
            learned = known[self.counts[known] > 0]
            low[:, learned], high[:, learned] = _where_highest(*machines[:, :, learned])
        labels, values = np.where(classes < self.sizes, classes + self.firsts, -1), values.T[:, :, None]
        return ((low[:, labels] <= values) & (values < high[:, labels])).mean(1)


def _objective(machines: np.ndarray, costs: np.ndarray, sums: "CumulativeSums", which: np.ndarray) -> np.ndarray:
    """Return value, gradient (w, b) and second derivatives (ww, wb, bb), as rows (6, M), at the machines (2, M)."""
    w, b = machines
    up = w >= 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        upper, lower = (1 - b) / w, (-1 - b) / w
    # Images with a loss (for w ≥ 0): those of the class below the upper margin, of the rest above the lower margin.
    own, rest = sums.below(upper, which), sums.below(lower, which, of_all=True) - sums.below(lower, which)
    total, total_of_all = sums.total[:, which], sums.total_of_all[:, which]
    p0, p1, p2 = np.where(up, own, total - own) * costs[0]
    n0, n1, n2 = np.where(up, total_of_all - total - rest, rest) * costs[1]
    value = (w**2 + b**2) / 2 + p0 * (1 - b) ** 2 + n0 * (1 + b) ** 2
    return np.stack([
        value + 2 * w * (n1 * (1 + b) - p1 * (1 - b)) + w**2 * (p2 + n2),
        w + 2 * (w * (p2 + n2) - p1 * (1 - b) + n1 * (1 + b)),
        b + 2 * (w * (p1 + n1) - p0 * (1 - b) + n0 * (1 + b)),
        1 + 2 * (p2 + n2),
        2 * (p1 + n1),
        1 + 2 * (p0 + n0),
    ])  # fmt: skip


def _newton(state: np.ndarray) -> np.ndarray:
    """Return the solution (2, M) of H · step = gradient, for 2 × 2 matrices H of determinant above 1."""
    _, w, b, ww, wb, bb = state
    return np.stack([bb * w - wb * b, ww * b - wb * w]) / np.maximum(ww * bb - wb**2, 1)


def _where_highest(slopes: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the interval on which each of the lines (units, m) is the highest of its unit.

    Below its interval a line lies under one of smaller slope, above it under one of larger slope. The interval is empty
    if its ends are equal.
    """
    rise = slopes[:, :, None] - slopes[:, None]
    lead = offsets[:, :, None] - offsets[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossings = -lead / rise
    low = np.where(rise > 0, crossings, -np.inf).max(2)
    high = np.where(rise < 0, crossings, np.inf).min(2)
    # Among parallel lines only the upper one counts, and among equal ones the first.
    first = np.tri(slopes.shape[1], k=-1, dtype=bool)
    hidden = ((rise == 0) & ((lead < 0) | (lead == 0) & first)).any(2)
    return low, np.where(hidden, low, np.maximum(low, high))


class CumulativeSums:
    """A table of the sums of 1, x and x² over the x of a class below a threshold, for several units at once.

    Parameters
    ----------
    values : array of shape (N, units)
        Values x of the units.
    labels : integer array of shape (N, K)
        Classes of the images, numbered consecutively over all factors.
    classes : int
        Number of classes. The index of a machine is ``unit * classes + class``.
    """

    def __init__(self, values: np.ndarray, labels: np.ndarray, classes: int):
        units = values.shape[1]
        # An additional class holds all images.
        labels = np.column_stack([labels, np.full(len(labels), classes)])
        counts = np.bincount(labels.ravel(), minlength=classes + 1)
        low, high = values.min(0), values.max(0)
        spread = np.where(high > low, high - low, 1)
        # All classes of all units lie one after the other on one axis: the scaled x of class k from 2k to 2k + 1.
        axis = 2.0 * np.arange(units * len(counts)).reshape(units, -1)
        firsts, ordered = axis[0][labels], axis[0].repeat(counts)
        # One array, because the allocator reuses one block for the next units but returns several blocks.
        table = np.empty(units * (3 * labels.size + 2))
        self.places = table[: units * labels.size].reshape(units, -1)
        # Cumulative sums of the scaled x, and of x² as imaginary part.
        self.sums = table[units * labels.size :].view(complex).reshape(units, -1)
        self.sums[:, 0] = 0
        for unit, scaled in enumerate((values.T - low[:, None]) / spread[:, None]):
            places = self.places[unit]
            np.add(scaled[:, None], firsts, out=places.reshape(labels.shape))
            places.sort()
            x = places - ordered
            self.sums[unit, 1:].real, self.sums[unit, 1:].imag = x, x**2
            np.cumsum(self.sums[unit], out=self.sums[unit])
            places += axis[unit, 0]
        self.unit = np.arange(units).repeat(classes)
        self.low, self.range = low[self.unit], spread[self.unit]
        # The first index of each machine's own class, and of all images of its unit.
        starts = np.cumsum(counts) - counts + labels.size * np.arange(units)[:, None]
        self.axis, self.starts = (
            np.stack([both[:, :-1].ravel(), both[:, -1].repeat(classes)]) for both in (axis, starts)
        )
        ends = self.starts + np.stack([np.tile(counts[:-1], units), np.full(len(self.unit), counts[-1])])
        self.total, self.total_of_all = (
            self._between(*both, slice(None)) for both in zip(self.starts, ends, strict=True)
        )

    def below(self, thresholds: np.ndarray, which: np.ndarray, of_all: bool = False) -> np.ndarray:
        """Return the sums (3, M) below the thresholds (M,) of the machines ``which``.

        They run over the class of each machine, or over all images if ``of_all``. A threshold may be infinite. NaN is
        accepted, but its sums are arbitrary.
        """
        places = np.fmax(np.fmin((thresholds - self.low[which]) / self.range[which], 1.5), -0.5)
        found = np.searchsorted(self.places.ravel(), places + self.axis[int(of_all), which])
        return self._between(self.starts[int(of_all), which], found, which)

    def _between(self, starts: np.ndarray, ends: np.ndarray, which) -> np.ndarray:
        low, spread, unit = self.low[which], self.range[which], self.unit[which]
        counts = ends - starts
        # Each unit has one more sum than places, because the first sum is 0.
        sums = self.sums.ravel()[ends + unit] - self.sums.ravel()[starts + unit]
        x, squares = low * counts + spread * sums.real, spread**2 * sums.imag
        return np.stack([counts, x, low * (2 * x - low * counts) + squares])
