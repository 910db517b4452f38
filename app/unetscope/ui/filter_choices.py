"""The choices above the filter gallery: which kernels, in which order, on which colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.explaining.ranking import RankBy
from unetscope.domain.filter_gallery import (
    Against,
    ColourScale,
    FilterGallery,
    Gallery,
    Picture,
    Reduction,
    SortBy,
)
from unetscope.presenters.filters import FiltersView
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.elided_label import ElidedLabel

Data = TypeVar("Data")

GALLERIES = {
    (Gallery.FILTERS, None): "all filters",
    (Gallery.INPUTS, None): "all inputs",
    (Gallery.ALL, None): "all kernels",
    (Gallery.REDUCED, Reduction.NORM): "reduced by norm",
    (Gallery.REDUCED, Reduction.MEAN): "reduced by mean",
    (Gallery.HEAT, Reduction.NORM): "heat by norm",
    (Gallery.HEAT, Reduction.MEAN): "heat by mean",
}
SCALES = {
    ColourScale.KERNEL: "per kernel",
    ColourScale.FILTER: "per filter",
    ColourScale.LAYER: "per layer",
}
SORTS = {
    SortBy.INDEX: "by index",
    SortBy.NORM: "by norm",
    SortBy.SPARSITY: "by sparsity",
    SortBy.SIMILARITY: "by similarity",
    SortBy.ACTIVATION: "by activation",
    SortBy.EFFECT: "by effect",
}
STRIP = (
    "The strip under a tile is the effect of its filter: what of the mask changes when its feature "
    "map is silenced, as a share of the largest. Grey: not of what is shown now."
)
RANKED = (
    "What counts as the effect of a filter when its map is silenced: the Dice that is lost, with "
    "the reference if one was open, else with the mask as it is; or how much of the mask changes"
)
SHOWN = {
    (Picture.NOW, Against.TRAINED): "in force",
    (Picture.BEFORE, Against.TRAINED): "trained",
    (Picture.DIFFERENCE, Against.TRAINED): "difference",
    (Picture.BEFORE, Against.OTHER): "other model",
    (Picture.DIFFERENCE, Against.OTHER): "difference to it",
}


class FilterChoices(QWidget):
    """Draws the choices of a `FiltersView` and reports other ones."""

    arranged = Signal(FilterGallery)
    ranked = Signal(object)  # a RankBy

    def __init__(self, view: FiltersView) -> None:
        super().__init__()
        self._gallery = view.gallery
        self._ranks: tuple[tuple[RankBy, str], ...] = ()
        self.mode = _box("filters.mode", GALLERIES, "Which kernels of the layer are shown")
        for index, (gallery, _) in enumerate(GALLERIES):
            self.mode.setItemData(index, gallery.value.capitalize(), Qt.ItemDataRole.ToolTipRole)
        self.filter_number = _spin("filters.filter", "filter ", "Jump to a filter")
        self.in_channel = _spin(
            "filters.in_channel", "in ", "Input channel whose kernels are shown, or jump to one"
        )
        self.depth_slice = _spin(
            "filters.depth", "slice ", "Which slice of the 3-D kernels is shown"
        )
        self.sort = _box("filters.sort", SORTS, "What the filters are ordered by")
        self.direction = QToolButton()
        self.direction.setObjectName("filters.direction")
        self.direction.setCheckable(True)
        self.direction.setToolTip("Largest first, or smallest first")
        self.scaling = _box(
            "filters.scaling", SCALES, "What one colour scale covers: a kernel, a filter, the layer"
        )
        self.shown = _box(
            "filters.shown",
            SHOWN,
            "The weights in force, those compared with, or the difference (Ctrl+T: in turn)",
        )
        self.classes = QComboBox()
        self.classes.setObjectName("filters.on_class")
        self.classes.setToolTip(RANKED)
        self.measure = QPushButton()
        self.measure.setObjectName("filters.measure")
        self.measure.setText("Measure")
        tip = (
            "Silence each feature map of this layer in turn on the slice shown, "
            "and measure what that does to the mask"
        )
        set_tip(self.measure, tip, "network.measure_effects")
        self.effect = ElidedLabel()
        self.effect.setObjectName("filters.effect")
        self.effect.setProperty("role", "muted")
        self.more = QToolButton()
        self.more.setObjectName("filters.more")
        self.more.setText("⋯")
        self.more.setToolTip("Silence, copy, compare, save")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QMenu(self.more))
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        rigid = (self.more, self.direction, self.measure, self.classes)
        numbers = (self.filter_number, self.in_channel, self.depth_slice)
        for widgets in (
            (self.mode, *numbers, self.more),
            (self.sort, self.direction, self.scaling, self.shown),
            (self.measure, self.classes, self.effect),
        ):
            row = QHBoxLayout()
            row.setSpacing(4)
            for widget in widgets:
                row.addWidget(widget, 0 if widget in rigid else 1)
            layout.addLayout(row)

    def _connect(self) -> None:
        self._on(self.mode, self._chosen)
        self._on(self.sort, self._sorted)
        self._on(self.scaling, lambda g, chosen: replace(g, scale=ColourScale(chosen)))
        self._on(self.shown, self._pictured)
        self.classes.activated.connect(lambda i: self.ranked.emit(self._ranks[i][0]))
        self.direction.clicked.connect(
            lambda down: self._arrange(lambda g: replace(g, descending=down))
        )
        self.depth_slice.valueChanged.connect(
            lambda depth: self._arrange(lambda g: replace(g, depth=depth))
        )

    # ------------------------------------------------------------------- view

    def show_view(self, view: FiltersView) -> None:
        """Show what is chosen in `view` without reporting it."""
        self._gallery = gallery = view.gallery
        has = not view.empty
        how = gallery.reduction if gallery.shows.is_reduced else None
        _show(self.mode, list(GALLERIES).index((gallery.shows, how)))
        _show(self.scaling, list(SCALES).index(gallery.scale_in_force))
        _show(self.sort, list(SORTS).index(gallery.sort))
        against = gallery.against if gallery.picture is not Picture.NOW else Against.TRAINED
        _show(self.shown, list(SHOWN).index((gallery.picture, against)))
        for index, (_, other) in enumerate(SHOWN):
            item = self.shown.model().index(index, 0)
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            usable = other is Against.TRAINED or bool(view.other)
            self.shown.model().setData(item, flags if usable else 0, Qt.ItemDataRole.UserRole - 1)
        self.direction.setChecked(gallery.descending)
        self.direction.setText("↓" if gallery.descending else "↑")
        one_filter = gallery.shows is Gallery.INPUTS
        self.sort.setEnabled(has and not one_filter)
        self.direction.setEnabled(has and not one_filter)
        one_input = gallery.shows in (Gallery.FILTERS, Gallery.ALL, Gallery.HEAT)
        _show_spin(self.filter_number, view.filter, view.filters, usable=has)
        _show_spin(
            self.in_channel, view.in_channel, view.in_channels,
            usable=has and one_input and view.in_channels > 1,
        )  # fmt: skip
        _show_spin(self.depth_slice, gallery.depth, view.depths, usable=has)
        self.depth_slice.setVisible(view.depths > 1)
        self._show_effect(view)

    def _show_effect(self, view: FiltersView) -> None:
        with QSignalBlocker(self.classes):
            if view.ranks != self._ranks:
                self._ranks = view.ranks
                self.classes.clear()
                self.classes.addItems([said for _, said in view.ranks])
            chosen = [by for by, _ in view.ranks]
            at = chosen.index(view.rank_by) if view.rank_by in chosen else -1
            self.classes.setCurrentIndex(at)
        self.effect.setText(view.effect)
        self.effect.setToolTip(f"{view.effect}\n\n{STRIP}" if view.effect else "")
        self.measure.setEnabled(view.can_measure and not view.measuring)
        wanted = view.gallery.sort is SortBy.EFFECT or view.measuring or view.strip is not None
        for widget in (self.measure, self.classes, self.effect):
            widget.setVisible(wanted and not view.empty)

    # ---------------------------------------------------------------- choices

    def _on(self, box: QComboBox, change: Callable[[FilterGallery, object], FilterGallery]) -> None:
        box.activated.connect(lambda i: self._arrange(lambda g: change(g, box.itemData(i))))

    def _arrange(self, change: Callable[[FilterGallery], FilterGallery]) -> None:
        self.arranged.emit(change(self._gallery))

    def _chosen(self, gallery: FilterGallery, chosen: object) -> FilterGallery:
        shows, how = chosen if isinstance(chosen, tuple) else (Gallery.FILTERS, None)
        return replace(gallery, shows=Gallery(shows), reduction=how or gallery.reduction)

    def _sorted(self, gallery: FilterGallery, chosen: object) -> FilterGallery:
        """Another order begins with what is most of interest: the largest, but for the index."""
        sort = SortBy(chosen)
        largest_first = sort not in (SortBy.INDEX, SortBy.SIMILARITY)
        return replace(gallery, sort=sort, descending=largest_first)

    def _pictured(self, gallery: FilterGallery, chosen: object) -> FilterGallery:
        picture, against = chosen if isinstance(chosen, tuple) else (Picture.NOW, Against.TRAINED)
        return replace(gallery, picture=Picture(picture), against=Against(against))


def _box(name: str, entries: Mapping[Data, str], tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tip)
    for data, text in entries.items():
        box.addItem(text, data)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(4)
    box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    return box


def _spin(name: str, prefix: str, tip: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setPrefix(prefix)
    spin.setToolTip(tip)
    spin.setKeyboardTracking(False)
    spin.setMinimumWidth(64)
    spin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return spin


def _show(box: QComboBox, index: int) -> None:
    with QSignalBlocker(box):
        box.setCurrentIndex(index)


def _show_spin(spin: QSpinBox, value: int, count: int, *, usable: bool) -> None:
    with QSignalBlocker(spin):
        spin.setRange(0, max(count - 1, 0))
        spin.setValue(value)
        spin.setEnabled(usable)
