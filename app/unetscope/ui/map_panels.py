"""All that shows feature maps: gallery, large map, series, and the overlay of the slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unetscope.presenters.feature_map import FeatureMapPresenter
from unetscope.presenters.map_actions import MapActions
from unetscope.presenters.map_overlay import MapOverlayPresenter
from unetscope.presenters.map_series import MapSeriesPresenter
from unetscope.presenters.maps import MapsPresenter
from unetscope.ui.map_menu import MapMenu
from unetscope.ui.panels.feature_map_panel import FeatureMapPanel
from unetscope.ui.panels.map_series_panel import MapSeriesPanel
from unetscope.ui.panels.maps_panel import MapsPanel
from unetscope.ui.slice_overlay import SliceOverlay
from unetscope.ui.widgets.image_canvas import ImageCanvas

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class MapPresenters:
    """The presenters of feature maps."""

    gallery: MapsPresenter
    large: FeatureMapPresenter
    series: MapSeriesPresenter
    overlay: MapOverlayPresenter
    actions: MapActions


class MapPanels:
    """The panels of feature maps, with the menu that they share."""

    def __init__(self, presenters: MapPresenters, canvas: ImageCanvas, window: MainWindow) -> None:
        gallery, large, series = presenters.gallery, presenters.large, presenters.series
        self.menu = MapMenu(presenters.actions, large, window)
        self.gallery = MapsPanel(gallery, self.menu, window)
        self.large = FeatureMapPanel(large, gallery, series, self.menu, window)
        self.series = MapSeriesPanel(series, window)
        self.overlay = SliceOverlay(presenters.overlay, canvas)
        self.gallery.gallery.activated.connect(lambda _: window.places.reveal("feature_map"))
        self.menu.more = lambda: [window.action_of(each) for each in ("map.overlay", "map.survey")]
