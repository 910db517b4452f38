"""A dialog that stays until what it was asked to write is written, or given up."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QProgressBar, QWidget

from unetscope.domain.errors import UnetscopeError
from unetscope.state.exporting import Exporting
from unetscope.ui.widgets.guard import guarded

_WHOLE = 1000  # steps of the progress bar
QUIET = "Research use only: every file says so."


@guarded
class ExportingDialog(QDialog):
    """What exports have in common: a message, a bar, Export and Cancel.

    Parameters
    ----------
    exporting : Exporting
        Does the work.
    name : str
        Object name of the dialog, with which those of its parts begin.
    """

    def __init__(self, exporting: Exporting, name: str, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._exporting = exporting
        self._running = False
        self.message = QLabel(QUIET)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        self.message.setObjectName(f"{name}.message")
        self.bar = QProgressBar()
        self.bar.setObjectName(f"{name}.progress")
        self.bar.setRange(0, _WHOLE)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        role = QDialogButtonBox.ButtonRole.AcceptRole
        self.export_button = self.buttons.addButton("Export…", role)
        self.export_button.setObjectName(f"{name}.export")
        self.export_button.setDefault(True)
        self.buttons.accepted.connect(self.ask_path)
        self.buttons.rejected.connect(self.reject)
        exporting.concerns_came.connect(self.show_concerns)
        exporting.progress_changed.connect(self._show_progress)
        exporting.ended.connect(self._on_ended)

    def ask_path(self) -> None:
        """Ask where to, and begin."""
        raise NotImplementedError

    def show_concerns(self, concerns: tuple[str, ...]) -> None:
        """Show what may tell who the patient is even so."""
        raise NotImplementedError

    def set_running(self, *, running: bool) -> None:
        """Show that it is being written, or no longer."""
        self._running = running
        self.bar.setVisible(running)
        if running:
            self._show_progress(-1.0, "Preparing")

    def say(self, text: str, role: str) -> None:
        """Show a sentence under the bar."""
        self.message.setText(text or QUIET)
        restyle(self.message, role)

    def reject(self) -> None:
        """Leave; what is being written is given up."""
        if self._running:
            self._exporting.cancel()
        super().reject()

    def done(self, result: int) -> None:
        """Listen no more."""
        self._exporting.concerns_came.disconnect(self.show_concerns)
        self._exporting.progress_changed.disconnect(self._show_progress)
        self._exporting.ended.disconnect(self._on_ended)
        super().done(result)

    def _show_progress(self, share: float, sentence: str) -> None:
        self.bar.setRange(0, _WHOLE if share >= 0 else 0)
        self.bar.setValue(round(max(share, 0) * _WHOLE))
        self.say(sentence, "muted")

    def _on_ended(self, error: UnetscopeError | None) -> None:
        self.set_running(running=False)
        if error is None:
            self.accept()
        else:
            self.say(str(error), "error")


def restyle(label: QLabel, role: str) -> None:
    """Give a label another role of the theme's."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)
