"""The files that were left out of a study, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.study import Skipped


class _Row(QTreeWidgetItem):
    """A file; one that is of no interest stands after all others, however they are sorted."""

    def __init__(self, file: Skipped) -> None:
        super().__init__([file.path.name, file.reason, str(file.path.parent)])
        self._expected = file.expected

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        tree = self.treeWidget()
        if isinstance(other, _Row) and self._expected != other._expected:
            descending = tree.header().sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
            return self._expected == descending
        column = tree.sortColumn()
        return self.text(column) < other.text(column)


class SkippedDialog(QDialog):
    """Lists files and reasons, to be searched and copied."""

    def __init__(self, skipped: Sequence[Skipped], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("skipped")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Skipped files")
        others = sum(file.expected for file in skipped)
        title = QLabel(_title(len(skipped) - others, others))
        title.setProperty("role", "title")
        self.search = QLineEdit()
        self.search.setObjectName("skipped.search")
        self.search.setPlaceholderText("Find a file or a reason")
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget()
        self.list.setObjectName("skipped.list")
        self.list.setHeaderLabels(["File", "Reason", "Folder"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.addTopLevelItems([_Row(file) for file in skipped])
        self.list.setSortingEnabled(True)
        self.list.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        header = self.list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, 220)
        header.resizeSection(1, 320)
        kinds = QDialogButtonBox.ButtonRole
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy list", kinds.ActionRole)
        self.copy.setObjectName("skipped.copy")
        for button in buttons.buttons():
            button.setIcon(QIcon())
        layout = QVBoxLayout(self)
        for widget in (title, self.search, self.list, buttons):
            layout.addWidget(widget)
        self.resize(760, 460)
        self.search.textChanged.connect(self._filter)
        self.copy.clicked.connect(self.copy_list)
        buttons.rejected.connect(self.reject)

    def copy_list(self) -> None:
        """Copy the selected files, or all that are listed, with their reasons."""
        rows = self.list.selectedItems() or [item for item in self._items() if not item.isHidden()]
        lines = (f"{row.text(2)}/{row.text(0)}\t{row.text(1)}" for row in rows)
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _items(self) -> list[QTreeWidgetItem]:
        items = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        return [item for item in items if item is not None]

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        for item in self._items():
            said = " ".join(item.text(column) for column in range(3)).casefold()
            item.setHidden(not all(word in said for word in words))


def _title(count: int, others: int) -> str:
    """How many files were left out, and how many of kinds that hold no slices."""
    left_out = f"{count:,} file{' was' if count == 1 else 's were'} left out"
    of_others = f"{others:,} file{'' if others == 1 else 's'} of other kinds"
    return f"{left_out}, and {of_others}" if count and others else of_others if others else left_out
