"""Labels and probabilities as colours over a slice, made again only when they changed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from unetscope.domain.card import ClassLabel
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Floats
from unetscope.ui.colours import VIRIDIS
from unetscope.ui.widgets.canvas_content import RGB, LegendLine


def colours_of(legend: Iterable[ClassLabel]) -> dict[int, RGB]:
    """The colours of labels that have one."""
    colours: dict[int, RGB] = {}
    for label in legend:
        colour = QColor(label.colour or "")
        if colour.isValid():
            colours[label.index] = (colour.red(), colour.green(), colour.blue())
    return colours


def legend_lines(legend: Iterable[ClassLabel], hidden: frozenset[int]) -> tuple[LegendLine, ...]:
    """Every label with an eye, closed for those that are hidden."""
    labels = tuple(legend)
    colours = colours_of(labels)
    return tuple(
        LegendLine(label.index, label.name, colours[label.index], label.index not in hidden)
        for label in labels
        if label.index in colours
    )


class MaskColours:
    """The overlay of one canvas."""

    def __init__(self) -> None:
        self._made_of: tuple[object, ...] = ()
        self._labels: Labels | None = None
        self._chance: Floats | None = None
        self._overlay: NDArray[np.uint8] | None = None

    def filled(self, labels: Labels, colours: dict[int, RGB], opacity: float) -> NDArray[np.uint8]:
        """A mask ``(rows, columns)`` as ``(rows, columns, 4)``: red, green, blue, alpha."""
        made_of = (opacity, tuple(colours.items()))
        before = self._labels if made_of == self._made_of else None
        if self._overlay is None or before is None or not np.array_equal(labels, before):
            lut = np.zeros((256, 4), np.uint8)
            for label, rgb in colours.items():
                lut[label] = (*rgb, round(255 * opacity))
            self._overlay = _looked_up(lut, labels)
            self._made_of, self._labels = made_of, labels
        return self._overlay

    def chances(self, chance: Floats, threshold: float, opacity: float) -> NDArray[np.uint8]:
        """Probabilities from `threshold` on as colours from dark blue (0) to yellow (1)."""
        made_of = (threshold, opacity)
        same = made_of == self._made_of and chance is self._chance
        if self._overlay is None or not same:
            lut = np.concatenate([VIRIDIS, np.full((256, 1), round(255 * opacity), np.uint8)], 1)
            levels = np.clip(np.rint(chance * 255), 0, 255).astype(np.uint8)
            self._overlay = _looked_up(lut, levels)
            self._overlay[chance < threshold] = 0
            self._made_of, self._chance = made_of, chance
        return self._overlay


def _looked_up(lut: NDArray[np.uint8], levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    words = np.ascontiguousarray(lut).view(np.uint32)[:, 0][np.ascontiguousarray(levels)]
    return words.view(np.uint8).reshape(*levels.shape, 4)
