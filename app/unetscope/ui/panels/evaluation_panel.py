"""How well the masks agree with a reference: a table, a curve over the slices, the worst slices."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.evaluation import Measure
from unetscope.presenters.evaluation import EvaluationPresenter
from unetscope.presenters.evaluation.view import COLUMNS, EvaluationView, ScoreRow
from unetscope.ui import dialogs
from unetscope.ui.copying import CopyKeys
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written
from unetscope.ui.widgets.score_table import Line, ScoreTable
from unetscope.ui.widgets.slice_curve import SliceCurve

WANTED = 430  # pixels, for the table and the curve
BAR = COLUMNS.index("Dice")
PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8))  # overlap, distances, volumes, lesions
HEADER_TIPS = (
    "The classes of the model; with edits in force, below each as it was trained",
    "Dice: twice the shared voxels over those of both; 1 is the same",
    "Intersection over union: shared voxels over those of either",
    "95 % Hausdorff distance: 95 % of both surfaces lie this close to the other",
    "Mean surface distance: how far both surfaces lie from each other on average",
    "Volume of the mask in mL",
    "Volume of the reference in mL",
    "Separate pieces of the reference: found, sharing a voxel with the mask / missed",
    "Separate pieces of the mask that share no voxel with the reference",
)


@guarded
class EvaluationPanel(QDockWidget):
    """Draws an `EvaluationView`."""

    open_asked = Signal()
    matching_asked = Signal()

    def __init__(self, presenter: EvaluationPresenter, parent: QWidget) -> None:
        super().__init__("Evaluation", parent)
        self.setObjectName("evaluation")
        self.setProperty("wanted_height", WANTED)
        self._presenter = presenter
        self.reference = ElidedLabel()
        self.reference.setObjectName("evaluation.reference")
        self.open = _button("open", "Open reference…")
        set_tip(self.open, "Open a mask that somebody else made", "file.open_reference")
        self.beside = _button("beside", "Open its reference")
        self.beside.setToolTip("Open the mask that lies beside the study")
        self.match = _button("match", "Match…")
        tip = "Say which structures of the reference are which class of the model"
        set_tip(self.match, tip, "compare.match_reference")
        self.close_reference = _button("close", "Close")
        self.close_reference.setToolTip("Put the reference away; its file stays as it is")
        self.table = ScoreTable(len(COLUMNS), BAR, PAIRS)
        self.table.setObjectName("evaluation.table")
        self.table.setAccessibleName("Agreement with the reference, by class")
        CopyKeys(self.table, self.copy_table)
        self._empty = _told("evaluation.empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.setMinimumHeight(110)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        self.notes = ElidedLabel()
        self.notes.setObjectName("evaluation.notes")
        self.notes.setProperty("role", "muted")
        self.measure = QComboBox()
        self.measure.setObjectName("evaluation.measure")
        self.measure.setToolTip("What the curve shows, and what the worst slices are chosen by")
        for measure in Measure:
            self.measure.addItem(measure.value, measure)
        self.label = QComboBox()
        self.label.setObjectName("evaluation.label")
        self.label.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.label.setToolTip("Whose curve it is")
        self.curve = SliceCurve()
        self.curve.setObjectName("evaluation.curve")
        self.curve.setAccessibleName("Agreement of each slice")
        self.worst = QLabel()
        self.worst.setObjectName("evaluation.worst")
        self.worst.setTextFormat(Qt.TextFormat.RichText)
        self.worst.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.worst.setToolTip("Click a slice to go there")
        # as wide as there is room: what comes last is cut
        self.worst.setWordWrap(True)
        self.worst.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.start = _button("start", "Segment the series")
        tip = "Segment every slice in the background and measure the masks against the reference"
        set_tip(self.start, tip, "compare.evaluate")
        self.copy = _button("copy", "Copy")
        self.copy.setToolTip("Copy the table for a spreadsheet (Ctrl+C in the table)")
        self.save = _button("save", "CSV…")
        self.save.setToolTip("Write all scores by class and by slice; no patient is named in them")
        self.state = ElidedLabel()
        self.state.setProperty("role", "muted")
        self._labels: tuple[tuple[int | None, str], ...] = ()
        self._rows: tuple[ScoreRow, ...] | None = None  # on show
        self.setWidget(self._content())
        self._connect()
        self.show_view(presenter.view)

    def _content(self) -> QWidget:
        top, chosen = FlowLayout(), FlowLayout()
        first = (self.open, self.beside, self.match, self.close_reference, self.copy, self.save)
        for button in first:
            top.addWidget(button)
        for box in (self.measure, self.label):
            chosen.addWidget(box)
        chosen.addWidget(self.start)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.reference)
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.notes)
        layout.addLayout(chosen)
        layout.addWidget(self.curve)
        layout.addWidget(self.worst)
        layout.addWidget(self.state)
        return content

    def _connect(self) -> None:
        presenter = self._presenter
        self.open.clicked.connect(self.open_asked)
        self.match.clicked.connect(self.matching_asked)
        self.beside.clicked.connect(presenter.open_beside)
        self.close_reference.clicked.connect(presenter.close)
        self.measure.activated.connect(
            lambda index: presenter.look_at(Measure(self.measure.itemData(index)))
        )
        self.label.activated.connect(lambda index: presenter.of_class(self._labels[index][0]))
        self.curve.chosen.connect(presenter.go_to)
        self.worst.linkActivated.connect(lambda link: presenter.go_to(int(link)))
        self.start.clicked.connect(self._start_or_cancel)
        self.copy.clicked.connect(self.copy_table)
        self.save.clicked.connect(self.save_table)
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    def copy_table(self) -> None:
        """Put the table into the clipboard, as rows of tab-separated values."""
        QApplication.clipboard().setText(self._presenter.as_text())

    def save_table(self) -> None:
        """Ask where to, and write all that is known as CSV."""
        if path := dialogs.ask_save_table(self, "Save scores", "scores.csv"):
            self._presenter.save(path)

    def _start_or_cancel(self) -> None:
        if self._presenter.view.running:
            self._presenter.cancel()
        else:
            self._presenter.start()

    # ------------------------------------------------------------------- view

    def show_view(self, view: EvaluationView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        has_table = not view.empty
        self.reference.setText(view.reference)
        self.reference.setToolTip(as_written(view.reference))
        self.reference.setVisible(bool(view.reference))
        self.open.setVisible(not view.reference)
        self.open.setEnabled(view.can_open)
        self.beside.setVisible(view.beside is not None)
        self.match.setVisible(bool(view.reference) and view.can_match)
        self.close_reference.setVisible(bool(view.reference))
        self._empty.setText(view.empty)
        self._pages.setCurrentWidget(self.table if has_table else self._empty)
        self.notes.setText(view.notes)
        self.notes.setToolTip(as_written(view.notes))
        self.notes.setVisible(bool(view.notes))
        if view.rows is not self._rows:
            self._rows = view.rows
            self._show_table(view)
        self._show_curve(view)
        self.copy.setVisible(has_table)
        self.save.setVisible(has_table)
        self.start.setText("Cancel" if view.running else "Segment the series")
        self.start.setVisible(bool(view.running) or (has_table and view.missing > 0))
        self.state.setText(view.running)
        self.state.setVisible(bool(view.running))

    def _show_table(self, view: EvaluationView) -> None:
        self.table.show_heads(tuple(zip(("", *COLUMNS[1:]), HEADER_TIPS, strict=True)))
        self.table.show_lines([_line(row) for row in view.rows])

    def _show_curve(self, view: EvaluationView) -> None:
        is_known = bool(np.isfinite(view.curve).any())
        for widget in (self.measure, self.label, self.curve, self.worst):
            widget.setVisible(is_known)
        if not is_known:
            return
        with QSignalBlocker(self.measure), QSignalBlocker(self.label):
            self.measure.setCurrentIndex(list(Measure).index(view.measure))
            if view.labels != self._labels:
                self._labels = view.labels
                self.label.clear()
                self.label.addItems([name for _, name in view.labels])
            chosen = [index for index, _ in view.labels].index(view.label)
            self.label.setCurrentIndex(chosen)
        self.label.setVisible(len(view.labels) > 1)
        self.curve.show_values(
            view.curve, view.index, view.unit, digits=3, beside=view.trained_curve
        )
        links = (
            f'<a href="{index}">{text.replace(" ", "&nbsp;")}</a>' for index, text in view.worst
        )
        self.worst.setText("Worst slices: " + "&nbsp; ".join(links))


def _line(row: ScoreRow) -> Line:
    return Line(
        texts=row.texts,
        tips=row.tips,
        colour=row.colour,
        share=row.share,
        heading=row.heading,
        muted=row.trained,
    )


def _button(name: str, text: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(f"evaluation.{name}")
    return button


def _told(name: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setObjectName(name)
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    return label
