"""Comparison at equal rate: the distortion of runs less that of a reference method at the same rate, over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PIECES = 6  # of the curve: its second derivative is constant on each


@dataclass(frozen=True)
class Difference:
    """The distortion of a method less that of the reference at equal rate.

    Parameters
    ----------
    mean : float
        Mean over the runs that lie within the rates of the reference, in the unit of the distortions. NaN without any.
    low, high : float
        Ends of the 95 % interval of that mean. NaN with fewer than two seeds.
    by_run : array
        Difference of each run, NaN outside the rates of the reference.
    seeds : int
        Number of seeds behind ``mean``.
    """

    mean: float
    low: float
    high: float
    by_run: np.ndarray
    seeds: int

    def outside(self, band: tuple[float, float]) -> bool:
        """Return whether the whole interval lies on one side of a band, such as that of the null."""
        return bool(self.low > max(band) or self.high < min(band))


class RateCurve:
    """The distortion of a reference method as a function of its rate, from runs with several weights and seeds.

    The curve is falling and convex, as a curve of rate and distortion is. Its second derivative is constant between
    knots at the quantiles of the rates, and it is the curve of least squares of all such (shape-restricted splines,
    Meyer, 2008). Straight lines between measured points would lie above a convex curve, and so favour every rival.

    All runs of a seed share their first weights and their batches, and all rivals share the curve. The interval of a
    difference therefore comes from a bootstrap over the seeds: a draw chooses the seeds of the curve and those of the
    rival at once. The standard deviation over the draws of n seeds is too small by √((n − 1)/n), and is put right; the
    interval uses Student's t with n − 1 degrees of freedom.

    Parameters
    ----------
    rates, distortions : sequences of length N
        Of each run, in nats per image. For a score that grows with the rate, such as PSNR, give its negative.
    seeds : sequence of length N
        Seed of each run.
    draws : int
        Number of draws of the bootstrap.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        If the lengths differ, a number is not finite, or there are fewer than four different rates.
    """

    def __init__(
        self,
        rates: Sequence[float],
        distortions: Sequence[float],
        seeds: Sequence[int],
        draws: int = 400,
        seed: int = 0,
    ):
        self.rates, self.distortions, self.seeds = _columns(rates, distortions, seeds)
        if len(np.unique(self.rates)) < 4:
            raise ValueError(f"a curve needs runs at four different rates, got {len(np.unique(self.rates))}")
        self._draws, self._seed = draws, seed
        self._knots = np.unique(np.quantile(self.rates, np.linspace(0, 1, PIECES + 1)))
        self._bends = self._basis(self.rates)
        self._weights = self._fit(np.ones(len(self.rates)))
        self._names = np.unique(self.seeds)
        # How often each draw takes each seed, shape (draws, seeds).
        self._counts = np.random.default_rng(seed).multinomial(
            len(self._names), np.full(len(self._names), 1 / len(self._names)), draws
        )
        self._resampled = [self._fit(row[np.searchsorted(self._names, self.seeds)]) for row in self._counts]

    def __call__(self, rates) -> np.ndarray:
        """Return the distortion of the reference at these rates, NaN outside those that were measured."""
        rates = np.asarray(rates, dtype=float)
        within = (rates >= self._knots[0]) & (rates <= self._knots[-1])
        return np.where(within, self._at(rates, self._weights), np.nan)

    def difference(self, rates: Sequence[float], distortions: Sequence[float], seeds: Sequence[int]) -> Difference:
        """Return the distortion of other runs less that of the curve at their rates, with its interval.

        Parameters
        ----------
        rates, distortions, seeds : sequences of length M
            Of the runs of one method with one weight. Seeds that the reference has too are drawn together with it.
        """
        rates, distortions, seeds = _columns(rates, distortions, seeds)
        by_run = distortions - self(rates)
        known = ~np.isnan(by_run)
        names = np.unique(seeds[known])
        middle = by_run[known].mean() if len(names) else np.nan
        if len(names) < 2:
            return Difference(float(middle), np.nan, np.nan, by_run, len(names))
        from scipy.stats import t

        means = []
        for taken, weights in zip(self._taken(seeds[known]), self._resampled, strict=True):
            if taken.sum():
                means.append(np.average(distortions[known] - self._at(rates[known], weights), weights=taken))
        reach = t.ppf(0.975, len(names) - 1) * np.std(means) * np.sqrt(len(names) / (len(names) - 1))
        return Difference(float(middle), float(middle - reach), float(middle + reach), by_run, len(names))

    def null(self) -> np.ndarray:
        """Return how far each run of the reference lies from the curve of all other seeds, NaN outside their rates.

        This is what runs without any difference look like. Its mean over the seeds says nothing: it is near 0 because
        each seed is compared with the others.

        Raises
        ------
        ValueError
            If there is one seed only.
        """
        if len(self._names) < 2:
            raise ValueError("the null needs runs of at least two seeds")
        differences = np.empty(len(self.rates))
        for name in self._names:
            own = self.seeds == name
            others = RateCurve(self.rates[~own], self.distortions[~own], self.seeds[~own], draws=0)
            differences[own] = self.distortions[own] - others(self.rates[own])
        return differences

    def _taken(self, seeds: np.ndarray) -> np.ndarray:
        """How often each draw takes each of these runs: seeds that the reference lacks are drawn by themselves."""
        taken = np.zeros((len(self._counts), len(seeds)), dtype=int)
        own = np.isin(seeds, self._names)
        taken[:, own] = self._counts[:, np.searchsorted(self._names, seeds[own])]
        others, place = np.unique(seeds[~own], return_inverse=True)
        if len(others):
            random = np.random.default_rng([self._seed, 1])
            taken[:, ~own] = random.multinomial(len(others), np.full(len(others), 1 / len(others)), len(taken))[
                :, place
            ]
        return taken

    def _basis(self, rates: np.ndarray) -> np.ndarray:
        """Falling convex functions of the rate: a line, and one that bends on each piece. Shape (rates, 1 + pieces)."""
        left = np.maximum(self._knots - rates[:, None], 0)
        return np.column_stack([self._knots[-1] - rates, (left[:, 1:] ** 2 - left[:, :-1] ** 2) / 2])

    def _fit(self, times: np.ndarray) -> np.ndarray:
        """Constant and weights of the basis, by least squares with weights that are not negative."""
        from scipy.optimize import nnls

        root = np.sqrt(times / times.sum())
        centre, height = np.average(self._bends, 0, times), np.average(self.distortions, weights=times)
        scale = np.abs(self._bends).max(0)
        weights, _ = nnls(root[:, None] * (self._bends - centre) / scale, root * (self.distortions - height))
        weights /= scale
        return np.array([height - centre @ weights, *weights])

    def _at(self, rates: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return weights[0] + self._basis(np.atleast_1d(rates)).dot(weights[1:]).reshape(np.shape(rates))


def _columns(*columns) -> list[np.ndarray]:
    columns = [np.asarray(column) for column in columns]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"rates, distortions and seeds need one length, got shapes {[c.shape for c in columns]}")
    if not all(np.isfinite(column.astype(float)).all() for column in columns):
        raise ValueError("rates and distortions must be finite")
    return columns
