"""A feature map to work with: zoom, pan, a window by drag, and the marks of linked places."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.map_view import MapView

Cell = tuple[int, int]

START = 4  # screen pixels that make a press a drag
ZOOM_STEP = 1.15  # of a notch of the wheel
MOST = 64.0  # times the fitted size
SMALL = 5.0  # screen pixels below which a pixel of the map is framed with room around it

_LEFT, _MIDDLE, _RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)


@guarded
class MapCanvas(MapView):
    """A `MapView` with the habits of the slice view.

    Left drag is the window, middle drag moves, right drag and Ctrl with the wheel zoom, the wheel
    goes to the next map, a double click shows the whole map.
    """

    window_dragged = Signal(float, float, bool)  # screen pixels right, down; Ctrl is held
    window_drag_finished = Signal()
    stepped = Signal(int)  # maps on; negative is back
    context_menu = Signal(QPoint)  # on the screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._zoom = 1.0
        self._middle = (0.5, 0.5)  # of the map, that is at the middle of the view
        self._under: Cell | None = None
        self._chosen: Cell | None = None
        self._button = Qt.MouseButton.NoButton
        self._press = self._last = QPointF()
        self._dragging = False
        self._wheel = 0.0

    @property
    def zoom(self) -> float:
        """How many times the fitted size the map is shown."""
        return self._zoom

    @property
    def marks(self) -> tuple[Cell | None, Cell | None]:
        """The pixel under the linked cursor, and the one selected."""
        return self._under, self._chosen

    def show_marks(self, under: Cell | None, chosen: Cell | None) -> None:
        """Mark the pixel under the linked cursor, and the one selected."""
        if (under, chosen) != self.marks:
            self._under, self._chosen = under, chosen
            self.update()

    def fit(self) -> None:
        """Show the whole map."""
        self._zoom, self._middle = 1.0, (0.5, 0.5)
        self.update()

    def map_rect(self) -> QRectF:
        """Where the map is in the widget; beyond its edges when it is enlarged."""
        fitted = super().map_rect()
        if self._zoom == 1.0:
            return fitted
        wide, high = fitted.width() * self._zoom, fitted.height() * self._zoom
        centre = fitted.center()
        left, top = centre.x() - self._middle[0] * wide, centre.y() - self._middle[1] * high
        return QRectF(left, top, wide, high)

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a pixel of the map is in the widget."""
        target, values = self.map_rect(), self.content.values
        rows, columns = values.shape if values is not None else (1, 1)
        high, wide = target.height() / rows, target.width() / columns
        return QRectF(target.left() + cell[1] * wide, target.top() + cell[0] * high, wide, high)

    def _paint_marks(self, painter: QPainter, target: QRectF) -> None:
        for cell, token in ((self._chosen, "warning"), (self._under, "canvas_line")):
            if cell is None:
                continue
            area = self.cell_rect(cell)
            if min(area.width(), area.height()) < SMALL:
                grown = QRectF(0.0, 0.0, SMALL + 4.0, SMALL + 4.0)
                grown.moveCenter(area.center())
                area = grown
            for width, colour in ((3.0, QColor(0, 0, 0, 180)), (1.4, theme.colour(token))):
                painter.setPen(QPen(colour, width))
                painter.drawRect(area)

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._button == Qt.MouseButton.NoButton:
            self._button = event.button()
            self._press = self._last = event.position()
            self._dragging = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._button == Qt.MouseButton.NoButton:
            super().mouseMoveEvent(event)
            return
        if not self._dragging and (at - self._press).manhattanLength() < START:
            return
        self._dragging = True
        move, self._last = at - self._last, at
        fast = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self._button == _LEFT:
            self.window_dragged.emit(move.x(), move.y(), fast)
        elif self._button == _MIDDLE:
            self._move(move)
        elif self._button == _RIGHT:
            self._zoom_about(math.exp(-move.y() * (0.02 if fast else 0.008)), self._press)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != self._button:
            return
        self._button, dragged = Qt.MouseButton.NoButton, self._dragging
        self._dragging = False
        cell = self._cell(event.position())
        if dragged:
            if event.button() == _LEFT:
                self.window_drag_finished.emit()
        elif event.button() == _RIGHT:
            self.context_menu.emit(event.globalPosition().toPoint())
        elif event.button() == _LEFT and cell is not None:
            self.clicked.emit(*cell)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == _LEFT:
            self.fit()
        super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.context_menu.emit(event.globalPos())
        event.accept()  # the mouse's menu comes on release, when it is no zoom

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() / 120.0
        event.accept()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_about(ZOOM_STEP**turn, event.position())
            return
        self._wheel += turn
        steps = math.trunc(self._wheel)
        self._wheel -= steps
        if steps:
            self.stepped.emit(-steps)

    def _move(self, by: QPointF) -> None:
        target = self.map_rect()
        x = self._middle[0] - by.x() / max(target.width(), 1.0)
        y = self._middle[1] - by.y() / max(target.height(), 1.0)
        self._look_at(x, y)

    def _zoom_about(self, factor: float, at: QPointF) -> None:
        """Enlarge; the point under `at` stays where it is."""
        before = self.map_rect()
        self._zoom = min(max(self._zoom * factor, 1.0), MOST)
        if self._zoom == 1.0:
            self.fit()
            return
        after = self.map_rect()
        share = (
            (at.x() - before.left()) / max(before.width(), 1.0),
            (at.y() - before.top()) / max(before.height(), 1.0),
        )
        x = self._middle[0] + (after.left() + share[0] * after.width() - at.x()) / after.width()
        y = self._middle[1] + (after.top() + share[1] * after.height() - at.y()) / after.height()
        self._look_at(x, y)

    def _look_at(self, x: float, y: float) -> None:
        """Bring a point of the map, as shares of it, to the middle; a part stays in view."""
        self._middle = (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self.update()
