"""One entry for each label of the mask, to show or hide it."""

from __future__ import annotations

from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from unetscope.presenters.slice_view import SlicePresenter

PATCH = 14


class LabelsMenu(QMenu):
    """Lists the labels that the slice view can show, each with its colour."""

    def __init__(self, presenter: SlicePresenter, parent: QWidget) -> None:
        super().__init__("Labels", parent)
        self._presenter = presenter
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Make the entries anew from what is shown."""
        self.clear()
        view = self._presenter.view
        for label in view.legend:
            patch = QPixmap(PATCH, PATCH)
            patch.fill(QColor(label.colour or ""))
            action = self.addAction(QIcon(patch), label.name)
            action.setCheckable(True)
            action.setChecked(label.index not in view.hidden)
            action.triggered.connect(
                lambda _=False, index=label.index: self._presenter.toggle_label(index)
            )
        if self.isEmpty():
            self.addAction("There is no mask yet").setEnabled(False)
