"""A chip in amber that says what must not be overlooked, with a button to end it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written


@guarded
class Banner(QFrame):
    """Shows a text such as "Edited model — research use only"; hidden while there is none.

    A tool bar shows its widgets as it pleases: in one, hide the action that `addWidget` gave, too.
    """

    triggered = Signal()  # the button
    clicked = Signal()  # the text

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("role", "banner")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._text = QLabel(self)
        self._full = self._short = ""
        self._button = QToolButton(self)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.clicked.connect(self.triggered)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 4, 2)
        layout.setSpacing(8)
        layout.addWidget(self._text)
        layout.addWidget(self._button)
        self.show_text("")

    def show_text(
        self, text: str, button: str = "", icon: QIcon | None = None, *, short: str = ""
    ) -> None:
        """Show `text`, and a button if it has a name; an empty text hides the banner.

        Where there is no room `short` is shown in its place, and the text as a tooltip.
        """
        self._full, self._short = text, short or text
        self.shorten(shortened=False)
        self.setAccessibleName(text)
        self.setToolTip(as_written(f"{text}\nClick for the history of edits") if text else "")
        self._button.setText(button)
        self._button.setIcon(icon if icon is not None else QIcon())
        self._button.setVisible(bool(button))
        self.setVisible(bool(text))

    def shorten(self, *, shortened: bool) -> None:
        """Show the short text, or the whole one."""
        self._text.setText(self._short if shortened else self._full)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()
