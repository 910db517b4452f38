"""The tag browser: the header of the slice shown, searched as one types."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QFont, QGuiApplication, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.tags import TagRow
from unetscope.presenters.tags import TagsPresenter, TagsView
from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.row_table import RowTable

HEADINGS = ("Tag", "Name", "VR", "Value")
NAME, VALUE = 1, 3
DEEPEST = 12  # levels of a sequence that are drawn as such


class TagModel(RowTable[TagRow]):
    """Rows of a header."""

    headings = HEADINGS

    def shown(self, row: TagRow, column: int, role: int) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return texts_of(row)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (row.keyword, row.value) if part) or None
        if role == Qt.ItemDataRole.FontRole and row.private:
            return _italic()
        if role == Qt.ItemDataRole.ForegroundRole and row.private:
            return theme.colour("text_muted")
        return None


@guarded
class TagBrowser(QDialog):
    """Draws a `TagsView` and reports what is searched; it follows the slice while it is open."""

    def __init__(self, presenter: TagsPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tag_browser")
        self.setWindowTitle("DICOM tags")
        self.setSizeGripEnabled(True)
        self._presenter = presenter
        self.title = QLabel()
        self.title.setObjectName("tag_browser.title")
        self.title.setProperty("role", "title")
        self.search = QLineEdit()
        self.search.setObjectName("tag_browser.search")
        self.search.setPlaceholderText("Find by name, number or value")
        self.search.setClearButtonEnabled(True)
        self.model = TagModel(self)
        self.table = QTableView()
        self.table.setObjectName("tag_browser.table")
        self.table.setModel(self.model)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for column, letters in enumerate((13, 40, 5)):
            self.table.setColumnWidth(column, letters * self.fontMetrics().averageCharWidth() + 24)
        self.count = QLabel()
        self.count.setObjectName("tag_browser.count")
        self.count.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        for widget in (self.title, self.search, self.table, self.count):
            layout.addWidget(widget)
        self.resize(860, 620)

        copies = (
            ("Copy rows", QKeySequence(QKeySequence.StandardKey.Copy), self.copy_rows),
            ("Copy value", QKeySequence("Ctrl+Shift+C"), self.copy_value),
        )
        for text, keys, run in copies:
            action = QAction(text, self.table)
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(run)
            self.table.addAction(action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.search.textChanged.connect(presenter.search)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: TagsView) -> None:
        """Draw `view`, staying at the element that is selected."""
        current = self.table.currentIndex()
        kept = self.model.row(current.row()) if current.isValid() else None
        self.title.setText(view.title)
        self.model.show_rows(view.rows)
        found = f"{len(view.rows):,} of {view.total:,} elements"
        self.count.setText(view.problem or found)
        for at, row in enumerate(view.rows if kept else ()):
            if kept and (row.group_element, row.depth) == (kept.group_element, kept.depth):
                self.table.setCurrentIndex(self.model.index(at, current.column()))
                break

    def copy_rows(self) -> None:
        """Copy the selected rows as a table."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        lines = ("\t".join(texts_of(self.model.row(row))) for row in rows)
        QGuiApplication.clipboard().setText("\n".join(lines))

    def copy_value(self) -> None:
        """Copy the value of the current row."""
        current = self.table.currentIndex()
        if current.isValid():
            QGuiApplication.clipboard().setText(self.model.row(current.row()).value)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to follow the slice."""
        super().showEvent(event)
        self._presenter.watch(True)
        self.search.setFocus()

    def hideEvent(self, event: QEvent) -> None:
        """Follow no longer."""
        self._presenter.watch(False)


def texts_of(row: TagRow) -> tuple[str, str, str, str]:
    """What stands in the columns; an element of a sequence is set in."""
    name = f"{'    ' * min(row.depth, DEEPEST)}{row.name}"
    return row.group_element, name, row.vr, row.value


def _italic() -> QFont:
    font = QFont()
    font.setItalic(True)
    return font
