"""The filter gallery: every kernel of the selected layer as a small picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QDockWidget, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from unetscope.domain.session import Gallery, Scaling
from unetscope.presenters.filters import FiltersPresenter, FiltersView
from unetscope.ui.colours import DIVERGING
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.tile_gallery import TileGallery
from unetscope.ui.widgets.tile_set import TileSet

GALLERIES = {Gallery.FILTERS: "all filters", Gallery.INPUTS: "all inputs"}
SCALINGS = {Scaling.EACH: "per kernel", Scaling.LAYER: "per layer"}


class FiltersPanel(QDockWidget):
    """Draws a `FiltersView`; a click or the arrow keys select a filter."""

    def __init__(self, presenter: FiltersPresenter, parent: QWidget) -> None:
        super().__init__("Filters", parent)
        self.setObjectName("filters")
        self._presenter = presenter
        self._choices: tuple[object, ...] = ()

        self.mode = QComboBox()
        self.mode.setObjectName("filters.mode")
        for gallery, text in GALLERIES.items():
            self.mode.addItem(text, gallery)
            index = self.mode.count() - 1
            self.mode.setItemData(index, gallery.value.capitalize(), Qt.ItemDataRole.ToolTipRole)
        self.mode.setToolTip("Which kernels of the layer are shown")
        self.in_channel = QSpinBox()
        self.in_channel.setObjectName("filters.in_channel")
        self.in_channel.setPrefix("in ")
        self.in_channel.setToolTip("Input channel whose kernels are shown")
        self.scaling = QComboBox()
        self.scaling.setObjectName("filters.scaling")
        self.scaling.setToolTip("What one colour scale covers: each kernel, or the whole layer")
        for scaling, text in SCALINGS.items():
            self.scaling.addItem(text, scaling)
        for box in (self.mode, self.scaling):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.gallery = TileGallery()
        self.gallery.setObjectName("filters.gallery")
        self.gallery.setAccessibleName("Filters")
        self.gallery.tile_size = 48  # room for the mark of an edited kernel
        self.caption = ElidedLabel()
        self.caption.setProperty("role", "muted")

        top = QHBoxLayout()
        top.addWidget(self.mode)
        top.addWidget(self.in_channel)
        top.addStretch(1)
        top.addWidget(self.scaling)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(top)
        layout.addWidget(self.gallery, 1)
        layout.addWidget(self.caption)
        self.setWidget(content)

        self.gallery.selected_changed.connect(presenter.select)
        self.mode.activated.connect(lambda i: presenter.set_gallery(Gallery(self.mode.itemData(i))))
        self.scaling.activated.connect(
            lambda i: presenter.set_scaling(Scaling(self.scaling.itemData(i)))
        )
        self.in_channel.valueChanged.connect(presenter.select_in_channel)
        self.gallery.set_tooltip(self._tooltip)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: FiltersView) -> None:
        """Make the gallery show `view` without reporting it as a choice."""
        inputs = (view.in_channel, view.in_channels)
        choices = (view.title, view.caption, view.gallery, view.scaling, *inputs)
        if choices != self._choices:
            self._choices = choices
            self._show_choices(view)
        if view.empty:
            self.gallery.show_message(view.empty)
            return
        limits = np.stack([-view.limits, view.limits], axis=1).astype(np.float32)
        self.gallery.show_tiles(
            TileSet(
                values=view.kernels,
                limits=limits,
                lut=DIVERGING,
                marks=dict.fromkeys(view.edited, "edited"),
                selected=view.selected,
            )
        )

    def _show_choices(self, view: FiltersView) -> None:
        self.setWindowTitle(view.title)
        self.caption.setText(view.caption)
        with QSignalBlocker(self.mode), QSignalBlocker(self.scaling):
            self.mode.setCurrentIndex(list(GALLERIES).index(view.gallery))
            self.scaling.setCurrentIndex(list(SCALINGS).index(view.scaling))
        with QSignalBlocker(self.in_channel):
            self.in_channel.setRange(0, max(view.in_channels - 1, 0))
            self.in_channel.setValue(view.in_channel)
            self.in_channel.setEnabled(view.gallery is Gallery.FILTERS and view.in_channels > 1)

    def _tooltip(self, index: int) -> str:
        view = self._presenter.view
        if not 0 <= index < len(view.kernels):
            return ""
        kernel = view.kernels[index]
        norm = float(np.linalg.norm(kernel))
        edited = "\nedited" if index in view.edited else ""
        return (
            f"{view.labels[index]}\n{kernel.min():+.3g} … {kernel.max():+.3g}, norm {norm:.3g}"
            f"{edited}"
        )
