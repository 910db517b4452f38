"""A pane of glass on the slice: what is drawn over it without making its picture anew."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QWidget

from unetscope.ui.widgets.canvas_view import CanvasView
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas


@guarded
class Glass(QWidget):
    """Lies over a canvas, always as large as it; the mouse goes through."""

    def __init__(self, canvas: ImageCanvas, name: str) -> None:
        super().__init__(canvas)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas = canvas
        canvas.installEventFilter(self)
        self.setGeometry(canvas.rect())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas."""
        if watched is self.canvas and event.type() == QEvent.Type.Resize:
            self.setGeometry(self.canvas.rect())
        return False


def onto_screen(view: CanvasView) -> QTransform:
    """From pixel edges of the slice, x being the column, to the screen."""
    return QTransform(view.x_scale, 0.0, 0.0, view.y_scale, *view.to_screen(0.0, 0.0))
