"""The activation viewer: every feature map of the selected layer for the slice shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QDockWidget, QHBoxLayout, QVBoxLayout, QWidget

from unetscope.domain.session import Scaling
from unetscope.presenters.maps import MapsPresenter, MapsView
from unetscope.ui.colours import GREY
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.tile_gallery import TileGallery
from unetscope.ui.widgets.tile_set import TileSet

LAYER_KEYS: dict[int, int] = {Qt.Key.Key_U: -1, Qt.Key.Key_O: 1}
SCALINGS = {Scaling.LAYER: "per layer", Scaling.EACH: "per map"}


class MapsPanel(QDockWidget):
    """Draws a `MapsView`; arrows travel through the maps, U and O through the layers."""

    def __init__(self, presenter: MapsPresenter, parent: QWidget) -> None:
        super().__init__("Activations", parent)
        self.setObjectName("feature_maps")
        self._presenter = presenter

        self.caption = ElidedLabel()
        self.caption.setProperty("role", "muted")
        self.scaling = QComboBox()
        self.scaling.setObjectName("feature_maps.scaling")
        self.scaling.setToolTip("What one grey scale covers: the whole layer, or each map")
        for scaling, text in SCALINGS.items():
            self.scaling.addItem(text, scaling)
        self.gallery = TileGallery()
        self.gallery.setObjectName("feature_maps.gallery")
        self.gallery.setAccessibleName("Feature maps")
        self.gallery.tile_size = 76
        self.foot = ElidedLabel()
        self.foot.setProperty("role", "muted")
        top = QHBoxLayout()
        top.addWidget(self.caption, 1)
        top.addWidget(self.scaling)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(top)
        layout.addWidget(self.gallery, 1)
        layout.addWidget(self.foot)
        self.setWidget(content)

        self.gallery.installEventFilter(self)
        self.gallery.selected_changed.connect(presenter.select)
        self.scaling.activated.connect(
            lambda i: presenter.set_scaling(Scaling(self.scaling.itemData(i)))
        )
        self.gallery.set_tooltip(self._tooltip)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take U and O in the gallery before the window's shortcuts do."""
        if watched is self.gallery and isinstance(event, QKeyEvent):
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            steps = LAYER_KEYS.get(event.key(), 0) if plain else 0
            if steps and event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if steps and event.type() == QEvent.Type.KeyPress:
                self._presenter.step_layer(steps)
                return True
        return super().eventFilter(watched, event)

    def show_view(self, view: MapsView) -> None:
        """Make the gallery show `view` without reporting it as a choice."""
        self.setWindowTitle(view.title + (" …" if view.stale else ""))
        self.caption.setText(view.caption)
        with QSignalBlocker(self.scaling):
            self.scaling.setCurrentIndex(list(SCALINGS).index(view.scaling))
        if view.empty:
            self.foot.setText("")
            self.gallery.show_message(view.empty)
            return
        self.foot.setText(f"{len(view.maps)} maps · arrows move · U, O: layer before, after")
        self.gallery.show_tiles(
            TileSet(
                values=_finite(view.maps),
                limits=view.limits.astype(np.float32),
                lut=GREY,
                selected=view.selected,
                smooth=True,
            )
        )

    def _tooltip(self, index: int) -> str:
        view = self._presenter.view
        if not 0 <= index < len(view.maps):
            return ""
        values = view.maps[index]
        return (
            f"feature map {index}\n{values.min():.3g} … {values.max():.3g}, "
            f"mean {values.mean():.3g}"
        )


def _finite(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps that can be drawn: NaN is 0, infinite is very large; the same array where none is."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = maps.sum()
    return maps if np.isfinite(total) else np.nan_to_num(maps, posinf=1e30, neginf=-1e30)
