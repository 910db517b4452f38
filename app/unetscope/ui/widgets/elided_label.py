"""A line of text that is cut with an ellipsis where it does not fit."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written


@guarded
class ElidedLabel(QLabel):
    """A QLabel for plain text; the whole text is the tooltip while it is cut."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(text, parent)
        self._mode = mode
        self._own_tip = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def shown_text(self) -> str:
        """What can be read of the text."""
        return self.fontMetrics().elidedText(
            self.text(), self._mode, self.contentsRect().width() - 2 * self.margin()
        )

    def minimumSizeHint(self) -> QSize:
        height = super().minimumSizeHint().height()
        return QSize(self.fontMetrics().horizontalAdvance("…") + 4, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.shown_text()
        with QPainter(self) as painter:
            self.style().drawItemText(
                painter,
                self.contentsRect(),
                int(self.alignment()),
                self.palette(),
                self.isEnabled(),
                shown,
                self.foregroundRole(),
            )
        if self.toolTip() == self._own_tip:  # one that was set from outside stays
            self._own_tip = as_written(self.text()) if shown != self.text() else ""
            self.setToolTip(self._own_tip)
