"""A handle across a canvas that a hand takes hold of."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QCursor, QMouseEvent

from unetscope.ui.widgets.canvas_split import handle_at
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas

NEAR = 8.0  # screen pixels from the line that still take hold of it


@guarded
class SplitHandle(QObject):
    """Takes hold of the handle of a canvas before the canvas itself sees the mouse."""

    grasped = Signal(bool)  # the hand takes it, or lets it go
    moved = Signal(float)  # to a column, in pixel edges

    def __init__(self, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._held = False
        self._other: QCursor | None = None  # what the mouse looks like elsewhere
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See the events of the mouse; True keeps them from the canvas."""
        if not isinstance(event, QMouseEvent):
            return False
        kind, left = event.type(), event.button() == Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseMove:
            if self._held:
                self._move(event.position())
            elif not event.buttons():
                self._point(self._near(event.position()))
            return self._held
        if kind == QEvent.Type.MouseButtonRelease and left and self._held:
            self._hold(held=False)
            return True
        pressed = kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
        if pressed and left and self._near(event.position()):
            self._hold(held=True)
            return True
        return self._held

    def _hold(self, *, held: bool) -> None:
        if held != self._held:
            self._held = held
            self.grasped.emit(held)

    def _near(self, at: QPointF) -> bool:
        split, view = self._canvas.content.split, self._canvas.view
        return (
            split is not None and view is not None and abs(at.x() - handle_at(split, view)) <= NEAR
        )

    def _move(self, at: QPointF) -> None:
        if (view := self._canvas.view) is not None:
            _, column = view.to_image(at.x(), at.y())
            self.moved.emit(min(max(column, 0.0), float(view.columns)))
            self._point(near=True)

    def _point(self, near: bool) -> None:
        """Show by the mouse that there is something to take hold of."""
        if near:
            if self._canvas.cursor().shape() != Qt.CursorShape.SplitHCursor:
                self._other = self._canvas.cursor()
                self._canvas.setCursor(Qt.CursorShape.SplitHCursor)
        elif self._other is not None:
            self._canvas.setCursor(self._other)
            self._other = None
