"""All that explains a mask: its panels, and what lies over the slice for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget

from unetscope.presenters.attribution import AttributionPresenter
from unetscope.presenters.dissection import DissectionPresenter
from unetscope.presenters.heat_overlay import HeatOverlayPresenter
from unetscope.presenters.inquiry import InquiryPresenter
from unetscope.presenters.ranking import RankingPresenter
from unetscope.presenters.skips import SkipsPresenter
from unetscope.presenters.target_overlay import TargetOverlayPresenter
from unetscope.presenters.uncertainty import UncertaintyPresenter
from unetscope.state.heats import Heats
from unetscope.ui.heat_overlay import HeatLegend, HeatOverlay
from unetscope.ui.panels.attribution_panel import AttributionPanel
from unetscope.ui.panels.dissection_panel import DissectionPanel
from unetscope.ui.panels.inquiry_panel import InquiryPanel
from unetscope.ui.panels.ranking_panel import RankingPanel
from unetscope.ui.panels.skips_panel import SkipsPanel
from unetscope.ui.panels.uncertainty_panel import UncertaintyPanel
from unetscope.ui.target_overlay import TargetOverlay
from unetscope.ui.voxel_mark import VoxelMark
from unetscope.ui.widgets.image_canvas import ImageCanvas

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class ExplainPresenters:
    """The presenters of the explaining tools."""

    heats: Heats
    heat_overlay: HeatOverlayPresenter
    target_overlay: TargetOverlayPresenter
    attribution: AttributionPresenter
    dissection: DissectionPresenter
    inquiry: InquiryPresenter
    ranking: RankingPresenter
    skips: SkipsPresenter
    uncertainty: UncertaintyPresenter


class ExplainPanels:
    """The panels of the explaining tools, by where they stand at first.

    Attributes
    ----------
    upper, lower, bottom : tuple of QDockWidget
        Right above, right below, and below the slice.
    """

    def __init__(
        self, presenters: ExplainPresenters, canvas: ImageCanvas, window: MainWindow
    ) -> None:
        self.heat_overlay = HeatOverlay(presenters.heat_overlay, canvas)
        self.target_overlay = TargetOverlay(presenters.target_overlay, canvas)
        self.heat_legend = HeatLegend(presenters.heat_overlay, canvas)
        self.attribution = AttributionPanel(presenters.attribution, window)
        self.dissection = DissectionPanel(presenters.dissection, window)
        self.inquiry = InquiryPanel(presenters.inquiry, window)
        self.voxel_mark = VoxelMark(presenters.inquiry, canvas)
        self.inquiry.map_wanted.connect(lambda: window.places.reveal("feature_map"))
        self.ranking = RankingPanel(presenters.ranking, window)
        self.skips = SkipsPanel(presenters.skips, window)
        self.uncertainty = UncertaintyPanel(presenters.uncertainty, window)
        self.upper: tuple[QDockWidget, ...] = (self.attribution,)
        self.lower: tuple[QDockWidget, ...] = (self.inquiry, self.uncertainty)
        self.bottom: tuple[QDockWidget, ...] = (self.ranking, self.dissection, self.skips)

    def use_actions(self, action_of: Callable[[str], QAction]) -> None:
        """Have buttons be the actions of commands, which are made after the panels."""
        self.attribution.use_actions(action_of("explain.point"), action_of("explain.region"))
