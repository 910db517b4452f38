"""Dragging something out of a widget as text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget


class TextDrag:
    """Begins a drag once the mouse has moved far enough with the left button held.

    Parameters
    ----------
    widget : QWidget
        Where the drag comes from.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._from: QPoint | None = None
        self.text: Callable[[QPoint], str] | None = None
        """What is dragged from a point of the widget; an empty text is not."""

    def press(self, event: QMouseEvent) -> None:
        """A button was pressed."""
        left = event.button() == Qt.MouseButton.LeftButton
        self._from = event.position().toPoint() if left else None

    def release(self) -> None:
        """The button was released."""
        self._from = None

    def move(self, event: QMouseEvent, picture: Callable[[QPoint], QPixmap]) -> bool:
        """The mouse was moved; gives whether a drag has begun, and ended, meanwhile."""
        start = self._from
        if start is None or self.text is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return False
        distance = (event.position().toPoint() - start).manhattanLength()
        if distance < QApplication.startDragDistance():
            return False
        self._from = None
        text = self.text(start)
        if not text:
            return False
        drag = QDrag(self._widget)
        data = QMimeData()
        data.setText(text)
        drag.setMimeData(data)
        drag.setPixmap(picture(start))
        drag.exec(Qt.DropAction.CopyAction)
        return True
