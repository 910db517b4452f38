"""All that explains a mask: its panels, and what lies over the slice for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDockWidget

from unetscope.state.heats import Heats
from unetscope.ui.widgets.image_canvas import ImageCanvas

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class ExplainPresenters:
    """The presenters of the explaining tools."""

    heats: Heats


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
        self.upper: tuple[QDockWidget, ...] = ()
        self.lower: tuple[QDockWidget, ...] = ()
        self.bottom: tuple[QDockWidget, ...] = ()
