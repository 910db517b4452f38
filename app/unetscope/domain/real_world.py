"""Real-world values: what a stored value means as a physical quantity, where a file says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RealWorldMap:
    """From stored values to a quantity with a unit.

    Attributes
    ----------
    first, last : float
        Stored values it holds for, both included.
    slope, intercept : float
        Used when there is no table.
    table : (n,) ndarray of float64, or None
        One value for each stored value from `first` on.
    unit : str
        UCUM code such as ``mm2/s``; empty when there is none.
    label : str
        What is measured, for example ``ADC``; may be empty.

    References
    ----------
    DICOM PS3.3 C.7.6.16.2.11, Real World Value Mapping.
    """

    first: float
    last: float
    slope: float = 1.0
    intercept: float = 0.0
    table: NDArray[np.float64] | None = None
    unit: str = ""
    label: str = ""

    def value(self, stored: float) -> float | None:
        """The quantity that a stored value stands for; None where the map says nothing."""
        if not self.first <= stored <= self.last:
            return None
        if self.table is None:
            return stored * self.slope + self.intercept
        return float(self.table[int(stored - self.first)])
