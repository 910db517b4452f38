"""The history list: every step by name, to go back to or forward with a click."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.edit_file import ENDING, EditList
from unetscope.presenters.history import HistoryPresenter, HistoryRow, HistoryView
from unetscope.ui import dialogs, theme
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.plain_text import as_written


class HistoryPanel(QDockWidget):
    """Draws a `HistoryView`; the arrow keys go through the steps too."""

    def __init__(self, presenter: HistoryPresenter, parent: QWidget) -> None:
        super().__init__("History", parent)
        self.setObjectName("history")
        self._presenter = presenter
        self._shown = HistoryView()
        self.list = QListWidget()
        self.list.setObjectName("history.list")
        self.list.setAccessibleName("Steps")
        self.list.setUniformItemSizes(True)
        self.list.setToolTip("Click a step to go back to it, or forward (Ctrl+Z, Ctrl+Shift+Z)")
        self._empty = QLabel()
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = FlowLayout()
        self._buttons: dict[str, QPushButton] = {}
        for name, text, tip, act in (
            ("save", "Save…", "Write the edits in force to a file", self.ask_save),
            (
                "apply",
                "Apply…",
                "Put the edits of a file in force, in the place of those that are",
                self.ask_apply,
            ),
            (
                "forget",
                "Forget steps",
                "Make one step of all that is done; what is in force stays",
                presenter.forget,
            ),
        ):
            button = self._buttons[name] = QPushButton(text)
            button.setObjectName(f"history.{name}")
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, act=act: act())
            buttons.addWidget(button)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._empty, 1)
        layout.addLayout(buttons)
        self.setWidget(content)
        self.list.currentRowChanged.connect(presenter.jump)
        presenter.view_changed.connect(self.show_view)
        presenter.asked.connect(self._ask_about_others)
        self.show_view(presenter.view)

    def show_view(self, view: HistoryView) -> None:
        """Show the steps without reporting it as a choice of the user."""
        self._shown = view
        with QSignalBlocker(self.list):
            while self.list.count() > len(view.rows):
                self.list.takeItem(self.list.count() - 1)
            for i, row in enumerate(view.rows):
                if i == self.list.count():
                    self.list.addItem(QListWidgetItem())
                _show_row(self.list.item(i), row)
            self.list.setCurrentRow(view.current if view.rows else -1)
        self.list.setVisible(bool(view.rows))
        self._empty.setVisible(not view.rows)
        self._empty.setText(view.empty)
        self._buttons["save"].setEnabled(any(not row.trained for row in view.rows))
        self._buttons["apply"].setEnabled(bool(view.rows))
        self._buttons["forget"].setEnabled(len(view.rows) > 2)

    def show_theme(self) -> None:
        """Draw the steps in the colours of the theme in force."""
        self.show_view(self._shown)

    def ask_save(self) -> None:
        """Ask where to, and write the edits in force there."""
        proposed = Path(f"{self._presenter.model_name}{ENDING}")
        if path := dialogs.ask_save_edits(self, proposed):
            self._presenter.save(path)

    def ask_apply(self) -> None:
        """Ask for a list of edits and put it in force."""
        if path := dialogs.ask_edits(self):
            self._presenter.apply(path)

    def _ask_about_others(self, found: EditList, path: Path) -> None:
        if dialogs.ask_other_models_edits(self, path.name, found.model):
            self._presenter.agree(found, path)


def _show_row(item: QListWidgetItem, row: HistoryRow) -> None:
    marks = [mark for mark, holds in (("trained", row.trained), ("saved", row.saved)) if holds]
    item.setText(f"{row.label}   ({', '.join(marks)})" if marks else row.label)
    item.setToolTip(as_written(f"{row.label}{': undone' if row.undone else ''}"))
    item.setForeground(QBrush(theme.colour("text_disabled" if row.undone else "text")))
