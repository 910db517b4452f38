"""The list of studies and series, with thumbnails."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QDockWidget, QLabel, QStackedWidget, QTreeWidget, QTreeWidgetItem
from PySide6.QtWidgets import QWidget as Parent

from unetscope.presenters.studies import SeriesRow, StudiesPresenter, StudiesView

UID = Qt.ItemDataRole.UserRole
THUMBNAIL = 44


class StudiesPanel(QDockWidget):
    """Draws a `StudiesView`; a click on a series shows it."""

    def __init__(self, presenter: StudiesPresenter, parent: Parent) -> None:
        super().__init__("Series", parent)
        self.setObjectName("studies")
        self._presenter = presenter

        self.tree = QTreeWidget()
        self.tree.setObjectName("studies.tree")
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(6)
        self.tree.setRootIsDecorated(False)
        self.tree.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.tree.setAccessibleName("Series")
        self._empty = QLabel()
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.tree)
        self.setWidget(self._stack)

        self.tree.currentItemChanged.connect(self._picked)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: StudiesView) -> None:
        """Make the list show `view` without reporting it as a choice."""
        self._empty.setText(view.empty)
        self._stack.setCurrentIndex(1 if view.studies else 0)
        with QSignalBlocker(self.tree):
            self.tree.clear()
            for study in view.studies:
                top = QTreeWidgetItem([f"{study.title}\n{study.details}".strip()])
                top.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = top.font(0)
                font.setBold(True)
                top.setFont(0, font)
                self.tree.addTopLevelItem(top)
                for row in study.series:
                    item = _item(row)
                    top.addChild(item)
                    if row.uid == view.selected:
                        self.tree.setCurrentItem(item)
            self.tree.expandAll()

    def _picked(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and (uid := item.data(0, UID)):
            self._presenter.select(uid)


def _item(row: SeriesRow) -> QTreeWidgetItem:
    warn = "⚠ " if row.warnings else ""
    item = QTreeWidgetItem([f"{warn}{row.title}\n{row.details}"])
    item.setData(0, UID, row.uid)
    item.setToolTip(0, "\n".join([row.title, row.details, *row.warnings]))
    picture = QPixmap(THUMBNAIL, THUMBNAIL)
    picture.fill(Qt.GlobalColor.black)
    if row.thumbnail is not None:
        height, width = row.thumbnail.shape
        grey = row.thumbnail.tobytes()
        image = QImage(grey, width, height, width, QImage.Format.Format_Grayscale8)
        picture = QPixmap.fromImage(image.copy())
    item.setIcon(0, QIcon(picture))
    return item
