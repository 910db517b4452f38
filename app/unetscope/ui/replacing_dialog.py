"""What is to stand in for layers with code of their own, one row a layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.stand_ins import Replacement, Replacements, StandIn, UnknownLayer
from unetscope.state.layer_replacing import LayerReplacing, Offer
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.guard import guarded

CHOICES = (
    ("Nothing: pass on what comes in", StandIn.IDENTITY),
    ("Multiply by a factor", StandIn.SCALE),
    ("Standardise: mean 0, deviation 1", StandIn.STANDARDISE),
    ("Softmax over the channels", StandIn.SOFTMAX),
)
TO_ONE = 1 / 255  # what most of these layers do
MOST_ROWS = 8  # more of them are scrolled


@guarded
class ReplacingDialog(QDialog):
    """Asks for each layer what is computed in its place.

    Parameters
    ----------
    offer : Offer
        The model and its layers.
    choose : callable
        Given what was chosen for all of them.
    """

    def __init__(
        self, offer: Offer, choose: Callable[[Replacements], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("replacing")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Replace layers")
        self._layers = offer.layers
        self._choose = choose
        count = len(offer.layers)
        title = QLabel(f"{count} layer{'s' if count > 1 else ''} cannot be run.")
        title.setProperty("role", "title")
        what = QLabel(
            f"{offer.path.name} holds layers with Python code of their own, and code from a file "
            "is never run here. Ask who made the model what they compute, and choose the same. "
            "With anything else the result is not that of the trained network."
        )
        what.setTextFormat(Qt.TextFormat.PlainText)
        what.setWordWrap(True)
        after = QLabel(
            "The choice is remembered for exactly this file, and told on the input card and in the "
            "layer tree. Network > Replaced layers… changes it."
        )
        after.setWordWrap(True)
        after.setProperty("role", "hint")
        self.choices: list[QComboBox] = []
        self.factors: list[QDoubleSpinBox] = []
        chosen = {each.layer: each for each in offer.chosen}
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, layer in enumerate(offer.layers):
            self._add_row(grid, number, layer, chosen.get(layer.name))
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(count, 1)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setWidget(rows)
        if count <= MOST_ROWS:
            scrolled.setFixedHeight(rows.sizeHint().height())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = buttons.addButton(
            "Open with these", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.accept_button.setObjectName("replacing.open")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        if offer.chosen:
            forget = buttons.addButton("Forget", QDialogButtonBox.ButtonRole.ResetRole)
            forget.setObjectName("replacing.forget")
            forget.setToolTip("Refuse the file again, as before anything was chosen")
            forget.clicked.connect(self._forget)
        layout = QVBoxLayout(self)
        for part in (title, what, scrolled, after, buttons):
            layout.addWidget(part)
        self.setMinimumWidth(640)
        self._follow()

    def accept(self) -> None:
        """Hand over what was chosen."""
        made = [
            Replacement(
                layer.name,
                layer.kind,
                choice.currentData(),
                factor.value() if choice.currentData() is StandIn.SCALE else 1.0,
            )
            for layer, choice, factor in zip(self._layers, self.choices, self.factors, strict=True)
        ]
        super().accept()
        self._choose(tuple(made))

    def _forget(self) -> None:
        super().reject()
        self._choose(())

    def _add_row(
        self, grid: QGridLayout, row: int, layer: UnknownLayer, before: Replacement | None
    ) -> None:
        name = ElidedLabel(f"{layer.name} ({layer.kind})", mode=Qt.TextElideMode.ElideMiddle)
        choice = QComboBox()
        choice.setObjectName(f"replacing.choice.{row}")
        choice.setAccessibleName(f"In place of {layer.name}")
        for text, by in CHOICES:
            choice.addItem(text, by)
        factor = QDoubleSpinBox()
        factor.setObjectName(f"replacing.factor.{row}")
        factor.setAccessibleName(f"Factor for {layer.name}")
        factor.setDecimals(8)
        factor.setRange(-1e6, 1e6)
        factor.setValue(before.factor if before and before.by is StandIn.SCALE else TO_ONE)
        choice.setPlaceholderText("Choose …")  # nothing stands in unless somebody has said so
        known = [by for _, by in CHOICES]
        choice.setCurrentIndex(known.index(before.by) if before is not None else -1)
        choice.currentIndexChanged.connect(self._follow)
        for column, widget in enumerate((name, choice, factor)):
            grid.addWidget(widget, row, column)
        self.choices.append(choice)
        self.factors.append(factor)

    def _follow(self) -> None:
        for choice, factor in zip(self.choices, self.factors, strict=True):
            factor.setVisible(choice.currentData() is StandIn.SCALE)
        self.accept_button.setEnabled(all(each.currentIndex() >= 0 for each in self.choices))


def offer_over(replacing: LayerReplacing, window: QWidget) -> None:
    """From now on, ask over a window for what a refused model needs."""

    def show(offer: Offer) -> None:
        ReplacingDialog(offer, partial(replacing.choose, offer), window).open()

    replacing.offered.connect(show)
