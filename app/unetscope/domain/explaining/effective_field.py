"""What a pixel of a feature map truly takes from the image, of all that it can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.explaining.question import Floats, Question

Point = tuple[float, float]  # row and column, pixel centres whole

SHARES = (0.5, 0.95)  # of the energy, within the two ellipses that are drawn


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FieldQuestion(Question):
    """Where in the image one value of a layer comes from; the answer is an `EffectiveField`.

    Attributes
    ----------
    layer : str
    position : (int, int)
        Row and column on the layer's own grid.
    channel : int or None
        Which feature map; None for the sum of all.
    """

    layer: str
    position: tuple[int, int]
    channel: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ellipse:
    """An ellipse on a grid.

    Attributes
    ----------
    centre : (float, float)
        Row and column.
    shape : (2, 2) ndarray of float
        Its points x satisfy ``(x - centre)ᵀ shape⁻¹ (x - centre) = 1``.
    """

    centre: Point
    shape: NDArray[np.float64]

    @property
    def size(self) -> tuple[float, float]:
        """Rows and columns from end to end."""
        high, wide = 2 * np.sqrt(np.diag(self.shape))
        return float(high), float(wide)

    @property
    def area(self) -> float:
        """In pixels of the grid."""
        (a, b), (c, d) = self.shape
        return float(np.pi * np.sqrt(np.maximum(a * d - b * c, 0.0)))

    def holds(self, rows: NDArray[np.floating], columns: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which points are inside, or on it."""
        away = np.stack([rows - self.centre[0], columns - self.centre[1]], -1)
        inside: NDArray[np.bool_] = _squared(away, self.shape) <= 1 + 1e-9
        return inside

    def outline(self, points: int = 64) -> NDArray[np.float64]:
        """Points along it, ``(points, 2)`` of rows and columns."""
        angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
        values, axes = np.linalg.eigh(self.shape)
        ring = np.stack([np.cos(angles), np.sin(angles)], -1) * np.sqrt(np.maximum(values, 0))
        outline: NDArray[np.float64] = np.asarray(self.centre) + ring @ axes.T
        return outline

    def moved(self, move: Callable[[float, float], Point]) -> tuple[Point, ...]:
        """Its outline where a map of points puts it, such as the one to the slice."""
        return tuple(move(float(r), float(c)) for r, c in self.outline())


@dataclass(frozen=True, eq=False, kw_only=True)
class EffectiveField:
    """Where in the image one value of a layer comes from.

    The energy of a pixel of the image is the square of the value's slope there: how much the value
    changes with it. It is taken before the layer's own activation, which where it lets the value
    pass only scales it.

    Attributes
    ----------
    layer, position, channel
        As in `FieldQuestion`.
    size : (int, int)
        Rows and columns of the network's input.
    corner : (int, int)
        Row and column of the input where `part` begins.
    part : (rows, columns) ndarray of float32
        The energy where it is not 0.
    box : (int, int) or None
        Rows and columns of the input that the value can see at most, the theoretical field.

    References
    ----------
    Luo, Li, Urtasun, Zemel: Understanding the Effective Receptive Field in Deep Convolutional
    Neural Networks. NeurIPS 2016.
    """

    layer: str
    position: tuple[int, int]
    channel: int | None
    size: tuple[int, int]
    corner: tuple[int, int]
    part: Floats
    box: tuple[int, int] | None = None

    @property
    def energy(self) -> Floats:
        """On the whole of the input's grid, ``(H, W)``."""
        whole = np.zeros(self.size, np.float32)
        (top, left), (rows, columns) = self.corner, self.part.shape
        whole[top : top + rows, left : left + columns] = self.part
        return whole

    @property
    def is_empty(self) -> bool:
        """Whether no pixel of the image changes the value."""
        return not self._total > 0

    @property
    def centre(self) -> Point:
        """Where the energy is, on the whole; NaN where there is none."""
        return float(self._moments[0][0]), float(self._moments[0][1])

    @property
    def covariance(self) -> NDArray[np.float64]:
        """How it is spread about its centre, ``(2, 2)``, in squared pixels of the input."""
        return self._moments[1]

    def ellipse(self, share: float) -> Ellipse:
        """The smallest ellipse of the energy's own form that holds a share of it.

        A pixel is held where its centre is. No ellipse is narrower than a pixel.
        """
        rows, columns, weights = self._points
        if self.is_empty:
            return Ellipse(self.centre, np.full((2, 2), np.nan))
        away = np.stack([rows, columns], -1) - self._moments[0]
        squared = _squared(away, self.covariance)
        order = np.argsort(squared)
        held = np.cumsum(weights[order])
        at = min(int(np.searchsorted(held, share * held[-1] * (1 - 1e-9))), len(order) - 1)
        shape = self.covariance * squared[order[at]]
        values, axes = np.linalg.eigh(shape)
        return Ellipse(self.centre, (axes * np.maximum(values, 0.25)) @ axes.T)

    def share_of_box(self, share: float) -> float | None:
        """The area of an ellipse as a share of the theoretical field; None: that is not known."""
        return None if self.box is None else self.ellipse(share).area / (self.box[0] * self.box[1])

    @cached_property
    def _total(self) -> float:
        return float(self.part.sum(dtype=np.float64))

    @cached_property
    def _points(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        rows, columns = np.nonzero(self.part)
        weights = self.part[rows, columns].astype(np.float64)
        top, left = (np.float64(at) for at in self.corner)
        return rows + top, columns + left, weights

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows, columns, weights = self._points
        if self.is_empty:
            return np.full(2, np.nan), np.full((2, 2), np.nan)
        points = np.stack([rows, columns])
        centre = (points * weights).sum(1) / weights.sum()
        away = points - centre[:, None]
        return centre, (away * weights) @ away.T / weights.sum()


def _squared(away: NDArray[np.floating], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances in units of an ellipse; along an axis without extent only 0 counts."""
    values, axes = np.linalg.eigh(shape)
    along = away @ axes
    least = 1e-9
    scaled: NDArray[np.float64] = along**2 / np.maximum(values, least)
    total: NDArray[np.float64] = scaled.sum(-1)
    return total
