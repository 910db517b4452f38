"""What the edits change: a table by class and a curve over the slices."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.comparing import Unit
from unetscope.presenters.comparison import COLUMNS, ComparisonPresenter, ComparisonView
from unetscope.ui import dialogs
from unetscope.ui.copying import CopyKeys
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.slice_curve import SliceCurve

PATCH, ROW = 10, 22
NARROW = "QHeaderView::section { padding: 3px 2px; } QTableView::item { padding: 0 2px; }"


@guarded
class ComparisonPanel(QDockWidget):
    """Draws a `ComparisonView`."""

    def __init__(self, presenter: ComparisonPresenter, parent: QWidget) -> None:
        super().__init__("Compare", parent)
        self.setObjectName("comparison")
        self._presenter = presenter

        self.scope = QComboBox()
        self.scope.setObjectName("comparison.scope")
        self.scope.setToolTip("What the table covers")
        self.scope.addItem("This slice", False)
        self.scope.addItem("Whole series", True)
        self.unit = QComboBox()
        self.unit.setObjectName("comparison.unit")
        self.unit.setToolTip("What changes are counted in; lengths must be known for mm and mL")
        for unit in Unit:
            self.unit.addItem(unit.value, unit)
        self.copy = QPushButton("Copy")
        self.copy.setObjectName("comparison.copy")
        self.copy.setToolTip("Copy the table for a spreadsheet (Ctrl+C in the table)")
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setObjectName("comparison.table")
        self.table.setAccessibleName("What changed, by class")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.setIconSize(QSize(PATCH, PATCH))
        self.table.setStyleSheet(NARROW)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setWordWrap(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(30)
        self.table.setHorizontalHeaderLabels(COLUMNS)
        CopyKeys(self.table, self.copy_table)
        self._empty = _told("comparison.empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.setMinimumHeight(60)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        self.summary = _told("comparison.summary", "value")
        self.note = _told("comparison.note")
        self.start = QPushButton("Compare series")
        self.start.setObjectName("comparison.start")
        tip = "Segment every slice with both networks in the background, and keep the masks"
        set_tip(self.start, tip, "compare.series")
        self.worst = QPushButton("Most changed slice")
        self.worst.setObjectName("comparison.worst")
        set_tip(self.worst, "Go to the slice that changed most, then to the next", "compare.worst")
        self.state = ElidedLabel()
        self.state.setProperty("role", "muted")
        self.curve = SliceCurve()
        self.curve.setObjectName("comparison.curve")
        self.curve.setAccessibleName("Changed voxels of each slice")
        self.setWidget(self._content())
        self._connect()
        self.show_view(presenter.view)

    def _content(self) -> QWidget:
        top, below = FlowLayout(), FlowLayout()
        for widget in (self.scope, self.unit, self.copy):
            top.addWidget(widget)
        for widget in (self.start, self.worst):
            below.addWidget(widget)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.note)
        layout.addWidget(self.curve)
        layout.addLayout(below)
        layout.addWidget(self.state)
        return content

    def _connect(self) -> None:
        presenter = self._presenter
        self.scope.activated.connect(
            lambda i: presenter.show_table(whole=bool(self.scope.itemData(i)))
        )
        self.unit.activated.connect(
            lambda i: presenter.show_table(unit=Unit(self.unit.itemData(i)))
        )
        self.copy.clicked.connect(self.copy_table)
        self.start.clicked.connect(self._start_or_cancel)
        self.worst.clicked.connect(presenter.go_to_worst)
        self.curve.chosen.connect(presenter.go_to)
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    def copy_table(self) -> None:
        """Put the table into the clipboard, as rows of tab-separated values."""
        QApplication.clipboard().setText(self._presenter.as_text())

    def save_table(self) -> None:
        """Ask where to, and write all that is known as CSV."""
        if path := dialogs.ask_save_table(self, "Save changes", "changes.csv"):
            self._presenter.save(path)

    def _start_or_cancel(self) -> None:
        if self._presenter.view.running:
            self._presenter.cancel()
        else:
            self._presenter.start()

    # ------------------------------------------------------------------- view

    def show_view(self, view: ComparisonView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        with QSignalBlocker(self.scope), QSignalBlocker(self.unit):
            self.scope.setCurrentIndex(self.scope.findData(view.whole))
            unit = view.chosen_unit if view.units_known else Unit.VOXELS
            self.unit.setCurrentIndex(list(Unit).index(unit))
        self.unit.setEnabled(view.units_known)
        self.copy.setEnabled(bool(view.rows))
        self._empty.setText(view.empty)
        self._pages.setCurrentWidget(self._empty if view.empty else self.table)
        self._show_rows(view)
        for label, text in ((self.summary, view.summary), (self.note, view.note)):
            label.setText(text)
            label.setVisible(bool(text))
        has_slices = bool(len(view.curve))
        is_known = view.missing < len(view.curve)
        self.curve.setVisible(has_slices and is_known)
        self.curve.show_values(view.curve, view.index, "voxels changed")
        self.worst.setEnabled(is_known)
        self.start.setText("Cancel" if view.running else "Compare series")
        self.start.setEnabled(bool(view.running) or (has_slices and view.missing > 0))
        self.state.setText(view.running)
        self.state.setVisible(bool(view.running))

    def _show_rows(self, view: ComparisonView) -> None:
        self.table.setRowCount(len(view.rows))
        for row, texts in enumerate(view.rows):
            for column, text in enumerate(texts):
                item = self.table.item(row, column) or self._new_item(row, column)
                item.setText(text)
                if column == 0:
                    item.setIcon(_patch(view.colours[row]))
                    item.setToolTip(text)
                else:
                    item.setToolTip(f"{COLUMNS[column]}, {view.unit if column < 5 else 'overlap'}")

    def _new_item(self, row: int, column: int) -> QTableWidgetItem:
        item = QTableWidgetItem()
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.table.setItem(row, column, item)
        return item


def _patch(colour: str | None) -> QIcon:
    """The colour of a class, or nothing."""
    patch = QPixmap(PATCH, PATCH)
    patch.fill(QColor(colour) if colour else Qt.GlobalColor.transparent)
    return QIcon(patch)


def _told(name: str, role: str = "muted") -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label
