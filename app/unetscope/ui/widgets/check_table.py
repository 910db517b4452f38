"""What a slice is beside what a model was trained on, a mark for each that needs no colour."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from unetscope.domain.input_check import Check, Mark
from unetscope.ui.widgets.plain_text import as_written

SIGNS = {Mark.MATCH: "✓", Mark.MISMATCH: "≠", Mark.UNKNOWN: "?"}
_ROLES = {Mark.MATCH: "ok", Mark.MISMATCH: "error", Mark.UNKNOWN: "warning"}
_TITLES = ("", "", "this slice", "trained on")


class CheckTable(QWidget):
    """A row for each check; under a mismatch, why it is one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(7)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 1)
        self._grid.setColumnStretch(3, 1)
        self._labels: list[QLabel] = []
        self._rows: list[tuple[QLabel, ...]] = []
        self._checks: tuple[Check, ...] = ()

    def show_checks(self, checks: Sequence[Check]) -> None:
        """Show a row for each check."""
        if tuple(checks) == self._checks:
            return
        same = [_look(check) for check in checks] == [_look(check) for check in self._checks]
        self._checks = tuple(checks)
        if same:  # as from slice to slice: other values in the same rows
            for labels, check in zip(self._rows, checks, strict=True):
                _fill(labels, check)
            return
        for label in self._labels:
            label.setParent(None)
            label.deleteLater()
        self._labels, self._rows = [], []
        for column, title in enumerate(_TITLES if checks else ()):
            self._put(title, 0, column, "muted")
        for i, check in enumerate(checks):
            self._show(check, 2 * i + 1)

    def text(self) -> str:
        """All rows as lines: mark, name, slice, model."""
        return "\n".join(
            f"{SIGNS[c.mark]} {c.name}: {c.slice or '–'} | {c.model or '–'}" for c in self._checks
        )

    def _show(self, check: Check, row: int) -> None:
        roles = (_ROLES[check.mark], "muted", "value", "value")
        labels = [self._put("", row, column, role) for column, role in enumerate(roles)]
        if _look(check)[2]:
            why = QLabel(self, textFormat=Qt.TextFormat.PlainText)
            why.setWordWrap(True)
            why.setProperty("role", "error")
            self._grid.addWidget(why, row + 1, 1, 1, 3)
            self._labels.append(why)
            labels.append(why)
        _fill(tuple(labels), check)
        self._rows.append(tuple(labels))

    def _put(self, text: str, row: int, column: int, role: str) -> QLabel:
        label = QLabel(text, self, textFormat=Qt.TextFormat.PlainText)
        label.setProperty("role", role)
        if column >= 2:  # both share what the names leave, however little
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._grid.addWidget(label, row, column)
        self._labels.append(label)
        return label


def _look(check: Check) -> tuple[str, Mark, bool]:
    """What rows have to have in common to be the same widgets: name, mark, a line of its reason."""
    return check.name, check.mark, check.mark is Mark.MISMATCH and bool(check.reason)


def _fill(labels: tuple[QLabel, ...], check: Check) -> None:
    """Write a check into its row: mark, name, slice, model, and why it is a mismatch."""
    told = f"{check.name}: {check.mark.value}. {check.reason}".strip()
    texts = (SIGNS[check.mark], check.name, check.slice or "–", check.model or "–", check.reason)
    labels[0].setAccessibleName(told)
    for label, text in zip(
        labels, texts, strict=False
    ):  # only a mismatch has a line for its reason
        if label.text() != text:
            label.setText(text)
    for label in labels[:4]:
        label.setToolTip(as_written(told))
