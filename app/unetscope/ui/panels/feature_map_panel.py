"""The selected feature map, large, with its numbers, and where in the series it is strongest."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.feature_map import FeatureMapPresenter, FeatureMapView, LargeMap
from unetscope.presenters.map_series import STRONGEST, MapSeriesPresenter, MapSeriesView
from unetscope.presenters.maps import MapsPresenter, MapsView
from unetscope.ui.colours import DIVERGING, GREY
from unetscope.ui.map_menu import MapMenu
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.histogram import Histogram
from unetscope.ui.widgets.map_canvas import MapCanvas
from unetscope.ui.widgets.map_view import MapContent
from unetscope.ui.widgets.picture_strip import PictureStrip, StripPicture
from unetscope.ui.widgets.plain_text import title_of

HISTOGRAM = 56  # least height of the histogram
STRIP = 68  # height of the strongest slices
SIDE = 104  # least width of numbers and histogram


class FeatureMapPanel(QDockWidget):
    """Draws the large map with the linked cursor, and the strongest slices below it."""

    def __init__(
        self,
        presenter: FeatureMapPresenter,
        maps: MapsPresenter,
        series: MapSeriesPresenter,
        menu: MapMenu,
        parent: QWidget,
    ) -> None:
        super().__init__("Feature map", parent)
        self.setObjectName("feature_map")
        self._presenter = presenter
        self._maps = maps
        self._series = series
        self._shown: LargeMap | None = None

        self.map = MapCanvas()
        self.map.setObjectName("feature_map.view")
        self.map.setWhatsThis(
            "Left drag: window · middle drag: move · right drag or Ctrl + wheel: zoom\n"
            "wheel: next map · click: mark a pixel · double click: all of it"
        )
        self.numbers = QLabel()
        self.numbers.setObjectName("feature_map.numbers")
        self.numbers.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.place = ElidedLabel()
        self.place.setObjectName("feature_map.place")
        self.place.setProperty("role", "muted")
        self.histogram = Histogram()
        self.histogram.setToolTip(
            "How many pixels have which value; logarithmic heights.\n"
            "Solid line: under the cursor. Dashed lines: first and last colour."
        )
        self.histogram.setMinimumHeight(HISTOGRAM)
        self.reset = QPushButton("Gallery scale")
        self.reset.setObjectName("feature_map.reset_window")
        self.reset.setToolTip("Draw the map on the gallery's scale again")
        self.reset.hide()
        self.overlay = QCheckBox("on slice")
        self.overlay.setObjectName("feature_map.overlay")
        self.overlay.setToolTip("Lay the map over the slice, each pixel where it belongs (Shift+M)")
        self.opacity = _slider("feature_map.opacity", "Opacity of the map over the slice")
        self.threshold = _slider(
            "feature_map.threshold", "The map is drawn over the slice from this share of its scale"
        )
        self.search = QPushButton("Find")
        self.search.setObjectName("feature_map.find")
        self.strip_title = ElidedLabel()
        self.strip_title.setProperty("role", "muted")
        self.strip = PictureStrip()
        self.strip.setObjectName("feature_map.strongest")
        self.strip.setAccessibleName("Strongest slices in this series")
        self.strip.setFixedHeight(STRIP)
        self._lay_out()

        self.map.hovered.connect(lambda row, column, _: presenter.hover((row, column)))
        self.map.left.connect(lambda: presenter.hover(None))
        self.map.clicked.connect(lambda row, column: presenter.pick((row, column)))
        self.map.stepped.connect(presenter.step)
        self.map.window_dragged.connect(
            lambda right, down, fast: presenter.drag_window(right, down, fast=fast)
        )
        self.map.window_drag_finished.connect(presenter.end_drag)
        self.map.context_menu.connect(lambda at: self._open_menu(menu, at))
        self.reset.clicked.connect(presenter.reset_window)
        self.overlay.clicked.connect(lambda: maps.choose(lambda choice: choice.toggle_overlay()))
        self.opacity.valueChanged.connect(
            lambda value: maps.choose(lambda choice: choice.set_opacity(value / 100))
        )
        self.threshold.valueChanged.connect(
            lambda value: maps.choose(lambda choice: choice.set_threshold(value / 100))
        )
        self.search.clicked.connect(series.start)
        self.strip.chosen.connect(self._go_to)
        presenter.view_changed.connect(self.show_view)
        maps.view_changed.connect(self._show_choice)
        series.view_changed.connect(self.show_series)
        self.show_view(presenter.view)
        self._show_choice(maps.view)
        self.show_series(series.view)

    def _lay_out(self) -> None:
        over = QHBoxLayout()
        for widget, share in ((self.overlay, 0), (self.opacity, 1), (self.threshold, 1)):
            over.addWidget(widget, share)
        beside = QVBoxLayout()
        beside.setSpacing(4)
        beside.addWidget(self.numbers)
        beside.addWidget(self.histogram, 1)
        beside.addWidget(self.reset)
        side = QWidget()
        side.setLayout(beside)
        side.setMinimumWidth(SIDE)
        beside.setContentsMargins(0, 0, 0, 0)
        above = QHBoxLayout()
        above.setSpacing(8)
        above.addWidget(self.map, 3)
        above.addWidget(side, 2)
        title = QHBoxLayout()
        title.addWidget(self.strip_title, 1)
        title.addWidget(self.search)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(above, 1)
        layout.addLayout(over)
        layout.addWidget(self.place)
        layout.addLayout(title)
        layout.addWidget(self.strip)
        self.setWidget(content)

    # ------------------------------------------------------------------- map

    def show_view(self, view: FeatureMapView) -> None:
        """Make map, numbers and histogram show `view`."""
        large = view.large
        if large is not self._shown or large is None:
            self._show_map(large, view.empty)
        self.reset.setVisible(view.own_window)
        self.map.show_marks(view.under, view.cell)
        if large is None:
            return
        at = view.under or view.cell
        self.histogram.mark(None if at is None else float(large.values[at]))
        n = large.numbers
        full = "" if np.isnan(n.saturated[0]) else f"  full {n.saturated[0]:.0%}"
        lines = [
            f"min {n.least[0]:.3g}",
            f"max {n.greatest[0]:.3g}",
            f"mean {n.mean[0]:.3g}",
            f"std {n.deviation[0]:.3g}",
            f"zero {n.zeros[0]:.0%}{full}",
            "at cursor –" if at is None else f"at cursor {large.values[at]:.4g}",
        ]
        self.numbers.setText("\n".join(lines))
        self.place.setText(view.place)

    def _show_map(self, large: LargeMap | None, empty: str) -> None:
        self._shown = large
        if large is None:
            self.setWindowTitle("Feature map")
            self.map.show_message(empty)
            self.histogram.clear()
            self.numbers.clear()
            self.place.setText("")
            return
        self.setWindowTitle(title_of(large.title))
        self.map.show_content(
            MapContent(
                values=large.values,
                limits=large.limits,
                lut=DIVERGING if large.signed else GREY,
                aspect=large.aspect,
            )
        )
        self.histogram.show_histogram(np.log1p(large.counts), large.edges)
        self.histogram.show_levels(large.limits)

    def _open_menu(self, menu: MapMenu, at: QPoint) -> None:
        if self._presenter.view.large is not None:
            menu.open(at)

    def _show_choice(self, view: MapsView) -> None:
        choice = view.choice
        with QSignalBlocker(self.overlay), QSignalBlocker(self.opacity):
            self.overlay.setChecked(choice.overlay)
            self.opacity.setValue(round(choice.opacity * 100))
        with QSignalBlocker(self.threshold):
            self.threshold.setValue(round(choice.threshold * 100))
        for slider in (self.opacity, self.threshold):
            slider.setVisible(choice.overlay)

    # ---------------------------------------------------------------- series

    def show_series(self, view: MapSeriesView) -> None:
        """Make the strip show `view`."""
        self.search.setText("Stop" if view.running else "Find")
        self.search.setToolTip(
            "Stop; what is found stays"
            if view.running
            else "Run the network over every slice in idle moments (Ctrl+Alt+M)"
        )
        self.strip_title.setText("Strongest slices in this series" + view.remark)
        if not view.strongest:
            self.strip.show_message(view.empty)
            return
        shown = [each.index for each in view.strongest]
        here = view.slice_index
        self.strip.show_pictures(
            [
                StripPicture(
                    grey=each.picture,
                    caption=f"{each.index + 1}: {each.value:.3g}",
                    tip=f"slice {each.index + 1}: {view.measure.value} {each.value:.4g}\n"
                    "click to go there",
                    box=each.place,
                )
                for each in view.strongest
            ],
            places=STRONGEST,
            current=shown.index(here) if here in shown else None,
            aspect=view.aspect,
        )

    def _go_to(self, number: int) -> None:
        strongest = self._series.view.strongest
        if number < len(strongest):
            self._series.go_to(strongest[number].index)


def _slider(name: str, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName(name)
    slider.setAccessibleName(tip)
    slider.setToolTip(tip)
    slider.setRange(0, 100)
    return slider
