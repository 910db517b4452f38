"""How feature maps are looked at, and what can be told about all maps of a layer at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Cell = tuple[int, int]  # row and column of a feature map

BOUNDS = {  # of activations that saturate
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
NEAR = 0.01  # share of the range that counts as saturated at either end


class Scaling(Enum):
    """What one colour scale covers in a gallery."""

    EACH = "each"
    LAYER = "layer"


class Version(Enum):
    """Whose activation is shown; the value is what people call it."""

    EDITED = "edited"
    TRAINED = "trained"
    DIFFERENCE = "difference"


class MapOrder(Enum):
    """What the maps are sorted by; the value is what people call it."""

    INDEX = "index"
    MEAN = "mean"
    CONTRAST = "contrast"
    ZEROS = "share of zeros"
    EFFECT = "effect on mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsChoice:
    """What was chosen for the activation viewer; part of the session.

    Attributes
    ----------
    also : frozenset of int
        Maps that are selected beside the one shown large.
    cell : (int, int) or None
        The pixel of the maps that is selected.
    window : (float, float) or None
        Lowest and highest value of the large map's grey scale; None follows the gallery's.
    overlay : bool
        The map lies over the slice.
    opacity, threshold : float
        Of the overlay, 0 to 1; what is below that share of the scale is not drawn.
    plane : int
        Which plane of a 3-D activation is shown.
    """

    scaling: Scaling = Scaling.LAYER
    order: MapOrder = MapOrder.INDEX
    version: Version = Version.EDITED
    also: frozenset[int] = frozenset()
    cell: Cell | None = None
    window: tuple[float, float] | None = None
    overlay: bool = False
    opacity: float = 0.6
    threshold: float = 0.2
    plane: int = 0

    def of_layer(self) -> MapsChoice:
        """Another layer is shown: nothing of the last one's maps is selected."""
        return replace(self, also=frozenset(), cell=None, window=None, plane=0)

    def of_map(self) -> MapsChoice:
        """Another map is shown: it alone is selected, on the gallery's scale."""
        return replace(self, also=frozenset(), window=None)

    def toggle_overlay(self) -> MapsChoice:
        """Lay the map over the slice, or take it away."""
        return replace(self, overlay=not self.overlay)

    def take_off(self) -> MapsChoice:
        """Take the map away from the slice."""
        return replace(self, overlay=False) if self.overlay else self

    def set_opacity(self, opacity: float) -> MapsChoice:
        """Set the overlay's opacity, 0 to 1."""
        return replace(self, opacity=min(max(opacity, 0.0), 1.0))

    def set_threshold(self, threshold: float) -> MapsChoice:
        """Draw the overlay from this share of the scale on, 0 to 1."""
        return replace(self, threshold=min(max(threshold, 0.0), 1.0))


FIRST_MAPS = MapsChoice()


@dataclass(frozen=True, slots=True, eq=False)
class LayerNumbers:
    """Numbers about every feature map of a layer, each ``(maps,)`` float32; NaN and infinity are 0.

    Attributes
    ----------
    deviation : ndarray
        Standard deviation of the values: how much contrast the map has.
    zeros : ndarray
        Share of values that are 0, 0 to 1.
    saturated : ndarray
        Share of values at an end of the activation's range; NaN where it has none.
    """

    least: Floats
    greatest: Floats
    mean: Floats
    deviation: Floats
    zeros: Floats
    saturated: Floats

    def order(
        self, by: MapOrder, effect: NDArray[np.floating] | None = None
    ) -> tuple[int, ...] | None:
        """The maps sorted, the highest first; None where that is the order of their numbers.

        Parameters
        ----------
        effect : (maps,) ndarray of float, optional
            How much the mask needs each map; NaN, which comes last, is not known.
        """
        keys = {
            MapOrder.MEAN: self.mean,
            MapOrder.CONTRAST: self.deviation,
            MapOrder.ZEROS: self.zeros,
            MapOrder.EFFECT: effect,
        }
        key = keys.get(by)
        if key is None:
            return None
        return tuple(np.argsort(-np.nan_to_num(key, nan=-np.inf), kind="stable").tolist())


def numbers_of(activation: Floats, bounds: tuple[float, float] | None = None) -> LayerNumbers:
    """Describe every map of ``(..., maps)``; takes some 20 ms for 64 maps of 200×200.

    Parameters
    ----------
    bounds : (float, float), optional
        Of the layer's activation, as `bounds_of` gives them.
    """
    values = activation.reshape(-1, activation.shape[-1])
    if not np.isfinite(values.sum(dtype=np.float64)):
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    count, maps = values.shape
    mean = values.mean(axis=0, dtype=np.float64)
    spread = values - mean.astype(np.float32)
    deviation = np.sqrt(np.einsum("ij,ij->j", spread, spread) / np.float32(count))
    saturated = np.full(maps, np.nan, np.float32)
    if bounds is not None:
        near = NEAR * (bounds[1] - bounds[0])
        ends = (values >= bounds[1] - near) | (values <= bounds[0] + near)
        saturated = (np.count_nonzero(ends, axis=0) / count).astype(np.float32)
    return LayerNumbers(
        least=values.min(axis=0),
        greatest=values.max(axis=0),
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
        zeros=(1 - np.count_nonzero(values, axis=0) / count).astype(np.float32),
        saturated=saturated,
    )


def bounds_of(activation: str | None) -> tuple[float, float] | None:
    """The range of an activation function that has two ends; None for one without."""
    return BOUNDS.get((activation or "").lower())


def limits_of(
    maps: Floats, scaling: Scaling, *, signed: bool | None = None
) -> tuple[NDArray[np.floating], bool]:
    """What is drawn in the first and the last colour, for each map of ``(..., maps)``.

    Where anything is negative the scale is symmetric about 0, else it begins at 0. What is not
    finite counts as 0.

    Parameters
    ----------
    signed : bool, optional
        Whether the scale is symmetric, whatever the values.

    Returns
    -------
    limits : (maps, 2) ndarray of float
    signed : bool
    """
    axes = tuple(range(maps.ndim - 1))
    low, high = maps, maps
    for _ in axes:  # row upon row first: long runs of numbers are fast
        low, high = np.minimum.reduce(low, axis=0), np.maximum.reduce(high, axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        finite = np.where(np.isfinite(maps), maps, np.float32(0))
        low, high = finite.min(axis=axes), finite.max(axis=axes)
    is_signed = bool((low < 0).any()) if signed is None else signed
    if is_signed:
        high = np.maximum(np.abs(low), np.abs(high))
    if scaling is Scaling.LAYER:
        high = np.full_like(high, high.max())
    high = np.maximum(high, np.float32(1e-12))
    return np.stack([-high if is_signed else np.zeros_like(high), high], axis=1), is_signed
