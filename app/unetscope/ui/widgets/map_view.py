"""One feature map, large, with the value under the mouse."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from unetscope.ui import theme
from unetscope.ui.colours import GREY, Lut, to_levels, to_rgb32
from unetscope.ui.widgets.guard import guarded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapContent:
    """A map and how it is coloured.

    Attributes
    ----------
    values : (H, W) ndarray of float32, or None
        Dimensionless; None shows `message` instead.
    limits : (float, float)
        Values of the first and the last colour.
    aspect : float
        Height of a value divided by its width.
    cursor : (float, float), or None
        Row and column of a linked cross, in pixel edges.
    """

    values: NDArray[np.float32] | None = None
    limits: tuple[float, float] = (0.0, 1.0)
    lut: Lut = field(default_factory=lambda: GREY)
    title: str = ""
    aspect: float = 1.0
    cursor: tuple[float, float] | None = None
    message: str = ""


@guarded
class MapView(QWidget):
    """Shows a `MapContent`, every value as a sharp rectangle."""

    hovered = Signal(int, int, float)  # row, column, value
    left = Signal()
    clicked = Signal(int, int)  # row, column
    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map_view")
        self.setAccessibleName("Feature map")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._content = MapContent()
        self._picture = QImage()
        self._inside: tuple[int, int] | None = None

    @property
    def content(self) -> MapContent:
        """What is on show."""
        return self._content

    def show_content(self, content: MapContent) -> None:
        """Show `content`; if the mouse is over the map, the value there is reported anew."""
        old, self._content = self._content, content
        same = (content.values is old.values, content.limits == old.limits, content.lut is old.lut)
        if not all(same):
            self._picture = _picture(content)
        inside = self._inside
        if inside is not None:
            self._report(inside if _holds(content, inside) else None)
        self.update()

    def show_message(self, text: str) -> None:
        """Show no map but this text."""
        self.show_content(MapContent(message=text))

    def map_rect(self) -> QRectF:
        """Where the map is in the widget."""
        values = self._content.values
        top = self._title_height()
        area = QRectF(0.0, top, self.width(), max(self.height() - top, 1.0)).adjusted(1, 1, -1, -1)
        if values is None:
            return area
        tall, wide = values.shape[0] * self._content.aspect, float(values.shape[1])
        scale = min(area.height() / max(tall, 1.0), area.width() / max(wide, 1.0))
        fitted = QRectF(0.0, 0.0, wide * scale, tall * scale)
        fitted.moveCenter(area.center())
        return fitted

    def sizeHint(self) -> QSize:
        return QSize(240, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.colour("panel"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            content = self._content
            top = self._title_height()
            if content.title:
                line = QRectF(0.0, 0.0, self.width(), top)
                shown = QFontMetricsF(self.font()).elidedText(
                    content.title, Qt.TextElideMode.ElideRight, line.width()
                )
                painter.setPen(theme.colour("text_muted"))
                painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft), shown)
            frame = QRectF(0.5, top + 0.5, self.width() - 1.0, max(self.height() - top - 1.0, 1.0))
            painter.setPen(QPen(theme.colour("border"), 1.0))
            painter.setBrush(theme.colour("tile"))
            painter.drawRoundedRect(frame, 3.0, 3.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if content.values is None:
                painter.setPen(theme.colour("canvas_text_muted"))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(frame.adjusted(8, 4, -8, -4), int(flags), content.message)
            else:
                target = self.map_rect()
                painter.setClipRect(frame.adjusted(1, 1, -1, -1))
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
                painter.drawImage(target, self._picture)
                if content.cursor is not None:
                    self._paint_cursor(painter, target, *content.cursor)
                self._paint_marks(painter, target)

    def _paint_marks(self, painter: QPainter, target: QRectF) -> None:
        """Draw what lies over the map; here: nothing."""

    def _paint_cursor(self, painter: QPainter, target: QRectF, row: float, column: float) -> None:
        rows, columns = self._content.values.shape if self._content.values is not None else (1, 1)
        at = QPointF(
            target.left() + column * target.width() / columns,
            target.top() + row * target.height() / rows,
        )
        for width, colour in ((3.0, QColor(0, 0, 0, 160)), (1.2, theme.colour("canvas_line"))):
            painter.setPen(QPen(colour, width))
            for dx, dy in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
                way = QPointF(dx, dy)
                painter.drawLine(at + way * 4.0, at + way * 10.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._report(self._cell(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*cell)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def leaveEvent(self, event: QEvent) -> None:
        self._report(None)

    def _title_height(self) -> float:
        return QFontMetricsF(self.font()).height() + 4.0 if self._content.title else 0.0

    def _cell(self, at: QPointF) -> tuple[int, int] | None:
        values, target = self._content.values, self.map_rect()
        if values is None or target.width() <= 0 or target.height() <= 0:
            return None
        row = int((at.y() - target.top()) / target.height() * values.shape[0] // 1)
        column = int((at.x() - target.left()) / target.width() * values.shape[1] // 1)
        return (row, column) if _holds(self._content, (row, column)) else None

    def _report(self, cell: tuple[int, int] | None) -> None:
        was, self._inside = self._inside, cell
        values = self._content.values
        if cell is not None and values is not None:
            self.hovered.emit(*cell, float(values[cell]))
        elif was is not None:
            self.left.emit()


def _holds(content: MapContent, cell: tuple[int, int]) -> bool:
    if content.values is None:
        return False
    rows, columns = content.values.shape
    return bool(0 <= cell[0] < rows and 0 <= cell[1] < columns)


def _picture(content: MapContent) -> QImage:
    if content.values is None:
        return QImage()
    words = to_rgb32(content.lut)[to_levels(content.values, *content.limits)]
    rows, columns = words.shape
    borrowed = QImage(words.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
    return borrowed.copy()  # the copy owns its pixels
