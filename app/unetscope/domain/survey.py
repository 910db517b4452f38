"""What each feature map of a layer does over a whole series: how strong it is, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Measure(Enum):
    """What a map is judged by; the value is what people call it."""

    GREATEST = "maximum"
    MEAN = "mean"
    ZEROS = "share of zeros"


@dataclass(frozen=True, slots=True, eq=False)
class MapPeaks:
    """All feature maps of a layer for one slice; what is not finite counts as 0.

    Attributes
    ----------
    greatest, mean : (maps,) ndarray of float32
        Dimensionless.
    at : (maps, axes) ndarray of int64
        Where the greatest value is on the layer's own grid; no axes where it has no grid.
    zeros : (maps,) ndarray of float32
        Share of values that are 0, 0 to 1.
    """

    greatest: Floats
    at: NDArray[np.int64]
    mean: Floats
    zeros: Floats

    def of(self, measure: Measure) -> Floats:
        """One number for each map."""
        found = {
            Measure.GREATEST: self.greatest,
            Measure.MEAN: self.mean,
            Measure.ZEROS: self.zeros,
        }
        return found[measure]


def peaks_of(activation: Floats) -> MapPeaks:
    """Describe an activation ``(..., maps)`` map by map."""
    grid = activation.shape[:-1]
    values = activation.reshape(-1, activation.shape[-1])
    if not np.isfinite(values.sum(dtype=np.float64)):
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    greatest = values.max(axis=0)  # row after row is fast; argmax down columns is not
    first = np.zeros(values.shape[1], np.int64)
    rows, maps = np.nonzero(values == greatest)
    first[maps[::-1]] = rows[::-1]
    at = np.stack(np.unravel_index(first, grid), axis=-1) if grid else np.zeros((len(first), 0))
    return MapPeaks(
        greatest=greatest.astype(np.float32),
        at=at.astype(np.int64),
        mean=values.mean(axis=0, dtype=np.float64).astype(np.float32),
        zeros=np.float32(1) - np.count_nonzero(values, axis=0).astype(np.float32) / len(values),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A layer's feature maps over a series, slice by slice, as far as it is known.

    Attributes
    ----------
    layer : str
        Its name.
    slices : int
        How many slices the series has.
    peaks : mapping of int to MapPeaks
        By the number of the slice, counted from 0.
    """

    layer: str
    slices: int
    peaks: Mapping[int, MapPeaks] = field(default_factory=dict)

    def with_slice(self, index: int, peaks: MapPeaks) -> Survey:
        """The survey with one slice more."""
        return replace(self, peaks={**self.peaks, index: peaks})

    @property
    def complete(self) -> bool:
        """Whether every slice is known."""
        return len(self.peaks) >= self.slices

    def curve(self, feature_map: int, measure: Measure = Measure.GREATEST) -> Floats:
        """One map over the series: ``(slices,)`` float32, NaN where a slice is not known."""
        found = np.full(self.slices, np.nan, np.float32)
        for index, peaks in self.peaks.items():
            found[index] = peaks.of(measure)[feature_map]
        return found

    def strongest(
        self, feature_map: int, count: int, measure: Measure = Measure.GREATEST
    ) -> tuple[int, ...]:
        """The slices with the highest values of a map, the strongest first; of equals the first."""
        known = sorted(self.peaks)
        return tuple(
            sorted(known, key=lambda index: -self.peaks[index].of(measure)[feature_map])[:count]
        )

    def peak(self, feature_map: int, index: int) -> tuple[int, ...]:
        """Where on the layer's grid a map is greatest in a slice that is known."""
        return tuple(int(at) for at in self.peaks[index].at[feature_map])
