"""A diagram to move about in: wheel, drag, keys, a click to select, and what is under the mouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPathStroker,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from unetscope.domain.diagram import Line
from unetscope.ui import theme
from unetscope.ui.widgets.diagram_painting import DiagramContent, line_path, paint_diagram
from unetscope.ui.widgets.guard import guarded

SMALLEST, LARGEST = 0.05, 6.0
NOTCH = 1.15  # of the wheel
BORDER = 12.0  # pixels around what is fitted
CLEAR = 0.58  # below this names cannot be read: then the width is fitted, not all of it
NEAR_LINE = 7.0  # pixels from which a line counts as hit

Keys = Qt.Key
_ARROWS = {
    Keys.Key_Left: (-1, 0),
    Keys.Key_Right: (1, 0),
    Keys.Key_Up: (0, -1),
    Keys.Key_Down: (0, 1),
}


@guarded
class DiagramCanvas(QWidget):
    """Shows a `DiagramContent`; remembers only where it is looked at, and where the mouse is."""

    picked = Signal(str)
    """A layer was chosen."""
    asked = Signal(str, QPoint)
    """A menu is wanted for a layer, at a point of the screen."""
    asked_line = Signal(str, str, QPoint)
    """The same for a line, by the layer that reads and its source."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Diagram of the network")
        self._content = DiagramContent()
        self._tips: Mapping[str, str] = {}
        self._message = ""
        self._scale = 1.0
        self._offset = QPointF()  # where the diagram's origin is on the widget
        self._moved = False  # by the user: then a new size of the widget changes nothing
        self._pressed: QPointF | None = None
        self._dragged = False

    # ---------------------------------------------------------------- content

    @property
    def content(self) -> DiagramContent:
        """What is shown."""
        return self._content

    def show_content(self, content: DiagramContent, tips: Mapping[str, str]) -> None:
        """Show a diagram; where it is another one, from its best side."""
        is_other = content.diagram is not self._content.diagram
        hovered = None if is_other else self._content.hovered
        way = frozenset() if is_other else self._content.way
        was_selected = self._content.selected
        self._content = replace(content, hovered=hovered, way=way)
        self._tips, self._message = tips, ""
        if is_other:
            self._moved = False
            self._look_from_best_side()
        elif content.selected != was_selected:
            self._reveal()
        self.update()

    def show_message(self, message: str) -> None:
        """Show a sentence in place of a diagram."""
        self._content, self._message = DiagramContent(), message
        self.update()

    # ------------------------------------------------------------------- view

    @property
    def scale(self) -> float:
        """Pixels for one length of the diagram."""
        return self._scale

    def fit(self) -> None:
        """Bring all of it into view."""
        self._moved = False
        self._show_area(self._whole())

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Make it larger or smaller around a point of the widget."""
        at = at or QPointF(self.rect().center())
        scale = min(max(self._scale * factor, SMALLEST), LARGEST)
        under = self._to_diagram(at)
        self._scale, self._moved = scale, True
        self._offset = at - under * scale
        self.update()

    def zoom_to_selection(self) -> None:
        """Bring the selected layer and what it is connected with into view."""
        diagram, name = self._content.diagram, self._content.selected
        if name is None or name not in diagram:
            return
        names = {name}
        for line in diagram.lines:
            if name in (line.source, line.target):
                names |= {line.source, line.target}
        boxes = [diagram[one] for one in names]
        area = QRectF()
        for box in boxes:
            area |= QRectF(box.x, box.y, box.width, box.height)
        self._moved = True
        self._show_area(area.adjusted(-20, -20, 20, 20), largest=2.0)

    def place_of(self, name: str) -> QPoint:
        """Where the middle of a layer's box is on the widget."""
        x, y = self._content.diagram[name].centre
        return (QPointF(x, y) * self._scale + self._offset).toPoint()

    def _whole(self) -> QRectF:
        shown = self._content.diagram
        return QRectF(shown.left, shown.top, shown.right - shown.left, shown.bottom - shown.top)

    def _show_area(self, area: QRectF, largest: float = 1.4) -> None:
        wide = (self.width() - 2 * BORDER) / max(area.width(), 1)
        high = (self.height() - 2 * BORDER) / max(area.height(), 1)
        self._scale = min(max(min(wide, high), SMALLEST), largest)
        self._centre_on(area.center())

    def _look_from_best_side(self) -> None:
        """All of it where that can be read; else its whole width, around the selected layer."""
        area, name = self._whole(), self._content.selected
        self._show_area(area)
        if self._scale >= CLEAR or name is None or name not in self._content.diagram:
            return
        wide = (self.width() - 2 * BORDER) / max(area.width(), 1)
        self._scale = min(max(wide, CLEAR), 1.0)
        x, y = self._content.diagram[name].centre
        across, down = self.width() / self._scale, self.height() / self._scale
        x = _within(x, area.left() - BORDER + across / 2, area.right() + BORDER - across / 2)
        y = _within(y, area.top() - BORDER + down / 2, area.bottom() + BORDER - down / 2)
        self._centre_on(QPointF(x, y))

    def _centre_on(self, point: QPointF) -> None:
        self._offset = QPointF(self.width() / 2, self.height() / 2) - point * self._scale
        self.update()

    def _reveal(self) -> None:
        """Move the selected layer into sight if it is outside."""
        name = self._content.selected
        if name is None or name not in self._content.diagram:
            return
        box = self._content.diagram[name]
        area = QRectF(box.x, box.y, box.width, box.height)
        if not self._seen().contains(area):
            self._centre_on(area.center())

    def _to_diagram(self, at: QPointF) -> QPointF:
        return (at - self._offset) / self._scale

    def _seen(self) -> QRectF:
        return QRectF(
            self._to_diagram(QPointF(0, 0)),
            self._to_diagram(QPointF(self.width(), self.height())),
        )

    # ------------------------------------------------------------------- hits

    def _name_at(self, at: QPointF) -> str | None:
        point = self._to_diagram(at)
        box = self._content.diagram.at(point.x(), point.y())
        return box.name if box else None

    def line_at(self, at: QPointF) -> Line | None:
        """The line under a point of the widget."""
        reach = NEAR_LINE / self._scale
        spot = self._to_diagram(at)
        stroker = QPainterPathStroker()
        stroker.setWidth(reach)
        for line in reversed(self._content.diagram.lines):
            path = line_path(line)
            near = path.controlPointRect().adjusted(-reach, -reach, reach, reach)
            if near.contains(spot) and stroker.createStroke(path).contains(spot):
                return line
        return None

    def _hover(self, name: str | None) -> None:
        if name == self._content.hovered:
            return
        diagram = self._content.diagram
        pairs = ((line.source, line.target) for line in diagram.lines)
        way = diagram.way_through(name, pairs) if name else frozenset()
        self._content = replace(self._content, hovered=name, way=way)
        self.update()

    # ----------------------------------------------------------------- events

    def event(self, event: QEvent) -> bool:
        """Tell about the layer under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip_at(self, at: QPointF) -> str:
        name = self._name_at(at)
        if name is not None:
            return self._tips.get(name, name)
        line = self.line_at(at)
        if line is None:
            return ""
        state = ""
        if (line.source, line.target) in self._content.cut:
            state = "\ncut"
        elif (line.source, line.target) in self._content.patched:
            state = "\npatched with another slice"
        return f"{line.source} → {line.target}{state}"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is in view."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("field"))
        if not self._content.diagram.boxes:
            painter.setPen(theme.colour("text_muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(12, 12, -12, -12), flags, self._message)
            return
        painter.translate(self._offset)
        painter.scale(self._scale, self._scale)
        paint_diagram(painter, self._content, self._seen(), self._scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep looking from the best side until the user looks elsewhere."""
        super().resizeEvent(event)
        if not self._moved:
            self._look_from_best_side()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse; Shift and a sideways wheel move it instead."""
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not turned.y():
            self._move(QPointF((turned.x() or turned.y()) / 2, 0))
        else:
            self.zoom(NOTCH ** (turned.y() / 120), event.position())
        event.accept()

    def _move(self, by: QPointF) -> None:
        self._offset += by
        self._moved = True
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, or a drag that moves the diagram."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the diagram, or tell what is under the mouse."""
        if self._pressed is None:
            self._hover(self._name_at(event.position()))
            return
        by = event.position() - self._pressed
        if not self._dragged and by.manhattanLength() < QApplication.startDragDistance():
            return
        self._dragged = True
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self._pressed = event.position()
        self._move(by)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select what was clicked."""
        clicked = self._pressed is not None and not self._dragged
        self._pressed = None
        self.unsetCursor()
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            name = self._name_at(event.position())
            if name is not None:
                self.picked.emit(name)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Look closer at a layer; beside all of them, at the whole."""
        if self._name_at(event.position()) is not None:
            self.zoom_to_selection()
        else:
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self._hover(None)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of what is under the mouse, or by key of the selected layer."""
        is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        name = self._content.selected if is_key else self._name_at(QPointF(event.pos()))
        if name is not None and name in self._content.diagram:
            at = self.mapToGlobal(self.place_of(name)) if is_key else event.globalPos()
            self.asked.emit(name, at)
        elif (line := self.line_at(QPointF(event.pos()))) is not None:
            self.asked_line.emit(line.target, line.source, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from layer to layer; plus, minus, 0 and Z change the view."""
        key, name = Keys(event.key()), self._content.selected
        if key in _ARROWS and name is not None and name in self._content.diagram:
            self.picked.emit(self._content.diagram.nearest(name, *_ARROWS[key]))
        elif key in (Keys.Key_Plus, Keys.Key_Equal):
            self.zoom(NOTCH)
        elif key == Keys.Key_Minus:
            self.zoom(1 / NOTCH)
        elif key == Keys.Key_0:
            self.fit()
        elif key == Keys.Key_Z:
            self.zoom_to_selection()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Room for a small U."""
        return QSize(300, 420)

    def minimumSizeHint(self) -> QSize:
        """It can be moved about in little room."""
        return QSize(120, 120)


def _within(value: float, low: float, high: float) -> float:
    """The value kept from `low` to `high`; their middle where there is no such room."""
    return min(max(value, low), high) if low <= high else (low + high) / 2
