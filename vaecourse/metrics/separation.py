"""SAP: how much better the best single unit predicts a factor than the second best."""

import numpy as np

from vaecourse.metrics.factors import as_classes, how_tested, training_and_test, varying, which_factors
from vaecourse.metrics.scores import Score

# Weight of the errors against the size of the weights, as in disentanglement_lib.
COST = 0.01
MOST_STEPS = 100
SMALLEST_STEP = 1e-6  # of the weights


def sap(codes, factors, test=None, seed: int = 0) -> Score:
    """Separated attribute predictability (Kumar et al., 2018, section 3.1), from 0 to 1.

    Each factor is predicted from each unit alone by a linear support vector machine, and the score is the difference
    of the two best accuracies on images kept for testing, in the mean over the factors. As in disentanglement_lib:
    scikit-learn's ``LinearSVC(C=0.01, class_weight="balanced")``, one class against the rest. A machine of a single
    unit has two weights only, which are found exactly here, from cumulative sums over sorted codes, for all classes at
    once; LinearSVC finds them roughly and in minutes. Codes are not scaled: of codes much smaller than 1 all accuracies
    are low.

    Parameters
    ----------
    codes : array or Tensor of shape (N, d)
    factors : integer array or Tensor of shape (N, K)
        A factor of one value is not scored.
    test : pair (codes, factors), optional
        Other images, to measure the accuracy on. By default a random fifth of the images is kept for that.
    seed : int
        Of that choice. There is no other chance in the score.

    Returns
    -------
    Score
        Its ``matrix`` (d, K) holds the accuracies; of a factor that is not scored 0. A unit that stands alone is
        compared with one that never changes.

    Raises
    ------
    ValueError
        For codes that are not finite, factors that are not whole numbers, or arrays that do not belong together.
    """
    codes, factors, kept = training_and_test(codes, factors, test, seed)
    scored = varying(factors[~kept])
    if not scored.any():
        raise ValueError("no factor varies over the training images: give more of them")
    classes = as_classes(factors[:, scored])
    units = codes if codes.shape[1] > 1 else np.hstack([codes, np.zeros_like(codes)])
    machines = Machines(classes[~kept])
    accuracies = np.empty((units.shape[1], classes.shape[1]))
    for unit, values in enumerate(units.T.astype(np.float64)):
        slopes, offsets = machines.fit(values[~kept])
        accuracies[unit] = (machines.predict(slopes, offsets, values[kept]) == classes[kept]).mean(0)
    matrix = np.zeros((codes.shape[1], factors.shape[1]))
    matrix[:, scored] = accuracies[: codes.shape[1]]
    second, best = np.sort(accuracies, axis=0)[-2:]
    learner = f'LinearSVC(C={COST}, class_weight="balanced") of each unit, solved exactly'
    protocol = {"learner": learner} | how_tested(kept, test, seed) | which_factors(scored)
    return Score("SAP", float(np.mean(best - second)), matrix, protocol)


class Machines:
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
        firsts = np.cumsum(self.sizes) - self.sizes
        self.labels = (classes + firsts).astype(np.int16 if self.sizes.sum() < 2**15 else np.int64)
        self.counts = np.bincount(self.labels.ravel(), minlength=self.sizes.sum())
        costs = []
        for counts in np.split(self.counts, firsts[1:]):
            weights = COST * len(classes) / ((counts > 0).sum() * np.maximum(counts, 1))
            two = (counts > 0).sum() == 2
            costs.append([weights, weights[counts > 0].sum() - weights if two else np.full(len(counts), COST)])
        self.costs = np.concatenate(costs, axis=1)

    def fit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope and offset of each machine from the values (N,) of the unit."""
        order = np.argsort(values)
        ordered, labels = values[order], self.labels[order]
        one = SortedSums(np.broadcast_to(ordered[:, None], labels.shape).ravel(), labels.ravel(), len(self.counts))
        everything = SortedSums(ordered, np.zeros(len(ordered), dtype=np.int16), 1)
        machines = np.zeros((2, len(self.counts)))
        length = np.ones(len(self.counts))
        value, gradient, hessian = self._objective(machines, one, everything)
        # Newton's method. The objective is convex, and quadratic in pieces: in the right piece a full step is exact.
        for _ in range(MOST_STEPS):
            step = length * _newton(gradient, hessian)
            tried = self._objective(machines - step, one, everything)
            better = tried[0] < value
            machines = np.where(better, machines - step, machines)
            value, gradient, hessian = (
                np.where(better, new, old) for new, old in zip(tried, (value, gradient, hessian), strict=True)
            )
            # A step that leads up is halved, until it is too small to matter.
            length = np.where(better, 1, length / 2)
            if not (np.abs(step) > SMALLEST_STEP * np.abs(machines)).any():
                break
        # A class that is in the test images only cannot be predicted.
        return machines[0], np.where(self.counts > 0, machines[1], -np.inf)

    def predict(self, slopes: np.ndarray, offsets: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The class (N, K) of each factor whose machine gives the most at each value (N,)."""
        found, start = [], 0
        for size in self.sizes:
            own = slice(start, start + size)
            found.append(np.argmax(np.multiply.outer(values, slopes[own]) + offsets[own], axis=1))
            start += size
        return np.stack(found, axis=1)

    def _objective(self, machines: np.ndarray, one: "SortedSums", everything: "SortedSums"):
        """Value (M,), gradient (2, M) and second derivatives (3, M: ww, wb, bb) at slopes and offsets (2, M)."""
        w, b = machines
        up = w >= 0
        with np.errstate(divide="ignore", invalid="ignore"):
            upper, lower = (1 - b) / w, (-1 - b) / w
        # Those that have a loss: of the class below the upper margin, of the rest above the lower one.
        own = np.where(up, one.below(upper), one.total - one.below(upper))
        below = everything.below(lower) - one.below(lower)
        rest = np.where(up, everything.total - one.total - below, below)
        (p0, p1, p2), (n0, n1, n2) = own * self.costs[0], rest * self.costs[1]
        value = (w**2 + b**2) / 2 + p0 * (1 - b) ** 2 + n0 * (1 + b) ** 2
        value += 2 * w * (n1 * (1 + b) - p1 * (1 - b)) + w**2 * (p2 + n2)
        gradient = np.stack([
            w + 2 * (w * (p2 + n2) - p1 * (1 - b) + n1 * (1 + b)),
            b + 2 * (w * (p1 + n1) - p0 * (1 - b) + n0 * (1 + b)),
        ])  # fmt: skip
        return value, gradient, np.stack([1 + 2 * (p2 + n2), 2 * (p1 + n1), 1 + 2 * (p0 + n0)])


def _newton(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """The solution of H · step = gradient, for many 2 × 2 matrices H of determinant above 1."""
    ww, wb, bb = hessian
    return np.stack([bb * gradient[0] - wb * gradient[1], ww * gradient[1] - wb * gradient[0]]) / np.maximum(
        ww * bb - wb**2, 1
    )


class SortedSums:
    """Sums of 1, x and x² over those x of a class that lie below a threshold, for all classes at once, by look-up.

    Parameters
    ----------
    ordered : array of shape (N,)
        The x, ascending.
    labels : integer array of shape (N,)
    classes : int
    """

    def __init__(self, ordered: np.ndarray, labels: np.ndarray, classes: int):
        self.low, self.range = ordered[0], (ordered[-1] - ordered[0]) or 1.0
        order = np.argsort(labels, kind="stable")
        values = ordered[order]
        # All classes on one axis, one after the other: the values of class k lie from 2k to 2k + 1.
        self.places = 2.0 * labels[order] + (values - self.low) / self.range
        self.classes = 2.0 * np.arange(classes)
        self.starts = np.searchsorted(self.places, self.classes - 0.5)
        self.sums = np.zeros((3, len(values) + 1))
        self.sums[0, 1:] = np.arange(1, len(values) + 1)
        np.cumsum(values, out=self.sums[1, 1:])
        np.cumsum(values**2, out=self.sums[2, 1:])
        self.total = self.sums[:, np.append(self.starts[1:], len(values))] - self.sums[:, self.starts]

    def below(self, thresholds: np.ndarray) -> np.ndarray:
        """(3, classes) for thresholds (classes,), which may be infinite, or NaN where it does not matter."""
        places = np.fmax(np.fmin((thresholds - self.low) / self.range, 1.5), -0.5) + self.classes
        return self.sums[:, np.searchsorted(self.places, places)] - self.sums[:, self.starts]
