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


class SkippedDialog(QDialog):
    """Lists files and reasons, to be searched and copied."""

    def __init__(self, skipped: Sequence[Skipped], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("skipped")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Skipped files")
        count = len(skipped)
        title = QLabel(f"{count:,} file{' was' if count == 1 else 's were'} left out")
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
        self.list.addTopLevelItems(
            [
                QTreeWidgetItem([file.path.name, file.reason, str(file.path.parent)])
                for file in skipped
            ]
        )
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
