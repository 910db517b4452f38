"""The rows of the kernel editor: what is shown, how far a change reaches, and the hand."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from unetscope.domain.editor import Hand
from unetscope.domain.scopes import Scope
from unetscope.presenters.kernel_editor import KernelView
from unetscope.ui import icons
from unetscope.ui.widgets.spring_slider import SpringSlider

SCOPE_TIPS = {
    Scope.VALUE: "Only the value you change, or all that are selected.",
    Scope.KERNEL: "Every value of this kernel.",
    Scope.FILTER: "This filter over all input channels; the gain takes its bias along.",
    Scope.INPUT_CHANNEL: "This input channel in all filters.",
    Scope.LAYER: "Every kernel of the layer.",
}
HAND_TIPS = {
    Hand.CHANGE: ("kernel.change", "A drag up or down over a number changes it"),
    Hand.PAINT: ("kernel.paint", "A drag paints the value beside; right click picks one up"),
    Hand.SELECT: ("kernel.select", "A drag selects several numbers (Shift+arrows, Ctrl+A)"),
}


class PlaceRow(QWidget):
    """Which weights are on show: the part of the layer, filter, input channel, plane."""

    def __init__(self) -> None:
        super().__init__()
        self.part = QComboBox()
        self.part.setObjectName("kernel_editor.part")
        self.part.setToolTip("Which weights of the layer: kernels, biases, or what it has")
        self.part.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.part.setMinimumContentsLength(5)
        self.filter = _spin("kernel_editor.filter", "filter ")
        self.in_channel = _spin("kernel_editor.in_channel", "input ")
        self.plane = _spin("kernel_editor.plane", "plane ")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.part, self.filter, self.in_channel, self.plane):
            row.addWidget(widget, 1)

    def show_view(self, view: KernelView) -> None:
        """Show which weights they are."""
        has_kernel, is_table = view.kernel is not None, bool(view.rows)
        with QSignalBlocker(self.part):
            if [self.part.itemText(i) for i in range(self.part.count())] != list(view.parts):
                self.part.clear()
                self.part.addItems(list(view.parts))
            self.part.setCurrentIndex(view.part)
        self.part.setVisible(len(view.parts) > 1)
        self.filter.setEnabled(has_kernel)
        self.in_channel.setEnabled(has_kernel)
        self.in_channel.setVisible(not is_table or view.in_channels > len(view.rows))
        self.plane.setVisible(view.planes > 0)
        self.filter.setPrefix("column " if is_table else "filter ")
        self.in_channel.setPrefix("row " if is_table else "input ")
        _show_spin(self.filter, view.filter, view.filters)
        _show_spin(self.in_channel, view.in_channel, view.in_channels)
        _show_spin(self.plane, view.plane, view.planes)


class ScopeRow(QWidget):
    """How far a change reaches, and over how many values."""

    chosen = Signal(object)  # Scope

    def __init__(self) -> None:
        super().__init__()
        self.buttons = QButtonGroup(self)
        self._covers = QLabel()
        self._covers.setObjectName("kernel_editor.covers")
        self._covers.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Scope"))
        for i, scope in enumerate(Scope):
            button = QRadioButton(scope.value)
            button.setObjectName(f"kernel_editor.scope.{scope.name.lower()}")
            self.buttons.addButton(button, i)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._covers)
        self.buttons.idClicked.connect(lambda i: self.chosen.emit(list(Scope)[i]))

    def show_view(self, view: KernelView) -> None:
        """Show what can be chosen, and what is."""
        covered = ""
        known = {choice.scope: choice for choice in view.scopes}
        with QSignalBlocker(self.buttons):
            for i, scope in enumerate(Scope):
                button, choice = self.buttons.button(i), known.get(scope)
                button.setEnabled(choice is not None and not choice.refused)
                if choice is None:
                    continue
                button.setText(choice.name)
                values = "1 value" if choice.values == 1 else f"{choice.values:,} values"
                tip = "" if view.rows else f"{SCOPE_TIPS[scope]} "
                button.setToolTip(choice.refused or f"{tip}Covers {values}.")
                if scope is view.scope:
                    covered = values
            self.buttons.button(list(Scope).index(view.scope)).setChecked(True)
        self._covers.setText(covered)


class HandRow(QWidget):
    """What a drag over the numbers does; in `look`, the brush and what is drawn beside them."""

    hand_chosen = Signal(object)  # Hand
    brush_changed = Signal(float)
    shown = Signal(str, bool)  # "beside" or "holes"

    def __init__(self) -> None:
        super().__init__()
        self._hands: dict[Hand, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        for hand, (icon, tip) in HAND_TIPS.items():
            button = self._hands[hand] = QToolButton()
            button.setObjectName(f"kernel_editor.hand.{hand.value}")
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setAccessibleName(hand.value)
            button.setProperty("icon_name", icon)
            button.clicked.connect(lambda _=False, hand=hand: self.hand_chosen.emit(hand))
            group.addButton(button)
            row.addWidget(button)
        self.brush = QDoubleSpinBox()
        self.brush.setObjectName("kernel_editor.brush")
        self.brush.setRange(-1e6, 1e6)
        self.brush.setDecimals(4)
        self.brush.setSingleStep(0.05)
        self.brush.setPrefix("brush ")
        self.brush.setMinimumWidth(84)
        self.brush.setToolTip("The value that painting puts")
        self.brush.valueChanged.connect(self.brush_changed)
        self.look = QWidget()
        row = QHBoxLayout(self.look)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        row.addWidget(self.brush)
        self.beside = _switch("kernel_editor.beside", "Show the trained numbers beside these")
        self.beside.setText("Trained")
        self.holes = _switch(
            "kernel_editor.holes", "Show the kernel with the holes that its dilation leaves"
        )
        self.holes.setText("Holes")
        for name, button in (("beside", self.beside), ("holes", self.holes)):
            button.clicked.connect(lambda on, name=name: self.shown.emit(name, on))
            row.addWidget(button)

    def show_theme(self) -> None:
        """Draw the icons in the colours of the theme in force."""
        for button in self._hands.values():
            button.setIcon(icons.icon(str(button.property("icon_name"))))
            button.setIconSize(QSize(16, 16))

    def show_view(self, view: KernelView) -> None:
        """Show what is chosen."""
        has_kernel, editor = view.kernel is not None, view.editor
        for hand, button in self._hands.items():
            button.setEnabled(has_kernel)
            button.setChecked(hand is editor.hand)
        self.brush.setVisible(editor.hand is Hand.PAINT)
        self.brush.setEnabled(has_kernel)
        with QSignalBlocker(self.brush):
            self.brush.setValue(editor.brush)
        self.beside.setEnabled(has_kernel)
        self.beside.setChecked(editor.beside)
        self.holes.setVisible(view.dilation is not None)
        self.holes.setEnabled(has_kernel)
        self.holes.setChecked(editor.holes)


class SliderRow(QWidget):
    """Gain, and how much of the trained values there is: both spring back when let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gain, self.blend = SpringSlider(3), SpringSlider(1)
        self.gain.setObjectName("kernel_editor.gain")
        self.gain.setToolTip("Multiply what the scope names; springs back when released")
        self.blend.setObjectName("kernel_editor.blend")
        self.blend.setToolTip(
            "Mix what the scope names with its trained values: the further to the left, the more "
            "of them; springs back when released"
        )
        self._gain_text, self._blend_text = QLabel(), QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for text, slider in ((self._gain_text, self.gain), (self._blend_text, self.blend)):
            row.addWidget(text)
            row.addWidget(slider, 1)
            slider.valueChanged.connect(self._show_numbers)
            slider.held.connect(self._show_numbers)
        self._show_numbers()

    def show_view(self, view: KernelView) -> None:
        """Offer the sliders where there is something to change."""
        self.gain.setEnabled(view.kernel is not None)
        self.blend.setEnabled(view.kernel is not None and view.edited)

    def _show_numbers(self) -> None:
        self._gain_text.setText(f"gain ×{self.gain.share:.2f}")
        self._blend_text.setText(f"trained {1 - self.blend.share:.0%}")


def _switch(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setCheckable(True)
    button.setToolTip(tip)
    return button


def _spin(name: str, prefix: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setPrefix(prefix)
    spin.setMinimumWidth(72)
    spin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return spin


def _show_spin(spin: QSpinBox, value: int, count: int) -> None:
    with QSignalBlocker(spin):
        spin.setRange(0, max(count - 1, 0))
        spin.setValue(value)
        spin.setToolTip(f"Which {spin.prefix().strip()} is shown, of {count}")
