"""The slice with what lies over it, pixel by pixel: nothing is blurred or left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPen

from unetscope.ui.pictures.panel_picture import LINE, described, paint_stamp
from unetscope.ui.widgets.canvas_content import CanvasContent
from unetscope.ui.widgets.canvas_painting import paint_over
from unetscope.ui.widgets.canvas_pictures import grey_image, outline_paths, overlay_image
from unetscope.ui.widgets.canvas_view import CanvasView

SQUARE = 1e-3  # share by which the sides of a pixel may differ and still count as equal
PLAIN = {"crosshair": None, "box": None, "probed": (), "probe": ""}  # what follows the mouse


def slice_size(content: CanvasContent, times: int) -> QSize:
    """How large the picture becomes, without the line below it."""
    rows, columns = _places(content, times)
    return QSize(len(columns), len(rows))


def slice_image(
    content: CanvasContent, times: int, stamp: str, *, texts: bool, edited: bool
) -> QImage:
    """A slice whose every pixel is a block of the picture.

    Parameters
    ----------
    content : CanvasContent
        With a slice in it.
    times : int
        Height or width of a block, the smaller of the two; pixels that are not square become
        blocks as high and wide as they are in the patient, but for rounding.
    texts : bool
        Whether letters, corner texts, the legend, lengths and measurements are drawn too.
    edited : bool
        Edits are in force: the stamp is drawn whatever was asked for.
    """
    rows, columns = _places(content, times)
    size = QSize(len(columns), len(rows))
    stamped = texts or edited
    image = QImage(size + QSize(0, LINE * stamped), QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        painter.drawImage(QPointF(), grey_image(_blocks(content.grey, rows, columns)))
        painter.drawImage(QPointF(), overlay_image(_blocks(content.overlay, rows, columns)))
        view = _view(content, size, times)
        painter.save()
        painter.scale(view.x_scale, view.y_scale)
        for colour, path in outline_paths(content):
            pen = QPen(colour, max(times / 2.0, 1.0))
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.SquareCap)
            painter.setPen(pen)
            painter.drawPath(path)
        painter.restore()
        if texts:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_over(painter, replace(content, **PLAIN), view, QFont())  # type: ignore[arg-type]
        if stamped:
            paint_stamp(painter, QRect(0, size.height(), size.width(), LINE), stamp)
    return described(image, stamp)


def _view(content: CanvasContent, size: QSize, times: int) -> CanvasView:
    assert content.grey is not None
    rows, columns = content.grey.shape
    scale = times / min(_sides(content))
    return CanvasView(
        rows=rows,
        columns=columns,
        row_mm=size.height() / rows / scale,
        column_mm=size.width() / columns / scale,
        scale=scale,
        width=size.width(),
        height=size.height(),
        row=rows / 2.0,
        column=columns / 2.0,
    )


def _places(content: CanvasContent, times: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which row and column of the slice each row and column of the picture shows."""
    assert content.grey is not None
    sides = _sides(content)
    shorter = min(sides)
    places = []
    for count, side in zip(content.grey.shape, sides, strict=True):
        share = side / shorter
        length = count * times if share < 1 + SQUARE else round(count * times * share)
        places.append(np.arange(length) * count // length)
    return places[0], places[1]


def _sides(content: CanvasContent) -> list[float]:
    return [side if side > 0 else 1.0 for side in content.spacing]


def _blocks(
    picture: NDArray[np.uint8] | None, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.uint8] | None:
    return None if picture is None else picture[rows][:, columns]
