"""A picture of the same anatomy as the slice: where something is high, on a grid of the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
CAP = 0.995  # share of a grainy heat's values that its colours tell apart


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Heat:
    """Values to be laid over the slice.

    Attributes
    ----------
    values : (rows, columns) ndarray of float32
        On the grid of `layer`.
    layer : str
        The layer on whose grid they lie: an input, an output, or one in between.
    signed : bool
        Their colours diverge about 0.
    title : str
        What it is, for legend and exports: ``Seg-Grad-CAM of dec1_relu1``.
    unit : str
        Of the values; empty where they have none.
    limits : (float, float) or None
        Values of the first and last colour; None: from the values themselves.
    """

    values: Floats
    layer: str
    signed: bool = False
    title: str = ""
    unit: str = ""
    limits: tuple[float, float] | None = None

    @property
    def scale(self) -> tuple[float, float]:
        """Values of the first and last colour; symmetric about 0 where the values are signed."""
        if self.limits is not None:
            return self.limits
        finite = self.values[np.isfinite(self.values)]
        if not finite.size:
            return (-1.0, 1.0) if self.signed else (0.0, 1.0)
        if self.signed:
            most = float(np.abs(finite).max()) or 1.0
            return (-most, most)
        low, high = min(float(finite.min()), 0.0), float(finite.max())
        return (low, high if high > low else low + 1.0)

    def capped(self) -> Heat:
        """The same on a scale that a few outstanding values do not stretch, as gradients have them.

        Notes
        -----
        As in Smilkov et al.: SmoothGrad: removing noise by adding noise. 2017, section 3.1. Values
        beyond the scale have its last colour; where it was chosen already it stays.
        """
        sizes = np.abs(self.values[np.isfinite(self.values) & (self.values != 0)])
        if self.limits is not None or not sizes.size:
            return self
        most = float(np.quantile(sizes, CAP))
        return replace(self, limits=(-most if self.signed else 0.0, most))
