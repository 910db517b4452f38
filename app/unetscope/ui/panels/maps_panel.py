"""The activation viewer: every feature map of the selected layer for the slice shown."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDockWidget, QSpinBox, QVBoxLayout, QWidget

from unetscope.domain.feature_maps import MapOrder, Scaling, Version
from unetscope.presenters.maps import MapsPresenter, MapsView
from unetscope.ui.colours import DIVERGING, GREY
from unetscope.ui.map_menu import KEYS, MapMenu
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.map_tiles import MapTiles
from unetscope.ui.widgets.plain_text import title_of
from unetscope.ui.widgets.tile_set import TileSet

LAYER_KEYS: dict[int, int] = {Qt.Key.Key_U: -1, Qt.Key.Key_O: 1}
SCALINGS = {Scaling.LAYER: "per layer", Scaling.EACH: "per map"}
ORDERS = {order: f"by {order.value}" for order in MapOrder}
VERSIONS = {version: version.value for version in Version}

E = TypeVar("E", bound=Enum)


class MapsPanel(QDockWidget):
    """Draws a `MapsView`; arrows travel through the maps, U and O through the layers."""

    def __init__(self, presenter: MapsPresenter, menu: MapMenu, parent: QWidget) -> None:
        super().__init__("Activations", parent)
        self.setObjectName("feature_maps")
        self._presenter = presenter
        self._menu = menu

        self.caption = ElidedLabel()
        self.caption.setProperty("role", "muted")
        self.order = _box("feature_maps.order", ORDERS, "What the maps are sorted by")
        self.scaling = _box(
            "feature_maps.scaling",
            SCALINGS,
            "What one colour scale covers: the whole layer, or each map",
        )
        self.version = _box(
            "feature_maps.version",
            VERSIONS,
            "Whose activation is shown: the edited network's, the trained one's, or what differs",
        )
        self.plane = QSpinBox()
        self.plane.setObjectName("feature_maps.plane")
        self.plane.setPrefix("plane ")
        self.plane.setToolTip("Which plane of a 3-D activation is shown")
        self.plane.hide()
        self.gallery = MapTiles()
        self.gallery.setObjectName("feature_maps.gallery")
        self.gallery.setAccessibleName("Feature maps")
        self.gallery.tile_size = 58
        self.gallery.keys = frozenset({*LAYER_KEYS, *KEYS})
        self.foot = ElidedLabel()
        self.foot.setProperty("role", "muted")
        choices = FlowLayout()
        for widget in (self.order, self.scaling, self.version, self.plane):
            choices.addWidget(widget)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.caption)
        layout.addLayout(choices)
        layout.addWidget(self.gallery, 1)
        layout.addWidget(self.foot)
        self.setWidget(content)

        gallery = self.gallery
        gallery.selected_changed.connect(lambda tile: presenter.select(self._map(tile)))
        gallery.toggled.connect(lambda tile: presenter.toggle(self._map(tile)))
        gallery.extended.connect(lambda tile: presenter.extend(self._map(tile)))
        gallery.key_hit.connect(self._take_key)
        gallery.context_menu.connect(self._open_menu)
        gallery.set_tooltip(self._tooltip)
        every = QShortcut(QKeySequence(QKeySequence.StandardKey.SelectAll), gallery)
        every.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        every.activated.connect(presenter.select_all)
        self.scaling.activated.connect(lambda i: presenter.set_scaling(list(SCALINGS)[i]))
        self.order.activated.connect(lambda i: presenter.set_order(list(ORDERS)[i]))
        self.version.activated.connect(lambda i: presenter.set_version(list(VERSIONS)[i]))
        self.plane.valueChanged.connect(lambda value: presenter.set_plane(value - 1))
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: MapsView) -> None:
        """Make the gallery show `view` without reporting it as a choice."""
        self.setWindowTitle(title_of(view.title) + (" …" if view.stale else ""))
        self.caption.setText(view.caption)
        choice = view.choice
        _show(self.scaling, list(SCALINGS), choice.scaling)
        _show(self.order, list(ORDERS), choice.order)
        _show(self.version, list(VERSIONS), choice.version)
        with QSignalBlocker(self.plane):
            self.plane.setVisible(view.planes > 1)
            self.plane.setRange(1, view.planes)
            self.plane.setSuffix(f" of {view.planes}")
            self.plane.setValue(min(choice.plane, view.planes - 1) + 1)
        if view.empty:
            self.foot.setText("")
            self.gallery.show_also(frozenset())
            self.gallery.show_message(view.empty)
            return
        also = f" · {len(view.also) + 1} selected" if view.also else ""
        self.foot.setText(
            f"{len(view.maps)} maps{also} · "
            f"{view.strip_said or 'arrows move · U, O: layer before, after · Del: silence'}"
        )
        order = view.order
        self.gallery.show_tiles(
            TileSet(
                values=_finite(view.maps) if order is None else _Sorted(view.maps, order),
                limits=(view.limits if order is None else view.limits[list(order)]).astype(
                    np.float32
                ),
                lut=DIVERGING if view.signed else GREY,
                labels=None if order is None else tuple(map(str, order)),
                marks={view.tile_of(index): mark for index, mark in view.marks.items()},
                chips={view.tile_of(index): colour for index, colour in view.chips.items()},
                selected=None if view.selected is None else view.tile_of(view.selected),
                strip=_in_order(view.strip, order),
                strip_stale=view.strip_stale,
                smooth=True,
                aspect=view.aspect,
            )
        )
        self.gallery.show_also(frozenset(view.tile_of(index) for index in view.also))

    def _map(self, tile: int) -> int:
        return self._presenter.view.map_of(tile)

    def _take_key(self, key: int, shifted: bool) -> None:
        if key in LAYER_KEYS:
            self._presenter.step_layer(LAYER_KEYS[key])
        elif len(self._presenter.view.maps):
            self._menu.take_key(key, shifted)

    def _open_menu(self, tile: int, at: QPoint) -> None:
        if tile >= 0:
            self._menu.open(at)

    def _tooltip(self, tile: int) -> str:
        view = self._presenter.view
        if not 0 <= tile < len(view.maps):
            return ""
        index = view.map_of(tile)
        values = view.maps[index]
        mark = f"\n{view.marks[index]}" if index in view.marks else ""
        if badge := self._presenter.badge(index):
            mark += f"\nfollows: {badge}"
        if values.size == 1:
            return f"feature map {index}: {values.item():.4g}{mark}"
        return (
            f"feature map {index}\n{values.min():.3g} … {values.max():.3g}, "
            f"mean {values.mean():.3g}{mark}"
        )


class _Sorted:
    """Maps in another order, fetched when they come into view."""

    def __init__(self, maps: NDArray[np.float32], order: Sequence[int]) -> None:
        self._maps = maps
        self._order = list(order)

    def __len__(self) -> int:
        return len(self._order)

    def tiles(self, start: int, stop: int) -> NDArray[np.float32]:
        """See `TileSource.tiles`."""
        return _finite(self._maps[self._order[start:stop]])


def _in_order(
    values: NDArray[np.floating] | None, order: Sequence[int] | None
) -> NDArray[np.floating] | None:
    return values if values is None or order is None else values[list(order)]


def _finite(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps that can be drawn: NaN is 0, infinite is very large; the same array where none is."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = maps.sum()
    return maps if np.isfinite(total) else np.nan_to_num(maps, posinf=1e30, neginf=-1e30)


def _box(name: str, texts: dict[E, str], tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tip)
    for text in texts.values():
        box.addItem(text)
    return box


def _show(box: QComboBox, values: list[E], value: E) -> None:
    with QSignalBlocker(box):
        box.setCurrentIndex(values.index(value))
