"""A window with two models layer by layer."""

from __future__ import annotations

from math import isnan

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.model_comparison import (
    HEADINGS,
    LayerRow,
    ModelComparisonPresenter,
    ModelComparisonView,
)
from unetscope.ui import filter_files, theme
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.row_table import RowTable


class LayerTable(RowTable[LayerRow]):
    """Rows of the comparison, a layer each."""

    headings = HEADINGS

    def shown(self, row: LayerRow, column: int, role: int) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.texts[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip
        quiet = row.identical or isnan(row.relative)
        if role == Qt.ItemDataRole.ForegroundRole and quiet:
            return theme.colour("text_muted")
        if role == Qt.ItemDataRole.TextAlignmentRole and 2 <= column <= 4:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


class ModelComparison(QDialog):
    """Draws a `ModelComparisonView`; a row selects its layer everywhere."""

    def __init__(self, presenter: ModelComparisonPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("model_comparison")
        self.setSizeGripEnabled(True)
        self._presenter = presenter
        self._rows: tuple[LayerRow, ...] = ()
        self.model = LayerTable(self)
        self.table = QTableView()
        self.table.setObjectName("model_comparison.table")
        self.table.setModel(self.model)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, letters in enumerate((22, 22, 16, 12, 10)):
            self.table.setColumnWidth(column, letters * self.fontMetrics().averageCharWidth() + 16)
        self.summary = ElidedLabel()
        self.summary.setObjectName("model_comparison.summary")
        self.summary.setProperty("role", "muted")
        self.choose = QPushButton("Choose another model…")
        self.choose.setObjectName("model_comparison.choose")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self.ask)
        foot = QHBoxLayout()
        foot.addWidget(self.summary, 1)
        foot.addWidget(self.choose)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addLayout(foot)
        self.resize(820, 560)
        self.table.selectionModel().currentRowChanged.connect(self._picked)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def ask(self) -> None:
        """Ask for another model and compare with it."""
        path = filter_files.ask_other_model(self)
        if path is not None:
            self._presenter.open(path)

    def show_view(self, view: ModelComparisonView) -> None:
        """Draw `view`, with the row of the layer that is shown selected."""
        self.setWindowTitle(view.title)
        self.summary.setText(view.summary)
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        if view.rows != self._rows:
            self._rows = view.rows
            self.model.show_rows(view.rows)
        at = next((i for i, row in enumerate(view.rows) if row.layer == view.selected), None)
        if at is not None and self.table.currentIndex().row() != at:
            self.table.selectRow(at)
        selection.blockSignals(False)
        self.table.viewport().update()

    def _picked(self, current: QModelIndex) -> None:
        if current.isValid() and (layer := self.model.row(current.row()).layer) is not None:
            self._presenter.select(layer)
