"""A figure for a paper: what is in it, and how it is laid out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Floats

MM_IN_INCH = 25.4
POINTS_IN_INCH = 72.0


class Paper(Enum):
    """What a figure stands on: the colours of the paper and of the ink."""

    WHITE = ("white", "#ffffff", "#000000")
    DARK = ("dark", "#000000", "#ffffff")

    def __init__(self, said: str, ground: str, ink: str) -> None:
        self.said = said
        self.ground = ground
        self.ink = ink


class Palette(Enum):
    """The colours that numbers are drawn in."""

    GREY = "grey"
    DIVERGING = "diverging"
    VIRIDIS = "viridis"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pane:
    """One picture of a figure, of the weights in force when it was taken.

    Attributes
    ----------
    key : str
        Tells it from the others; the same thing has the same key later.
    caption : str
        What is said of it, unless the user says something else.
    values : (rows, columns) ndarray of float32, or (rows, columns, 3) of uint8
        Numbers to be drawn in colours of `palette`, or a picture in colours of its own.
    limits : (float, float)
        What is drawn in the first and the last colour.
    aspect : float
        Height of a pixel divided by its width.
    mm : float or None
        Width of a pixel in the patient; None where lengths are not sure or mean nothing.
    bar : str
        What the colours stand for; empty where no colour bar is wanted.
    outline : (rows, columns) ndarray of uint8, or None
        Labels whose borders are drawn.
    legend : tuple of ClassLabel
        What the colours of a mask mean.
    numbers : bool
        The values are written into their cells.
    curve : bool
        Each row of the values is drawn as a line, in the colours of the legend where there is one;
        `mark` is the place on it that is shown.
    """

    key: str
    caption: str
    values: Floats | NDArray[np.uint8]
    limits: tuple[float, float] = (0.0, 1.0)
    palette: Palette = Palette.GREY
    aspect: float = 1.0
    mm: float | None = None
    bar: str = ""
    outline: Labels | None = None
    legend: tuple[ClassLabel, ...] = ()
    numbers: bool = False
    curve: bool = False
    mark: int | None = None

    @property
    def shape(self) -> float:
        """Height of the picture divided by its width."""
        if self.curve:
            return 0.6
        rows, columns = self.values.shape[:2]
        return float(rows * self.aspect / max(columns, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How a figure looks.

    Attributes
    ----------
    columns : int
        Panes beside each other.
    width : float
        Of the whole, in mm.
    dpi : int
        Of a picture made of pixels.
    settings : str
        What is said of network and edits below all panes; empty for nothing.
    """

    columns: int = 3
    width: float = 180.0
    dpi: int = 300
    paper: Paper = Paper.WHITE
    letters: bool = True
    captions: bool = True
    scale_bar: bool = True
    colour_bars: bool = True
    settings: str = ""
    stamp: str = "Unetscope, research use only"

    @property
    def points(self) -> float:
        """Width of the whole, in points."""
        return self.width / MM_IN_INCH * POINTS_IN_INCH

    @property
    def pixels(self) -> int:
        """Width of the whole, in pixels."""
        return round(self.width / MM_IN_INCH * self.dpi)


Box = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is, in points.

    Attributes
    ----------
    above, pictures, below : tuple of Box
        For each pane the room of its letter and caption, of its picture, and of its colour bar or
        legend.
    foot : Box
        Room of the settings and the stamp.
    """

    above: tuple[Box, ...] = ()
    pictures: tuple[Box, ...] = ()
    below: tuple[Box, ...] = ()
    foot: Box = (0.0, 0.0, 0.0, 0.0)
    size: tuple[float, float] = field(default=(0.0, 0.0))


MARGIN, GAP = 6.0, 8.0  # points around all panes, and between them


def column_width(figure: Figure, panes: int) -> float:
    """How wide each of so many panes becomes, in points."""
    across = max(min(figure.columns, panes), 1)
    return max((figure.points - 2 * MARGIN - (across - 1) * GAP) / across, 1.0)


def lay_out(
    shapes: tuple[float, ...],
    above: tuple[float, ...],
    below: tuple[float, ...],
    foot: float,
    figure: Figure,
) -> Layout:
    """Arrange panes in rows, the pictures of a row on one line and all equally wide.

    Parameters
    ----------
    shapes : tuple of float
        Height of each picture divided by its width.
    above, below : tuple of float
        Height of what stands above and below each picture, in points.
    foot : float
        Height of what stands below all of them.
    """
    across, wide = max(figure.columns, 1), column_width(figure, len(shapes))
    tops, pictures, bottoms = [], [], []
    top = MARGIN
    for first in range(0, len(shapes), across):
        row = range(first, min(first + across, len(shapes)))
        head = max(above[at] for at in row)
        high = max(shapes[at] for at in row) * wide
        for place, at in enumerate(row):
            left = MARGIN + place * (wide + GAP)
            own = shapes[at] * wide
            tops.append((left, top, wide, head))
            pictures.append((left, top + head, wide, own))
            bottoms.append((left, top + head + own, wide, below[at]))
        feet = max(shapes[at] * wide + below[at] for at in row)
        top += head + max(high, feet) + GAP
    top = top - GAP if shapes else top
    return Layout(
        tuple(tops),
        tuple(pictures),
        tuple(bottoms),
        (MARGIN, top + GAP / 2, figure.points - 2 * MARGIN, foot),
        (figure.points, top + GAP / 2 + foot + MARGIN),
    )
