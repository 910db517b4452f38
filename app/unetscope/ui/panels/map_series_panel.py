"""The selected feature map over the whole series: a curve that jumps, and the strongest patches."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QDockWidget, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from unetscope.domain.survey import Measure
from unetscope.presenters.map_series import STRONGEST, MapSeriesPresenter, MapSeriesView
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.picture_strip import PictureStrip, StripPicture
from unetscope.ui.widgets.slice_curve import SliceCurve

MEASURES = list(Measure)


class MapSeriesPanel(QDockWidget):
    """Draws a `MapSeriesView`."""

    def __init__(self, presenter: MapSeriesPresenter, parent: QWidget) -> None:
        super().__init__("Over the series", parent)
        self.setObjectName("map_series")
        self._presenter = presenter

        self.caption = ElidedLabel()
        self.caption.setProperty("role", "muted")
        self.measure = QComboBox()
        self.measure.setObjectName("map_series.measure")
        self.measure.setToolTip("What the map is judged by in each slice")
        for each in MEASURES:
            self.measure.addItem(each.value)
        self.search = QPushButton("Find")
        self.search.setObjectName("map_series.find")
        self.curve = SliceCurve()
        self.curve.setObjectName("map_series.curve")
        self.curve.setAccessibleName("The map over the series")
        self.patch_title = ElidedLabel()
        self.patch_title.setProperty("role", "muted")
        self.patches = PictureStrip()
        self.patches.setObjectName("map_series.patches")
        self.patches.setAccessibleName("Strongest patches")
        top = QHBoxLayout()
        top.addWidget(self.caption, 1)
        top.addWidget(self.measure)
        top.addWidget(self.search)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.curve)
        layout.addWidget(self.patch_title)
        layout.addWidget(self.patches, 1)
        self.setWidget(content)

        self.measure.activated.connect(lambda i: presenter.set_measure(MEASURES[i]))
        self.search.clicked.connect(presenter.start)
        self.curve.chosen.connect(presenter.go_to)
        self.patches.chosen.connect(self._go_to)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: MapSeriesView) -> None:
        """Make curve and patches show `view`."""
        self.caption.setText(view.caption + view.remark)
        self.search.setText("Stop" if view.running else "Find")
        self.search.setToolTip(
            "Stop; what is found stays"
            if view.running
            else "Run the network over every slice in idle moments (Ctrl+Alt+M)"
        )
        with QSignalBlocker(self.measure):
            self.measure.setCurrentIndex(MEASURES.index(view.measure))
        values = view.curve.astype(np.float64)
        self.curve.show_values(values, view.slice_index, view.measure.value, digits=3)
        if not view.strongest:
            self.patch_title.setText("")
            self.patches.show_message(view.empty)
            return
        self.patch_title.setText("What the strongest pixel sees, in the strongest slices")
        shown = [each.index for each in view.strongest]
        here = view.slice_index
        self.patches.show_pictures(
            [
                StripPicture(
                    grey=each.patch,
                    caption=f"slice {each.index + 1}",
                    tip=f"slice {each.index + 1}: {view.measure.value} {each.value:.4g}\n"
                    "click to go there",
                )
                for each in view.strongest
            ],
            places=STRONGEST,
            current=shown.index(here) if here in shown else None,
            aspect=view.aspect,
        )

    def _go_to(self, number: int) -> None:
        strongest = self._presenter.view.strongest
        if number < len(strongest):
            self._presenter.go_to(strongest[number].index)
