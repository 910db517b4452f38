"""Which structure each feature map follows: a table that selects maps."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.dissection import (
    HEADINGS,
    TIPS,
    DissectionPresenter,
    DissectionRow,
    DissectionView,
)
from unetscope.ui import dialogs, theme
from unetscope.ui.copying import CopyKeys
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written, title_of
from unetscope.ui.widgets.row_table import RowTable
from unetscope.ui.widgets.share_bar import SHARE, ShareBar

WIDTHS = (6, 18, 8, 17, 12, 12, 9)  # of the columns, in letters
PATCH = 10  # pixels of a label's colour
LABEL, BAR = HEADINGS.index("Label"), HEADINGS.index("IoU")
START = "explain.dissect"
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _patch(colour: str) -> QIcon:
    """The colour of a label, the same in a row that is selected."""
    patch, icon = QPixmap(PATCH, PATCH), QIcon()
    patch.fill(QColor(colour))
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(patch, mode)
    return icon


@guarded
class DissectionTable(RowTable[DissectionRow]):
    """Rows of a dissection, a map each."""

    headings = HEADINGS

    def shown(self, row: DissectionRow, column: int, role: int) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.texts[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_written(row.tip)
        if role == SHARE and column == BAR:
            return row.share
        if role == Qt.ItemDataRole.DecorationRole and column == LABEL and row.colour:
            return _patch(row.colour)
        if role == Qt.ItemDataRole.ForegroundRole and not row.strong:
            return theme.colour("text_muted")
        if role == Qt.ItemDataRole.TextAlignmentRole and column != LABEL:
            return _RIGHT
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if role == Qt.ItemDataRole.ToolTipRole and orientation == Qt.Orientation.Horizontal:
            return as_written(TIPS[section])
        return super().headerData(section, orientation, role)


@guarded
class DissectionPanel(QDockWidget):
    """Draws a `DissectionView`; a row selects its map, a double click lays it over the slice."""

    def __init__(self, presenter: DissectionPresenter, parent: QWidget) -> None:
        super().__init__("Dissection", parent)
        self.setObjectName("dissection")
        self._presenter = presenter
        self._view = presenter.view
        self.summary = ElidedLabel()
        self.summary.setObjectName("dissection.summary")
        self.model = DissectionTable(self)
        self.table = QTableView()
        self.table.setObjectName("dissection.table")
        self.table.setAccessibleName("Feature maps and the labels that they follow")
        self.table.setModel(self.model)
        self.table.setShowGrid(False)
        self.table.setIconSize(QSize(PATCH, PATCH))
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setMinimumHeight(80)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, letters in enumerate(WIDTHS):
            self.table.setColumnWidth(column, letters * self.fontMetrics().averageCharWidth() + 14)
        header.setSectionResizeMode(BAR, QHeaderView.ResizeMode.Stretch)
        self.table.setItemDelegateForColumn(BAR, ShareBar(self.table))
        CopyKeys(self.table, self.copy_table)
        self._empty = QLabel()
        self._empty.setObjectName("dissection.empty")
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        self.note = ElidedLabel()
        self.note.setObjectName("dissection.note")
        self.note.setProperty("role", "muted")
        self.label = QComboBox()
        self.label.setObjectName("dissection.label")
        self.label.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.label.setToolTip("List the overlap of each map with this label alone")
        self.own = QCheckBox("Own mask")
        self.own.setObjectName("dissection.own")
        self.own.setToolTip("Compare with the network's own mask, not with the reference")
        self.begin = QPushButton("Compare")
        self.begin.setObjectName("dissection.start")
        self.all_layers = QPushButton("All layers")
        self.all_layers.setObjectName("dissection.all")
        tip = "Compare the maps of the input and of every layer, one layer after the other"
        set_tip(self.all_layers, tip, "explain.dissect_all")
        self.copy = QPushButton("Copy")
        self.copy.setObjectName("dissection.copy")
        self.copy.setToolTip("Copy the table for a spreadsheet (Ctrl+C in the table)")
        self.save = QPushButton("CSV…")
        self.save.setObjectName("dissection.save")
        self.save.setToolTip(
            "Write the overlap of every map with every label, of all layers compared so far"
        )
        self._labels: tuple[tuple[int | None, str], ...] = ()
        self._rows: tuple[DissectionRow, ...] = ()
        top = FlowLayout()
        for widget in (self.begin, self.all_layers, self.label, self.own, self.copy, self.save):
            top.addWidget(widget)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.summary)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.note)
        self.setWidget(content)

        self.label.activated.connect(lambda index: presenter.list_label(self._labels[index][0]))
        self.own.clicked.connect(presenter.compare_with_own)
        self.begin.clicked.connect(presenter.start)
        self.all_layers.clicked.connect(presenter.start_all)
        self.copy.clicked.connect(self.copy_table)
        self.save.clicked.connect(self.save_table)
        self.table.selectionModel().currentRowChanged.connect(self._picked)
        self.table.activated.connect(self._activated)
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def copy_table(self) -> None:
        """Put the table into the clipboard, as rows of tab-separated values."""
        QApplication.clipboard().setText(self._presenter.as_text())

    def save_table(self) -> None:
        """Ask where to, and write all that is known of the layer as CSV."""
        if path := dialogs.ask_save_table(self, "Save dissection", "dissection.csv"):
            self._presenter.save(path)

    def show_view(self, view: DissectionView) -> None:
        """Make the panel show `view` without reporting it as a choice."""
        self._view = view
        self.setWindowTitle(title_of(view.title))
        self.summary.setText(view.summary)
        self.summary.setVisible(not view.empty)
        self.note.setText(view.note)
        self.note.setVisible(bool(view.note))
        self._empty.setText(view.empty)
        self._pages.setCurrentWidget(self._empty if view.empty else self.table)
        self.begin.setText("Stop" if view.running else "Compare")
        self.begin.setEnabled(view.running or view.can_start)
        self.all_layers.setEnabled(view.can_start and not view.running)
        tip = "Compare each map of the layer with the labels over the series, in the background"
        set_tip(self.begin, "Stop; what is counted stays" if view.running else tip, START)
        with QSignalBlocker(self.label):
            if view.labels != self._labels:
                self._labels = view.labels
                self.label.clear()
                self.label.addItems([name for _, name in view.labels])
            self.label.setCurrentIndex([label for label, _ in view.labels].index(view.label))
        with QSignalBlocker(self.own):
            self.own.setChecked(view.own)
        self.own.setVisible(view.has_reference)
        for widget in (self.label, self.copy, self.save):
            widget.setVisible(not view.empty)
        selection = self.table.selectionModel()
        with QSignalBlocker(selection):
            if view.rows is not self._rows:
                self._rows = view.rows
                self.model.show_rows(view.rows)
            self._select(view.selected)
        self.table.viewport().update()

    def _select(self, feature_map: int | None) -> None:
        rows = self._view.rows
        at = next((i for i, row in enumerate(rows) if row.map == feature_map), None)
        if at is None:
            self.table.clearSelection()
        elif self.table.currentIndex().row() != at:
            self.table.selectRow(at)

    def _picked(self, current: QModelIndex) -> None:
        if current.isValid():
            self._presenter.select(self.model.row(current.row()).map)

    def _activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self._presenter.lay_over(self.model.row(index.row()).map)
