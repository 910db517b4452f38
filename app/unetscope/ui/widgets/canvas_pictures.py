"""What a canvas paints, made of arrays: the slice, what lies over it, and outlines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPainterPath

from unetscope.ui.widgets.canvas_content import CanvasContent
from unetscope.ui.widgets.outline import Segments, outline_segments


def grey_image(grey: NDArray[np.uint8] | None) -> QImage:
    """A picture that owns its pixels, in the format that paints fastest."""
    if grey is None:
        return QImage()
    pixels = np.ascontiguousarray(grey)
    rows, columns = pixels.shape
    borrowed = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    return borrowed.convertToFormat(QImage.Format.Format_RGB32)


def overlay_image(overlay: NDArray[np.uint8] | None) -> QImage:
    """The same with transparency."""
    if overlay is None:
        return QImage()
    pixels = np.ascontiguousarray(overlay)
    rows, columns = pixels.shape[:2]
    borrowed = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return borrowed.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def outline_paths(content: CanvasContent) -> list[tuple[QColor, QPainterPath]]:
    """Every label's whole border, then half of it again, so that a border of two shows both."""
    if content.outline is None:
        return []
    borders = {
        label: segments
        for label, segments in outline_segments(content.outline).items()
        if label in content.outline_colours
    }
    halves = {label: s[(s[:, 0] + s[:, 1]) % 2 == 0] for label, s in reversed(borders.items())}
    return [
        (QColor(*content.outline_colours[label]), _path(segments))
        for label, segments in (*borders.items(), *halves.items())
    ]


def _path(segments: Segments) -> QPainterPath:
    path = QPainterPath()
    for row, column, to_row, to_column in segments.tolist():
        path.moveTo(column, row)
        path.lineTo(to_column, to_row)
    return path
