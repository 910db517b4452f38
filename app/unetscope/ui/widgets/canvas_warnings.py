"""The warnings over a slice under the mouse: cut where they do not fit; a click has them all."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip

from unetscope.domain.corner_texts import WARNING
from unetscope.ui.widgets.canvas_painting import INSET, ROOMY
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas


@guarded
class WarningsHand(QObject):
    """Watches a canvas: a click on its warnings is `clicked`, and their tooltip is all of them."""

    clicked = Signal()

    def __init__(self, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._warnings: tuple[str, ...] = ()
        self._is_over = False
        canvas.installEventFilter(self)

    def show_warnings(self, warnings: Sequence[str]) -> None:
        """Take what the tooltip is to say."""
        self._warnings = tuple(warnings)

    def area(self) -> QRectF | None:
        """Where the warnings stand, above the other lines at the bottom left."""
        content, view = self._canvas.content, self._canvas.view
        lines = content.corners.bottom_left
        count = sum(line.startswith(WARNING) for line in lines)
        if view is None or not count or view.width < ROOMY[0] or view.height < ROOMY[1]:
            return None
        height = QFontMetricsF(self._canvas.font()).height() + 2.0
        all_lines = len(lines) + len(content.probed) + bool(content.probe)
        top = view.height - INSET - all_lines * height
        return QRectF(INSET, top, view.width / 2.0, count * height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep clicks on the warnings from the canvas."""
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            area = self.area()
            if area is not None and area.contains(event.pos()):
                text = "\n".join((*self._warnings, "Click to see them in a list."))
                QToolTip.showText(event.globalPos(), text, self._canvas, area.toRect())
                return True
        return super().eventFilter(watched, event)

    def _mouse(self, event: QMouseEvent) -> bool:
        area, left = self.area(), event.button() == Qt.MouseButton.LeftButton
        is_over = area is not None and area.contains(event.position())
        if event.type() == QEvent.Type.MouseMove and not event.buttons():
            self._show_cursor(is_over)
        if not (is_over and left) or event.type() == QEvent.Type.MouseMove:
            return False
        if event.type() == QEvent.Type.MouseButtonPress:
            self.clicked.emit()
        return True

    def _show_cursor(self, is_over: bool) -> None:
        if is_over is self._is_over:
            return
        self._is_over = is_over
        if is_over:
            self._tool_cursor = self._canvas.cursor()
            self._canvas.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self._canvas.setCursor(self._tool_cursor)
