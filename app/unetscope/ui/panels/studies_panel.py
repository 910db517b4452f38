"""The list of studies and series, with thumbnails."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QDockWidget, QLabel, QStackedWidget, QTreeWidgetItem
from PySide6.QtWidgets import QWidget as Parent

from unetscope.presenters.studies import SeriesRow, StudiesPresenter, StudiesView
from unetscope.ui.skipped_dialog import SkippedDialog
from unetscope.ui.widgets.plain_text import as_written
from unetscope.ui.widgets.series_tree import (
    CARD,
    KEY,
    KIND,
    LINK,
    SeriesTree,
    card,
    fill_card,
    heading,
    link,
)


class StudiesPanel(QDockWidget):
    """Draws a `StudiesView`; going to a series shows it."""

    def __init__(self, presenter: StudiesPresenter, parent: Parent) -> None:
        super().__init__("Study", parent)
        self.setObjectName("studies")
        self._presenter = presenter
        self._listed: object = None
        self._cards: dict[str, QTreeWidgetItem] = {}

        self.tree = SeriesTree()
        self.tree.setObjectName("studies.tree")
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
        self.tree.itemClicked.connect(self._opened)
        self.tree.itemActivated.connect(self._opened)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: StudiesView) -> None:
        """Make the list show `view` without reporting it as a choice."""
        self._empty.setText(view.empty)
        self._stack.setCurrentIndex(1 if view.studies else 0)
        with QSignalBlocker(self.tree):
            self._list(view)
            for study in view.studies:
                for row in study.series:
                    _fill(self._cards[row.uid], row, shown=row.uid == view.selected)
            current = self._cards.get(view.selected or "")
            if current is not None and current is not self.tree.currentItem():
                self.tree.setCurrentItem(current)
        self.tree.viewport().update()

    def _list(self, view: StudiesView) -> None:
        """Make the items anew if there are others than before, and stay where one was."""
        listed = [
            (study.title, study.details, len(study.skipped), *(row.uid for row in study.series))
            for study in view.studies
        ]
        if listed == self._listed:
            return
        self._listed, self._cards = listed, {}
        place = self.tree.verticalScrollBar().value()
        self.tree.clear()
        for number, study in enumerate(view.studies):
            top = heading(study.title, study.details)
            self.tree.addTopLevelItem(top)
            for row in study.series:
                self._cards[row.uid] = card(row.uid)
                top.addChild(self._cards[row.uid])
            if study.skipped:
                unexpected = sum(not file.expected for file in study.skipped)
                count = unexpected or len(study.skipped)
                how = "skipped" if unexpected else "of other kinds"
                top.addChild(link(str(number), f"{count:,} file{'s' * (count > 1)} {how} …"))
        self.tree.expandAll()
        self.tree.verticalScrollBar().setValue(place)

    def _picked(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, KIND) == CARD:
            self._presenter.select(str(item.data(0, KEY)))

    def _opened(self, item: QTreeWidgetItem) -> None:
        if item.data(0, KIND) == LINK:
            study = self._presenter.view.studies[int(item.data(0, KEY))]
            SkippedDialog(study.skipped, self).open()
        elif item.data(0, KEY) != self._presenter.view.selected:
            self._picked(item)


def _fill(item: QTreeWidgetItem, row: SeriesRow, *, shown: bool) -> None:
    picture = None
    if row.thumbnail is not None:
        height, width = row.thumbnail.shape
        grey = row.thumbnail.tobytes()
        image = QImage(grey, width, height, width, QImage.Format.Format_Grayscale8)
        picture = QPixmap.fromImage(image.copy())
    fill_card(
        item,
        title=row.title,
        details=row.details,
        picture=picture,
        warning=bool(row.warnings),
        shown=shown,
    )
    warnings = (f"⚠ {sentence}" for sentence in row.warnings)
    told = "\n".join([row.title, row.details, row.geometry, *warnings])
    item.setToolTip(0, as_written(told))
