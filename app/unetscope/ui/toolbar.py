"""The toolbar: the commands used most, the mask's opacity, and the banner at its end."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QIcon, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolBar, QToolButton, QWidget

from unetscope.ui.actions import TOOLBAR
from unetscope.ui.widgets.banner import Banner
from unetscope.ui.widgets.guard import guarded

WITHOUT_TEXT = frozenset(
    {
        "edit.undo",
        "edit.redo",
        "view.reset",
        "view.invert",
        "slice.planes",
        "slice.crosshair",
        "tool.distance",
    }
)
BESIDE, ALONE = (
    Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
    Qt.ToolButtonStyle.ToolButtonIconOnly,
)


@guarded
class Toolbar(QToolBar):
    """Spells its commands out where there is room; the banner is always in view."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.toggleViewAction().setVisible(False)  # the banner may not be put out of sight
        self.setIconSize(QSize(20, 20))
        self.opacity = _opacity_slider()
        self._spelt: list[QToolButton] = []
        for name in TOOLBAR:
            if name == "|":
                self.addSeparator()
                continue
            self.addAction(actions[name])
            button = self.widgetForAction(actions[name])
            if isinstance(button, QToolButton) and name not in WITHOUT_TEXT:
                self._spelt.append(button)
            if name == "view.outline":
                self.addWidget(self.opacity)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.banner = Banner()
        self._banner_action = self.addWidget(self.banner)
        self._shown: tuple[object, ...] = ()
        self._fit()

    def show_banner(self, text: str, short: str, button: str, icon: QIcon) -> None:
        """Show the banner; without a text, none."""
        shown = (text, short, button, icon.cacheKey())
        if shown == self._shown:
            return
        self._shown = shown
        self._banner_action.setVisible(bool(text))  # first: it may show the banner, empty as it is
        self.banner.show_text(text, button, icon, short=short)
        self._fit()
        self.banner.setVisible(bool(text))  # laying out may show it as well

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Spell the commands out, or show their icons only."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Spell out as much as there is room for: all, the ways to compare, nothing."""
        layout = self.layout()
        if layout is None:
            return
        for spelt, shortened in (("", False), ("compare.", False), ("-", False), ("-", True)):
            for button in self._spelt:
                is_spelt = button.defaultAction().objectName().startswith(spelt)
                button.setToolButtonStyle(BESIDE if is_spelt else ALONE)
            self.banner.shorten(shortened=shortened)
            layout.invalidate()
            if layout.sizeHint().width() <= self.width():
                return


def _opacity_slider() -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName("toolbar.opacity")
    slider.setRange(0, 100)
    slider.setFixedWidth(90)
    slider.setAccessibleName("Opacity of the mask")
    slider.setToolTip("Opacity of the mask")
    return slider
