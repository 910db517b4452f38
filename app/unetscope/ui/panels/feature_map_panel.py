"""The selected feature map, large, with its numbers and histogram."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from unetscope.presenters.maps import LargeMap, MapsPresenter, MapsView
from unetscope.ui.widgets.histogram import Histogram
from unetscope.ui.widgets.map_view import MapContent, MapView

HISTOGRAM = 72  # height of the histogram


class FeatureMapPanel(QDockWidget):
    """Draws the large map of a `MapsView`, and the value under the cursor."""

    def __init__(self, presenter: MapsPresenter, parent: QWidget) -> None:
        super().__init__("Feature map", parent)
        self.setObjectName("feature_map")
        self._presenter = presenter
        self._shown: LargeMap | None = None
        self._at: tuple[int, int] | None = None

        self.map = MapView()
        self.map.setObjectName("feature_map.view")
        self.numbers = QLabel()
        self.numbers.setObjectName("feature_map.numbers")
        self.numbers.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.histogram = Histogram()
        self.histogram.setToolTip("How many pixels have which value; logarithmic heights")
        self.histogram.setFixedHeight(HISTOGRAM)
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self.numbers)
        below.addWidget(self.histogram, 1)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.map, 1)
        layout.addLayout(below)
        self.setWidget(content)

        self.map.hovered.connect(self._hovered)
        self.map.left.connect(self._left)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: MapsView) -> None:
        """Make map, numbers and histogram show `view`."""
        large = view.large
        if large is not None and large is self._shown:
            return
        self._shown = large
        if large is None:
            self.setWindowTitle("Feature map")
            self.map.show_message(view.empty)
            self.histogram.clear()
            self.numbers.clear()
            return
        self.setWindowTitle(large.title)
        self.map.show_content(MapContent(values=large.values, limits=large.limits))
        self.histogram.show_histogram(np.log1p(large.counts), large.edges)
        self._show_numbers()

    def _hovered(self, row: int, column: int, value: float) -> None:
        self._at = (row, column)
        self.histogram.mark(value)
        self._show_numbers()

    def _left(self) -> None:
        self._at = None
        self.histogram.mark(None)
        self._show_numbers()

    def _show_numbers(self) -> None:
        large = self._presenter.view.large
        if large is None:
            return
        s = large.statistics
        lines = [
            f"min {s.least:.3g}   max {s.greatest:.3g}",
            f"mean {s.mean:.3g}   zero {s.zeros:.0%}",
            "at cursor –",
        ]
        if self._at is not None:
            row, column = self._at
            if row < large.values.shape[0] and column < large.values.shape[1]:
                lines[2] = f"at cursor {large.values[row, column]:.4g}"
        self.numbers.setText("\n".join(lines))
