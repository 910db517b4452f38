"""What the edits did to the slice, beside the kernel: numbers and small pictures."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from unetscope.state.edit_effect import EffectView
from unetscope.ui.colours import DIVERGING, GREY, symmetric_limits
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.map_view import MapContent, MapView
from unetscope.ui.widgets.table_of_values import TableOfValues

ROOM = 8, "mask, to trained -0.00 mL · Dice 0.000"
"""Rows of an edit of a network with three classes, and what is as wide: where less is shown, the
first edit would move the window's parts, and the next turn of the wheel hit another value.
"""


class EffectBox(QWidget):
    """What the edits did: numbers, and the feature map as trained, as edited, and the change."""

    widen_asked = Signal(object)  # Scope

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("kernel_editor.effect")
        self._title = QLabel("Effect on this slice")
        self._title.setProperty("role", "title")
        self.table = TableOfValues()
        self._advice = ElidedLabel()
        self._advice.setProperty("role", "warning")
        self._widen = QPushButton()
        self._widen.setObjectName("kernel_editor.widen")
        self._widen.clicked.connect(lambda: self.widen_asked.emit(self._wider))
        self._wider: object = None
        advice = QHBoxLayout()
        advice.addWidget(self._advice, 1)
        advice.addWidget(self._widen)
        self.table.setToolTip(
            "RMS: change of the values against the trained ones. Dice: agreement with the mask of "
            "the trained network, 1 is the same; with a reference, agreement with that one, as "
            "trained and as edited. Recomputed: layers that had to be run again."
        )
        self._maps = {name: MapView() for name in ("trained", "edited", "change")}
        self._pictures = QWidget()
        kept = self._pictures.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._pictures.setSizePolicy(kept)
        pictures = QHBoxLayout(self._pictures)
        pictures.setContentsMargins(0, 0, 0, 0)
        for name, view in self._maps.items():
            view.setObjectName(f"kernel_editor.effect.{name}")
            view.setMinimumSize(48, 48)
            column = QVBoxLayout()
            column.setSpacing(1)
            caption = QLabel(name)
            caption.setProperty("role", "muted")
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(view, 1)
            column.addWidget(caption)
            pictures.addLayout(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self._title)
        layout.addWidget(self.table)
        layout.addLayout(advice)
        layout.addWidget(self._pictures, 1)
        layout.addStretch()

    def show_view(self, view: EffectView) -> None:
        """Show numbers and pictures."""
        if view.lines:
            self.table.reserve(*ROOM)
        rows = [(line.name, line.value) for line in view.lines] or [(view.empty, "")]
        self.table.show_rows(rows)
        self._advice.setText(view.advice)
        self._advice.setToolTip(view.advice)
        self._advice.setVisible(bool(view.advice))
        self._title.setText("Effect on this slice …" if view.stale else "Effect on this slice")
        self._wider = view.wider
        self._widen.setVisible(view.wider is not None)
        if view.wider is not None:
            self._widen.setText(f"Widen to {view.wider.value}")
            self._widen.setToolTip(f"The next change then applies to the whole {view.wider.value}")
        has_maps = view.edited_map is not None
        self._pictures.setVisible(has_maps)
        if view.trained_map is None or view.edited_map is None or view.difference is None:
            return
        low = float(min(view.trained_map.min(), view.edited_map.min(), 0))
        high = float(max(view.trained_map.max(), view.edited_map.max(), low + 1e-9))
        limits = (low, high)
        self._maps["trained"].show_content(
            MapContent(values=view.trained_map, limits=limits, lut=GREY)
        )
        self._maps["edited"].show_content(
            MapContent(values=view.edited_map, limits=limits, lut=GREY)
        )
        if not view.difference.any():
            self._maps["change"].show_message("none")
            return
        limits = symmetric_limits(view.difference)
        self._maps["change"].show_content(
            MapContent(values=view.difference, limits=limits, lut=DIVERGING)
        )
