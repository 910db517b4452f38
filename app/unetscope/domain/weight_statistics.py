"""A weight array in numbers: extremes, mean, spread, zeros and a histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BARS = 48


@dataclass(frozen=True, slots=True, eq=False)
class WeightStatistics:
    """What the values of a weight array are like; dimensionless.

    Attributes
    ----------
    low, high, mean, deviation : float
        Of the values that are numbers; NaN where none is.
    zeros : float
        Share of values that are exactly 0, from 0 to 1.
    odd : int
        How many values are no numbers, or infinite.
    counts : (n,) ndarray of int
        How many values lie in each bar.
    trained_counts : (n,) ndarray of int, or None
        The same of the trained values, where they differ.
    edges : (n + 1,) ndarray of float
        Where the bars begin and end.
    """

    low: float
    high: float
    mean: float
    deviation: float
    zeros: float
    odd: int
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    trained_counts: NDArray[np.int64] | None = None


def weight_statistics(
    values: NDArray[np.float32], trained: NDArray[np.float32] | None = None
) -> WeightStatistics:
    """Describe an array; takes about 40 ms for a million values.

    Parameters
    ----------
    values : ndarray of float32
        The weights in force.
    trained : ndarray of float32, optional
        The trained ones, where they differ: both histograms then have the same bars.
    """
    finite = _finite(values)
    others = None if trained is None else _finite(trained)
    ends = [float(end) for part in (finite, others) if part is not None and part.size
            for end in (part.min(), part.max())]  # fmt: skip
    span = (min(ends), max(ends)) if ends else (0.0, 1.0)
    bars = min(BARS, max(int(values.size), 1))
    counts, edges = np.histogram(finite, bars, span)
    missing = float("nan")
    some = finite.size > 0
    return WeightStatistics(
        low=float(finite.min()) if some else missing,
        high=float(finite.max()) if some else missing,
        mean=float(finite.mean(dtype=np.float64)) if some else missing,
        deviation=float(finite.std(dtype=np.float64)) if some else missing,
        zeros=float(np.count_nonzero(values == 0) / values.size) if values.size else 0.0,
        odd=int(values.size - finite.size),
        counts=counts.astype(np.int64),
        edges=edges.astype(np.float64),
        trained_counts=None if others is None else np.histogram(others, edges)[0].astype(np.int64),
    )


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = values.ravel()
    is_finite = np.isfinite(flat)
    return flat if is_finite.all() else flat[is_finite]
