"""Parallel planes of pixels in the patient: which pixel is nearest to a place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unetscope.domain.errors import StudyError
from unetscope.domain.geometry import Vector
from unetscope.domain.sources import SeriesSource
from unetscope.io.placement import NO_POSITIONS
from unetscope.io.series import IN_PART

Indices = NDArray[np.intp]
Layer = NDArray[np.unsignedinteger]

_TIE = 1e-4  # of a pixel, or mm: what lies halfway always goes the same way, whatever the rounding
_STRAIGHT = 0.01  # of a pixel, over a whole picture: no more than that is no turn
_OFF = 0.05  # of a voxel: centres closer than this are the same
_SMALLEST = 1e-9  # mm3, of a voxel
_FARTHEST = 1e9  # mm


class NoPlaceError(ValueError):
    """Planes whose directions or distances have no meaning."""


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Planes of pixels that are parallel, in ascending order along their normal; LPS mm.

    Attributes
    ----------
    shape : tuple of int
        ``(planes, rows, columns)``.
    origins : (planes, 3) ndarray of float64
        Centre of the first pixel of each plane.
    row_step, column_step : (3,) ndarray of float64
        From one row or column to the next.
    normal : (3,) ndarray of float64
        Unit vector.
    step : float
        Distance from plane to plane, where none is missing.
    order : (planes,) ndarray of int
        Place of each plane before they were sorted.
    """

    shape: tuple[int, int, int]
    origins: NDArray[np.float64]
    row_step: Vector
    column_step: Vector
    normal: Vector
    step: float
    order: Indices

    @classmethod
    def of(
        cls,
        origins: ArrayLike,
        row_step: ArrayLike,
        column_step: ArrayLike,
        size: tuple[int, int],
        step: float | None = None,
    ) -> Planes:
        """Sort planes along their normal.

        Parameters
        ----------
        origins : (planes, 3) array_like
            In any order.
        row_step, column_step : (3,) array_like
            In mm.
        size : tuple of int
            Rows and columns.
        step : float, optional
            Distance from plane to plane; else the smallest there is, else 1 mm.

        Raises
        ------
        NoPlaceError
            Directions or distances have no meaning.
        """
        places = np.asarray(origins, np.float64).reshape(-1, 3)
        down, right = np.asarray(row_step, np.float64), np.asarray(column_step, np.float64)
        with np.errstate(all="ignore"):
            usable = all(bool((np.abs(each) < _FARTHEST).all()) for each in (places, down, right))
            normal = np.cross(right, down)
            area = float(np.linalg.norm(normal))
        if not usable or not area > _SMALLEST:
            raise NoPlaceError("the directions have no meaning")
        normal /= area
        along = places @ normal
        order = np.argsort(along, kind="stable")
        gaps = np.diff(along[order])
        real = gaps[gaps > _TIE]
        if step is None or not step > _TIE:
            step = float(real.min()) if real.size else 1.0
        return cls((len(places), *size), places[order], down, right, normal, step, order)

    @classmethod
    def of_affine(cls, affine: NDArray[np.float64], size: tuple[int, int, int]) -> Planes:
        """Planes of a volume by its map from ``(plane, row, column)`` to LPS mm."""
        origins = affine[:3, 3] + np.arange(size[0])[:, np.newaxis] * affine[:3, 0]
        planes = cls.of(origins, affine[:3, 1], affine[:3, 2], (size[1], size[2]))
        step = abs(float(affine[:3, 0] @ planes.normal))
        if not step > _TIE:
            raise NoPlaceError("the planes lie in each other")
        return replace(planes, step=step)

    @classmethod
    def of_series(cls, series: SeriesSource) -> Planes:
        """Planes of a series, each at its own position.

        Raises
        ------
        StudyError
            Nothing is known of where its slices lie, or not all of it is read yet.
        """
        if not series.calibrated:
            raise StudyError(
                "The series does not say how large its pixels are in the patient.",
                "No mask can be laid on it; choose another series.",
            )
        if not series.has_orientation or NO_POSITIONS in series.warnings:
            raise StudyError(
                "The series does not say where its slices lie in the patient.",
                "No mask can be laid on it; choose another series.",
            )
        return cls.of_voxels(series)

    @classmethod
    def of_voxels(cls, series: SeriesSource) -> Planes:
        """Planes of a series as they are taken to lie, whether the file says so or not.

        Raises
        ------
        StudyError
            Not all of it is read yet.
        """
        if IN_PART in series.warnings:
            raise StudyError("The series is still being read.", "Try again when it is complete.")
        affine = series.affine
        slices, rows, columns = series.shape
        normal = np.cross(series.row_direction, series.column_direction)
        between = float(affine[:3, 0] @ normal)
        drift = affine[:3, 0] / between  # for each mm along the normal; sheared stacks drift
        away = np.array([series.position(index) for index in range(slices)])
        origins = affine[:3, 3] + (away - away[0])[:, np.newaxis] * drift
        return cls.of(origins, affine[:3, 1], affine[:3, 2], (rows, columns), series.spacing[0])

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Between planes, rows and columns, in mm."""
        rows, columns = np.linalg.norm(self.row_step), np.linalg.norm(self.column_step)
        return (self.step, float(rows), float(columns))

    @property
    def inverse(self) -> NDArray[np.float64]:
        """(3, 3): mm in the patient to mm along the normal, rows and columns."""
        return np.linalg.inv(np.stack([self.normal, self.row_step, self.column_step], axis=1))

    def in_order(self, layer: Layer) -> Layer:
        """Put the planes of ``(planes, rows, columns)`` labels into the order they have here."""
        turns = np.diff(self.order)
        if (turns == 1).all():
            return layer
        return layer[::-1] if (turns == -1).all() else layer[self.order]

    def along(self) -> NDArray[np.float64]:
        """(planes,): place of each plane along the normal, from the first one, in mm."""
        return np.asarray((self.origins - self.origins[0]) @ self.normal)

    def nearest(self, places: NDArray[np.float64]) -> tuple[Indices, NDArray[np.bool_]]:
        """Find the planes nearest to places along the normal, mm from the first plane.

        Returns
        -------
        index, near : ndarray of int, ndarray of bool
            The plane; and whether the place is within half a step of it.
        """
        along = self.along()
        middles = (along[1:] + along[:-1]) / 2
        index = np.searchsorted(middles, places - _TIE)
        off = places - along[index]
        half = self.step / 2
        return index, (off > -half + _TIE) & (off <= half + _TIE)

    def cut_by(self, other: Planes, index: int) -> Cut:
        """Find the pixels here that are nearest to the pixels of a plane of others.

        Returns
        -------
        Cut
            Of the other plane's ``(rows, columns)``.
        """
        _, rows, columns = other.shape
        into = self.inverse
        start = into @ (other.origins[index] - self.origins[0])
        down, right = into @ other.row_step, into @ other.column_step
        scale = (self.step, 1.0, 1.0)
        at = [
            _line(start[axis], down[axis], right[axis], (rows, columns), _STRAIGHT * scale[axis])
            for axis in range(3)
        ]
        plane, near = self.nearest(at[0])
        shift = (self.origins - self.origins[0]) @ into.T
        found = [plane]
        inside = near
        for axis in (1, 2):
            line = at[axis]
            if float(np.abs(shift[:, axis]).max()) > _STRAIGHT:
                line = line - shift[plane, axis]
            pixel = np.floor(line + 0.5 - _TIE)
            inside = inside & (pixel >= 0) & (pixel < self.shape[axis])
            found.append(np.clip(pixel, 0, self.shape[axis] - 1).astype(np.intp))
        return Cut((rows, columns), found[0], found[1], found[2], inside)

    def holds(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether points lie within the box that the pixels fill.

        Parameters
        ----------
        points : (n, 3) ndarray of float64
            LPS mm.
        """
        at = (points - self.origins[0]) @ self.inverse.T
        along = self.along()
        half = self.step / 2 + _TIE
        inside = (at[:, 0] >= -half) & (at[:, 0] <= along[-1] + half)
        if len(along) > 1:
            drift = (self.origins[-1] - self.origins[0]) @ self.inverse.T / along[-1]
            at = at - at[:, :1] * (drift * (0, 1, 1))
        for axis in (1, 2):
            inside &= (at[:, axis] >= -0.5 - _TIE) & (at[:, axis] <= self.shape[axis] - 0.5 + _TIE)
        return np.asarray(inside)

    def points(self, plane: int, rows: Indices, columns: Indices) -> NDArray[np.float64]:
        """Centres of pixels of a plane: (n, 3), LPS mm."""
        down, right = (
            np.multiply.outer(rows, self.row_step),
            np.multiply.outer(columns, self.column_step),
        )
        return np.asarray(self.origins[plane] + down + right, np.float64)

    def meets(self, other: Planes) -> bool:
        """Whether the pixels lie on those of others, in whatever order and direction they run."""
        sizes = np.sort(self.spacing), np.sort(other.spacing)
        if not np.allclose(*sizes, rtol=1e-3):
            return False
        ends = np.array([0, self.shape[1] - 1]), np.array([0, self.shape[2] - 1])
        points = [self.points(plane, *ends) for plane in (0, self.shape[0] - 1)]
        at = (np.concatenate(points) - other.origins[0]) @ other.inverse.T
        along = other.along()
        nearest = along[np.abs(at[:, :1] - along).argmin(axis=1)]
        beyond = (at[:, 0] < along[0]) | (at[:, 0] > along[-1])
        off = np.where(beyond, 0.0, np.abs(at[:, 0] - nearest)) / other.step
        drift = (other.origins[-1] - other.origins[0]) @ other.inverse.T / max(along[-1], _TIE)
        pixels = at[:, 1:] - at[:, :1] * drift[1:]
        return bool((off <= _OFF).all() and (np.abs(pixels - np.rint(pixels)) <= _OFF).all())


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """For each pixel of a picture, the pixel of a stack of planes that is nearest to it.

    ``plane``, ``row``, ``column`` and ``inside`` go together by broadcasting to ``size``.
    """

    size: tuple[int, int]
    plane: Indices
    row: Indices
    column: Indices
    inside: NDArray[np.bool_]

    def of(self, layer: Layer) -> Layer | None:
        """Take the picture out of ``(planes, rows, columns)`` labels; None when it is empty."""
        if not self.inside.any():
            return None
        if self.plane.size == 1:
            plane = layer[int(self.plane.flat[0])]
            if not plane.any():
                return None
            picture = plane[self.row, self.column]
        else:
            picture = layer[self.plane, self.row, self.column]
        if not self.inside.all():
            picture = np.where(self.inside, picture, layer.dtype.type(0))
        return np.broadcast_to(picture, self.size) if picture.any() else None


def _line(
    start: float, down: float, right: float, size: tuple[int, int], straight: float
) -> NDArray[np.float64]:
    """A coordinate over a picture, as small as it can be broadcast: (1 or rows, 1 or columns)."""
    rows, columns = size
    line = np.full((1, 1), start)
    for step, count, axis in ((down, rows, 0), (right, columns, 1)):
        if abs(step) * (count - 1) <= straight:
            line = line + step * (count - 1) / 2
        else:
            line = line + np.expand_dims(step * np.arange(count), 1 - axis)
    return line
