"""Windows to choose from: those of CT in Hounsfield units, and shares of the values for the rest.

References
----------
The CT windows and their order are those of the Weasis viewer's presets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.window import Window


@dataclass(frozen=True, slots=True)
class CtPreset:
    """A window in Hounsfield units."""

    tissue: str
    width: float
    centre: float

    @property
    def name(self) -> str:
        """What the menu says."""
        return f"{self.tissue} (W {self.width:g}  C {self.centre:g})"

    def window(self, _: NDArray[Any]) -> Window:
        """The window, whatever the slice."""
        return Window(self.centre, self.width)


@dataclass(frozen=True, slots=True)
class PercentPreset:
    """From one percentile of a slice to another: MR values have no unit."""

    low: float
    high: float

    @property
    def name(self) -> str:
        """What the menu says."""
        if (self.low, self.high) == (0, 100):
            return "All values of the slice"
        return f"{self.low:g} to {self.high:g} % of the values"

    def window(self, values: NDArray[Any]) -> Window:
        """The window of a slice; of width 1 where its values are all the same."""
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, [self.low, self.high]) if finite.size else (0.0, 1.0)
        width = float(high - low) or 1.0
        return Window(float(low) + width / 2, width, "LINEAR_EXACT")


CT = (
    CtPreset("Brain", 110, 35),
    CtPreset("Abdomen", 320, 50),
    CtPreset("Mediastinum", 400, 80),
    CtPreset("Bone", 2000, 350),
    CtPreset("Lung", 1500, -500),
    CtPreset("MIP", 380, 120),
)
PERCENT = (
    PercentPreset(0, 100),
    PercentPreset(1, 99),
    PercentPreset(2, 98),
    PercentPreset(5, 95),
    PercentPreset(10, 90),
    PercentPreset(50, 100),
)


def presets(modality: str) -> tuple[CtPreset | PercentPreset, ...]:
    """What there is to choose from for a modality: six of them."""
    return CT if modality == "CT" else PERCENT
