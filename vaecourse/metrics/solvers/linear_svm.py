"""Linear support vector machines of a single unit, solved exactly for all classes and several units at once."""

import numpy as np

# Weight of the errors against the size of the weights, as in disentanglement_lib.
COST = 0.01
MOST_STEPS = 100
SMALLEST_STEP = 1e-6  # of the weights


class OneUnitSVMs:
    """Support vector machines of one unit: each class of each factor against the rest of that factor.

    A machine minimises ½(w² + b²) + Σ c_i max(0, 1 − s_i (w x_i + b))² over its slope w and its offset b, where s_i is
    1 for the class and −1 for the rest. c_i is COST, and for the class itself COST · N / (classes · N_class). Of a
    factor of two classes both are weighted so, and their machines are each other's negative.

    Parameters
    ----------
    classes : integer array of shape (N, K)
        Of the training images. The classes of all factors are numbered through.
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
        """Slopes and offsets (2, units, M) of the machines of some units, from their values (N, units)."""
        sums = CumulativeSums(values, self.labels, len(self.counts))
        costs = np.tile(self.costs, values.shape[1])
        machines, length, moving = np.zeros(costs.shape), np.ones(costs.shape[1]), np.arange(costs.shape[1])
        state = _objective(machines, costs, sums, moving)
        # Newton's method. The objective is convex, and quadratic in pieces: in the right piece a full step is exact.
        for _ in range(MOST_STEPS):
            step = length * _newton(state)
            tried = _objective(machines[:, moving] - step, costs[:, moving], sums, moving)
            better = tried[0] < state[0]
            machines[:, moving] -= step * better
            # A step that leads up is halved, until it is too small to matter.
            length, state = np.where(better, 1, length / 2), np.where(better, tried, state)
            further = (np.abs(step) > SMALLEST_STEP * np.abs(machines[:, moving])).any(0)
            moving, length, state = moving[further], length[further], state[:, further]
            if not len(moving):
                break
        return machines.reshape(2, values.shape[1], -1)

    def accuracies(self, machines: np.ndarray, values: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Share (units, K) of the classes (N, K) that machines (2, units, M) tell from the values (N, units).

        Told is the class whose machine gives the most, and that is so from one value of the unit to another.
        """
        # The last column is for classes that are in the test images only: they are told nowhere.
        low, high = np.zeros((2, machines.shape[1], machines.shape[2] + 1))
        for known in np.split(np.arange(len(self.counts)), self.firsts[1:]):
            learned = known[self.counts[known] > 0]
            low[:, learned], high[:, learned] = _where_highest(*machines[:, :, learned])
        labels, values = np.where(classes < self.sizes, classes + self.firsts, -1), values.T[:, :, None]
        return ((low[:, labels] <= values) & (values < high[:, labels])).mean(1)


def _objective(machines: np.ndarray, costs: np.ndarray, sums: "CumulativeSums", which: np.ndarray) -> np.ndarray:
    """Value, gradient (w, b) and second derivatives (ww, wb, bb): rows (6, M), at slopes and offsets (2, M)."""
    w, b = machines
    up = w >= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        upper, lower = (1 - b) / w, (-1 - b) / w
    # Those that have a loss: of the class below the upper margin, of the rest above the lower one.
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
    """The solution (2, M) of H · step = gradient, for 2 × 2 matrices H of determinant above 1."""
    _, w, b, ww, wb, bb = state
    return np.stack([bb * w - wb * b, ww * b - wb * w]) / np.maximum(ww * bb - wb**2, 1)


def _where_highest(slopes: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From where to where each of the lines (units, m) is the highest of its unit; nowhere if from and to are equal.

    Each line crosses those that rise less on its left and those that rise more on its right.
    """
    rise = slopes[:, :, None] - slopes[:, None]
    lead = offsets[:, :, None] - offsets[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = -lead / rise
    low = np.where(rise > 0, crossings, -np.inf).max(2)
    high = np.where(rise < 0, crossings, np.inf).min(2)
    # Of parallel lines the upper one, of equal ones the first.
    first = np.tri(slopes.shape[1], k=-1, dtype=bool)
    hidden = ((rise == 0) & ((lead < 0) | (lead == 0) & first)).any(2)
    return low, np.where(hidden, low, np.maximum(low, high))


class CumulativeSums:
    """Sums of 1, x and x² over those x of a class that lie below a threshold, by look-up, for several units at once.

    Parameters
    ----------
    values : array of shape (N, units)
        The x.
    labels : integer array of shape (N, K)
        The classes of all factors, numbered through.
    classes : int
        How many there are. OneUnitSVMs are numbered by unit and class: ``unit * classes + class``.
    """

    def __init__(self, values: np.ndarray, labels: np.ndarray, classes: int):
        units = values.shape[1]
        # One more class: that of all images.
        labels = np.column_stack([labels, np.full(len(labels), classes)])
        counts = np.bincount(labels.ravel(), minlength=classes + 1)
        low, high = values.min(0), values.max(0)
        spread = np.where(high > low, high - low, 1)
        # All classes of all units on one axis, one after the other: the x of class k, scaled, lie from 2k to 2k + 1.
        axis = 2.0 * np.arange(units * len(counts)).reshape(units, -1)
        firsts, ordered = axis[0][labels], axis[0].repeat(counts)
        # In one piece, as the allocator keeps one for the next units, and returns several.
        table = np.empty(units * (3 * labels.size + 2))
        self.places = table[: units * labels.size].reshape(units, -1)
        # Of x and, as imaginary part, of x², both scaled.
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
        # Of each machine: where its own class begins, and where all images of its unit do.
        starts = np.cumsum(counts) - counts + labels.size * np.arange(units)[:, None]
        self.axis, self.starts = (
            np.stack([both[:, :-1].ravel(), both[:, -1].repeat(classes)]) for both in (axis, starts)
        )
        ends = self.starts + np.stack([np.tile(counts[:-1], units), np.full(len(self.unit), counts[-1])])
        self.total, self.total_of_all = (
            self._between(*both, slice(None)) for both in zip(self.starts, ends, strict=True)
        )

    def below(self, thresholds: np.ndarray, which: np.ndarray, of_all: bool = False) -> np.ndarray:
        """(3, M) for the thresholds (M,) of the machines ``which``: infinite ones too, or NaN where it does not matter.

        Of the class of each machine, or of all images.
        """
        places = np.fmax(np.fmin((thresholds - self.low[which]) / self.range[which], 1.5), -0.5)
        found = np.searchsorted(self.places.ravel(), places + self.axis[int(of_all), which])
        return self._between(self.starts[int(of_all), which], found, which)

    def _between(self, starts: np.ndarray, ends: np.ndarray, which) -> np.ndarray:
        low, spread, unit = self.low[which], self.range[which], self.unit[which]
        counts = ends - starts
        # Each unit has one sum more than places: the first, which is 0.
        sums = self.sums.ravel()[ends + unit] - self.sums.ravel()[starts + unit]
        x, squares = low * counts + spread * sums.real, spread**2 * sums.imag
        return np.stack([counts, x, low * (2 * x - low * counts) + squares])
