"""What an `ImageCanvas` shows: one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

RGB = tuple[int, int, int]
Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Orientation letters at the four edges; empty where the direction is unknown."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corners:
    """Blocks of text in the four corners, one string a line."""

    top_left: Lines = ()
    top_right: Lines = ()
    bottom_left: Lines = ()
    bottom_right: Lines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A dashed rectangle over the slice, in pixels; its first pixel is (row, column)."""

    row: float
    column: float
    height: float
    width: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CanvasContent:
    """A slice and everything drawn over it.

    Attributes
    ----------
    grey : (H, W) ndarray of uint8, or None
        The slice after its window; None shows `message` instead.
    spacing : (float, float)
        Height and width of a pixel, in mm if `calibrated`, else only their ratio counts.
    overlay : (H, W, 4) ndarray of uint8, or None
        Red, green, blue, alpha (not multiplied into the colours).
    outline : (H, W) ndarray of int, or None
        Labels whose borders are drawn in `outline_colours`; labels without a colour are not drawn.
    legend : tuple of (str, RGB)
        Names of labels beside a patch of their colour, below the top left corner.
    probe : str
        One brighter line below the bottom left corner's text.
    crosshair : (float, float), or None
        Row and column, in pixel edges: the centre of pixel (r, c) is (r + 0.5, c + 0.5).
    notice : str
        A warning at the top, such as that the model is edited.
    """

    grey: NDArray[np.uint8] | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    calibrated: bool = False
    overlay: NDArray[np.uint8] | None = None
    outline: NDArray[Any] | None = None
    outline_colours: Mapping[int, RGB] = field(default_factory=dict)
    letters: Edges = Edges()
    corners: Corners = Corners()
    legend: tuple[tuple[str, RGB], ...] = ()
    probe: str = ""
    crosshair: tuple[float, float] | None = None
    box: Box | None = None
    notice: str = ""
    smooth: bool = True
    message: str = ""


EMPTY = CanvasContent()


def changed_part(
    overlay: NDArray[np.uint8] | None, old: NDArray[np.uint8] | None
) -> tuple[int, int, int, int] | None:
    """Where two overlays of one size differ; None where they do not.

    Returns
    -------
    part : (int, int, int, int) or None
        First row and column, and the ones after the last.
    """
    if overlay is None or old is None or overlay is old:
        return None
    words, before = (np.ascontiguousarray(of).view(np.uint32)[..., 0] for of in (overlay, old))
    differs = words != before
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
