"""Which structures of a reference are which class of the model, one row a structure."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.reference import Matching
from unetscope.presenters.evaluation.view import MatchingView
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written

NONE = "(not compared)"
MOST_ROWS = 10  # more of them are scrolled
PATCH = 10


@guarded
class MatchingDialog(QDialog):
    """Asks for each structure of the reference which class it is.

    Parameters
    ----------
    view : MatchingView
        Structures, classes, and what is chosen so far.
    choose : callable
        Given the matching once the user has agreed to it.
    """

    def __init__(
        self, view: MatchingView, choose: Callable[[Matching], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("matching")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Match structures with classes")
        self._view = view
        self._choose = choose
        title = QLabel("Which structure of the reference is which class of the model?")
        title.setProperty("role", "title")
        what = QLabel(
            "Several structures may make one class. What is not compared stays out of the outline "
            "and of all numbers. The choice is remembered for this model."
        )
        what.setWordWrap(True)
        what.setProperty("role", "muted")
        self.choices: list[QComboBox] = []
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, segment in enumerate(view.reference.segments):
            name = QLabel(segment.name or f"Structure {segment.number}")
            name.setTextFormat(Qt.TextFormat.PlainText)
            code = f", {segment.code.meaning}" if segment.code is not None else ""
            name.setToolTip(as_written(f"Number {segment.number} in the file{code}"))
            choice = QComboBox()
            choice.setObjectName(f"matching.{segment.number}")
            choice.setIconSize(QSize(PATCH, PATCH))
            choice.addItem(NONE, None)
            for index, called, colour in view.classes:
                choice.addItem(_patch(colour), called, index)
            name.setBuddy(choice)
            grid.addWidget(name, number, 0)
            grid.addWidget(choice, number, 1)
            self.choices.append(choice)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(len(self.choices), 1)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setWidget(rows)
        shown = min(max(len(self.choices), 1), MOST_ROWS)
        height = self.choices[0].sizeHint().height() + 6 if self.choices else 30
        scrolled.setMinimumHeight(shown * height)
        scrolled.setMinimumWidth(min(rows.sizeHint().width() + 24, 640))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.proposed = QPushButton("As proposed")
        self.proposed.setObjectName("matching.proposed")
        self.proposed.setToolTip("What names, codes and numbers say")
        buttons.addButton(self.proposed, QDialogButtonBox.ButtonRole.ResetRole)
        self.proposed.clicked.connect(lambda: self.show_matching(view.proposed))
        buttons.accepted.connect(self._agree)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title)
        layout.addWidget(what)
        layout.addWidget(scrolled, 1)
        layout.addWidget(buttons)
        self.show_matching(view.matching)

    def show_matching(self, matching: Matching) -> None:
        """Show which class each structure is."""
        found = {number: index for index, numbers in matching for number in numbers}
        for segment, choice in zip(self._view.reference.segments, self.choices, strict=True):
            at = choice.findData(found.get(segment.number))
            choice.setCurrentIndex(max(at, 0))

    @property
    def matching(self) -> Matching:
        """What is chosen."""
        made: dict[int, list[int]] = {}
        for segment, choice in zip(self._view.reference.segments, self.choices, strict=True):
            index = choice.currentData()
            if index is not None:
                made.setdefault(int(index), []).append(segment.number)
        return tuple((index, tuple(numbers)) for index, numbers in sorted(made.items()))

    def _agree(self) -> None:
        self._choose(self.matching)
        self.accept()


def _patch(colour: str | None) -> QIcon:
    patch = QPixmap(PATCH, PATCH)
    patch.fill(QColor(colour) if colour else Qt.GlobalColor.transparent)
    return QIcon(patch)
