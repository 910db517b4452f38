"""The line at the foot of the window: what happened, what is being read, the engine."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from unetscope.presenters.frame import FrameView
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written

WHOLE = 1000


@guarded
class _Told(ElidedLabel):
    """A line of text that says when it is clicked."""

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class StatusLine(QStatusBar):
    """Draws the lower part of a `FrameView`."""

    cancelled = Signal()
    details_wanted = Signal()
    """The text was clicked while it is about a list of files."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.text = _Told()
        self.text.setObjectName("status.text")
        self.text.clicked.connect(self._clicked)
        self._has_details = False
        self.progress = QProgressBar()
        self.progress.setObjectName("status.progress")
        self.progress.setFixedWidth(160)
        self.progress.setRange(0, WHOLE)
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("status.cancel")
        self.cancel.clicked.connect(self.cancelled)
        self.engine = QLabel()
        self.engine.setObjectName("status.engine")
        notice = QLabel("Research use only — not for diagnosis")
        for label in (self.engine, notice):
            label.setProperty("role", "muted")
            label.setContentsMargins(6, 0, 6, 0)
        self.text.setContentsMargins(6, 0, 6, 0)
        self.addWidget(self.text, 1)
        for widget in (self.progress, self.cancel, self.engine, notice):
            self.addPermanentWidget(widget)

    def _clicked(self) -> None:
        if self._has_details:
            self.details_wanted.emit()

    def show_view(self, view: FrameView) -> None:
        """Show what `view` says."""
        self.text.setText(view.busy or f"{view.status} {view.hint}".strip())
        self._has_details = bool(view.details) or view.report
        tips = (view.status, view.hint, _tip(view))
        self.text.setToolTip(as_written("\n".join(tip for tip in tips if tip)))
        shape = Qt.CursorShape
        self.text.setCursor(shape.PointingHandCursor if self._has_details else shape.ArrowCursor)
        role = "error" if view.trouble and not view.busy else ""
        if self.text.property("role") != role:
            self.text.setProperty("role", role)
            self.text.style().unpolish(self.text)
            self.text.style().polish(self.text)
        self.progress.setVisible(bool(view.busy))
        self.cancel.setVisible(bool(view.busy))
        self.progress.setRange(0, WHOLE if view.share >= 0 else 0)  # 0: moves without end
        self.progress.setValue(round(view.share * WHOLE))
        self.engine.setText(view.engine)
        says = (view.engine_does, view.guard)
        self.engine.setToolTip("\n".join(each for each in says if each))


def _tip(view: FrameView) -> str:
    if view.report:
        return "Click to see, copy or save the report."
    return "Click to see all of them." if view.details else ""
