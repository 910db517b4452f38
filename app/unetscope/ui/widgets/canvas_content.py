"""What an `ImageCanvas` shows: one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

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


class LegendLine(NamedTuple):
    """A label in the legend: its number, name and colour, and whether it is shown."""

    label: int
    name: str
    rgb: RGB
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A measurement over the slice.

    Attributes
    ----------
    number : int
        Its name in what the canvas reports.
    kind : str
        ``distance``, ``angle``, ``rectangle``, ``ellipse`` or ``polygon``.
    points : tuple of (float, float)
        (row, column) in pixel edges: ends, corners, or opposite corners.
    """

    number: int
    kind: str
    points: tuple[tuple[float, float], ...]
    lines: Lines = ()
    selected: bool = False


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
    legend : tuple of LegendLine
        Names of labels beside an eye in their colour, below the top left corner.
    shapes : tuple of Drawn
        Measurements, the ones drawn last on top.
    rulers : bool
        Rulers at the left and below, where the slice is calibrated.
    probed : tuple of str
        What is under the mouse, below the bottom left corner's text.
    probe : str
        One brighter line below that.
    split : float or None
        Where a handle divides the picture, a column in pixel edges.
    captions : tuple of str
        What is left and right of the handle; or one text, what the whole picture shows.
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
    legend: tuple[LegendLine, ...] = ()
    shapes: tuple[Drawn, ...] = ()
    rulers: bool = False
    probed: Lines = ()
    probe: str = ""
    crosshair: tuple[float, float] | None = None
    box: Box | None = None
    split: float | None = None
    captions: Lines = ()
    notice: str = ""
    smooth: bool = True
    message: str = ""


EMPTY = CanvasContent()

_PICTURES = frozenset({"grey", "overlay", "outline"})
_OTHERS = [item.name for item in fields(CanvasContent) if item.name not in _PICTURES]


def differ_in_overlay_only(content: CanvasContent, old: CanvasContent) -> bool:
    """Whether two contents share all but the overlay, which has one size in both."""
    shape, before = (None if o is None else o.shape for o in (content.overlay, old.overlay))
    if shape != before:
        return False
    pictures = content.grey is old.grey and content.outline is old.outline
    return pictures and all(getattr(content, name) == getattr(old, name) for name in _OTHERS)


def frame(content: CanvasContent) -> tuple[object, ...]:
    """What the zoom depends on: shape and spacing."""
    return (None if content.grey is None else content.grey.shape, content.spacing)


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
