"""What is offered after a window did not end properly: its session, or several."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.session_file import ENDING
from unetscope.state.recovery import LeftSession, Recovery
from unetscope.ui import session_dialogs

MOST_ROWS = 6  # more of them are scrolled


class RecoveryDialog(QDialog):
    """Lists what was left behind, to be restored, saved or given up one by one.

    What is not decided about is offered again at the next start.

    Parameters
    ----------
    may_restore : callable
        Whether what is open may give way; if not now, it calls again what it is given.
    """

    def __init__(
        self,
        left: Sequence[LeftSession],
        recovery: Recovery,
        may_restore: Callable[[Callable[[], None]], bool],
        hidden: bool,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("recovery")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Restore a session")
        self._left = list(left)
        self._recovery = recovery
        self._may_restore = may_restore
        title = QLabel("Unetscope did not end properly.")
        title.setProperty("role", "title")
        what = QLabel(
            "What was done until then was kept. Restore it, save it as a session file for later, "
            "or discard it. If you close this, it is offered again at the next start."
        )
        what.setWordWrap(True)
        self.list = QListWidget()
        self.list.setObjectName("recovery.list")
        self.list.setAccessibleName("Sessions that can be restored")
        self.list.setWordWrap(True)
        for one in left:
            self.list.addItem(describe(one, hidden=hidden))
        self.list.setCurrentRow(0)
        self.list.itemDoubleClicked.connect(self._restore)
        self.list.currentRowChanged.connect(self._follow)
        roles = QDialogButtonBox.ButtonRole
        buttons = QDialogButtonBox()
        self.restore = self._button("Restore", "restore", self._restore)
        self.save = self._button("Save as session file…", "save", self._save)
        self.discard = self._button("Discard", "discard", self._discard)
        self.later = self._button("Later", "later", self.reject)
        buttons.addButton(self.restore, roles.AcceptRole)
        buttons.addButton(self.save, roles.ActionRole)
        buttons.addButton(self.discard, roles.DestructiveRole)
        buttons.addButton(self.later, roles.RejectRole)
        self.restore.setDefault(True)
        layout = QVBoxLayout(self)
        for part in (title, what, self.list, buttons):
            layout.addWidget(part)
        row = self.list.sizeHintForRow(0)
        self.list.setFixedHeight(min(len(left), MOST_ROWS) * row + 2 * self.list.frameWidth())
        layout.addStretch()
        self.setMinimumWidth(600)

    def _button(self, text: str, name: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"recovery.{name}")
        button.clicked.connect(lambda: act())
        return button

    @property
    def _chosen(self) -> LeftSession | None:
        row = self.list.currentRow()
        return self._left[row] if 0 <= row < len(self._left) else None

    def _follow(self, row: int) -> None:
        for button in (self.restore, self.save, self.discard):
            button.setEnabled(row >= 0)

    def _restore(self) -> None:
        left = self._chosen
        if left is not None and self._may_restore(self._restore):
            self._recovery.restore(left)
            self.accept()  # one window has room for one session; the others come at the next start

    def _save(self) -> None:
        left = self._chosen
        if left is None:
            return
        model = left.kept.model
        proposed = Path.home() / f"{model.path.stem if model else 'session'} recovered{ENDING}"
        if path := session_dialogs.ask_save_session(self, proposed):
            self._recovery.save(left, path)
            self._drop(left)

    def _discard(self) -> None:
        left = self._chosen
        if left is not None and session_dialogs.ask_discard(self, describe(left, hidden=True)):
            self._recovery.discard(left)
            self._drop(left)

    def _drop(self, left: LeftSession) -> None:
        row = self._left.index(left)
        self._left.pop(row)
        self.list.takeItem(row)
        if not self._left:
            self.accept()


def describe(left: LeftSession, *, hidden: bool) -> str:
    """Model, edits and time on one line, the study on another.

    Parameters
    ----------
    hidden : bool
        The path of a study may tell who the patient is: it is not shown.
    """
    kept = left.kept
    count, undone = len(kept.history.edits), len(kept.history.undone)
    parts = [kept.model.path.name if kept.model else "no model", _count(count, "edit")]
    if undone:
        parts.append(f"{_count(undone, 'step')} undone")
    if kept.measurements:
        parts.append(_count(len(kept.measurements), "measurement"))
    parts.append(_when(left.time))
    if not kept.studies:
        return " · ".join(parts)
    names = "" if hidden else ": " + ", ".join(place.path.name for place in kept.studies)
    study = f"{len(kept.studies)} studies" if len(kept.studies) > 1 else "1 study"
    return f"{' · '.join(parts)}\n{study}{names}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"


def _when(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds)
    today = datetime.fromtimestamp(time.time()).date()
    days = (today - at.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"{at:%d %B %Y}")
    return f"{day} {at:%H:%M}"


def offer(
    recovery: Recovery,
    may_restore: Callable[[Callable[[], None]], bool],
    hidden: Callable[[], bool],
    window: QWidget,
) -> None:
    """From now on, show what a recovery finds over a window."""

    def show(left: tuple[LeftSession, ...]) -> None:
        RecoveryDialog(left, recovery, may_restore, hidden(), window).open()

    recovery.found.connect(show)
