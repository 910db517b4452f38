"""Measurements on a slice: distances, angles and areas with the values inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Spacing = tuple[float, float]


class Kind(Enum):
    """What is measured; the value is what people call it."""

    DISTANCE = "distance"
    ANGLE = "angle"
    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"

    @property
    def points(self) -> int:
        """How many points make one; 0 for as many as one likes."""
        return {Kind.ANGLE: 3, Kind.POLYGON: 0}.get(self, 2)

    @property
    def has_area(self) -> bool:
        """Whether it encloses pixels."""
        return self not in (Kind.DISTANCE, Kind.ANGLE)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement on one slice.

    Attributes
    ----------
    series : str
        Key of the series.
    index : int
        The slice.
    points : tuple of (float, float)
        (row, column) in pixel edges of the slice as it was acquired: both ends; an arm's end, the
        corner and the other arm's end; opposite corners; or the corners of a polygon.
    """

    kind: Kind
    series: str
    index: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Values of the pixels inside, in the units of the series; NaN without a pixel.

    `sd` is that of the pixels themselves (divided by their number).
    """

    pixels: int
    mean: float
    sd: float
    least: float
    most: float


def length(points: tuple[Point, ...], spacing: Spacing) -> float:
    """Distance between the first and the last point, in the units of `spacing`."""
    (row, column), (to_row, to_column) = points[0], points[-1]
    return math.hypot((to_row - row) * spacing[0], (to_column - column) * spacing[1])


def angle(points: tuple[Point, ...], spacing: Spacing) -> float:
    """Angle at the second of three points, 0 to 180 degrees; NaN where an arm has no length."""
    arms = np.array([(p[0] - points[1][0], p[1] - points[1][1]) for p in (points[0], points[-1])])
    arms = arms * spacing
    lengths = np.hypot(arms[:, 0], arms[:, 1])
    if not lengths.all():
        return math.nan
    across = arms[0, 0] * arms[1, 1] - arms[0, 1] * arms[1, 0]
    return math.degrees(math.atan2(abs(float(across)), float(arms[0] @ arms[1])))


def area(measurement: Measurement, spacing: Spacing) -> float:
    """Area of the shape itself, in the square of the units of `spacing`."""
    points = np.array(measurement.points, float)
    if measurement.kind is Kind.POLYGON:
        after = np.roll(points, -1, axis=0)
        pixels = abs(float(np.sum(points[:, 0] * after[:, 1] - points[:, 1] * after[:, 0]))) / 2
    else:
        pixels = abs(float(np.prod(points[-1] - points[0])))
        if measurement.kind is Kind.ELLIPSE:
            pixels *= math.pi / 4
    return pixels * spacing[0] * spacing[1]


def inside(measurement: Measurement, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose middle lies inside, as ``(rows, columns)`` of bool."""
    rows = np.arange(shape[0], dtype=np.float64)[:, None] + 0.5
    columns = np.arange(shape[1], dtype=np.float64)[None, :] + 0.5
    points = np.array(measurement.points, float)
    if measurement.kind is Kind.POLYGON:
        return _inside_polygon(points, rows, columns)
    (top, left), (bottom, right) = np.sort(points[[0, -1]], axis=0)
    if measurement.kind is Kind.RECTANGLE:
        return np.asarray((rows > top) & (rows < bottom) & (columns > left) & (columns < right))
    high, wide = max(bottom - top, 1e-9) / 2, max(right - left, 1e-9) / 2
    away = ((rows - (top + bottom) / 2) / high) ** 2 + ((columns - (left + right) / 2) / wide) ** 2
    return np.asarray(away < 1)


def _inside_polygon(
    points: NDArray[np.float64], rows: NDArray[np.floating[Any]], columns: NDArray[np.floating[Any]]
) -> NDArray[np.bool_]:
    """Even-odd rule: the middles from which a ray to the right meets an odd number of sides."""
    odd = np.zeros((rows.size, columns.size), bool)
    for (row, column), (to_row, to_column) in zip(points, np.roll(points, -1, axis=0), strict=True):
        crosses = (rows >= row) != (rows >= to_row)
        if crosses.any():
            meets = column + (rows - row) * (to_column - column) / (to_row - row)
            odd ^= crosses & (columns < meets)
    return odd


def statistics(measurement: Measurement, values: NDArray[Any]) -> Statistics:
    """Values of the pixels inside; those that are not numbers are left out."""
    rows, columns = values.shape
    found = np.asarray(values, np.float64)[inside(measurement, (rows, columns))]
    found = found[np.isfinite(found)]
    if not found.size:
        return Statistics(0, math.nan, math.nan, math.nan, math.nan)
    return Statistics(
        found.size,
        float(found.mean()),
        float(found.std()),
        float(found.min()),
        float(found.max()),
    )


def describe(
    measurement: Measurement, values: NDArray[Any], spacing: Spacing | None, units: str = ""
) -> tuple[str, ...]:
    """What a measurement says, line by line.

    Parameters
    ----------
    values : (rows, columns) ndarray
        The slice, in the modality's units.
    spacing : (float, float), or None
        Between rows and columns in mm; None where it is not sure: then pixels are counted.
    """
    kind, points = measurement.kind, measurement.points
    scale, unit = (spacing, "mm") if spacing else ((1.0, 1.0), "px")
    unsure = "" if spacing else " (not calibrated)"
    if kind is Kind.DISTANCE:
        return (f"{length(points, scale):.1f} {unit}{unsure}",)
    if kind is Kind.ANGLE:
        degrees = angle(points, scale)
        return (f"{degrees:.1f}°{unsure}" if math.isfinite(degrees) else "no angle",)
    found = statistics(measurement, values)
    lines = [f"{area(measurement, scale):,.1f} {unit}²{unsure}   {found.pixels:,} pixels"]
    if found.pixels:
        of = f" {units}" if units else ""
        lines.append(f"mean {found.mean:.4g}{of}   sd {found.sd:.4g}")
        lines.append(f"min {found.least:.4g}   max {found.most:.4g}")
    return tuple(lines)
