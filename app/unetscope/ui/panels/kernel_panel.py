"""The kernel editor: the grid of numbers, scope, recipes, gain, bias, and what the edit did."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDockWidget,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.recipes import RECIPES
from unetscope.domain.scopes import Scope
from unetscope.presenters.kernel_editor import KernelPresenter, KernelView
from unetscope.ui import icons
from unetscope.ui.effect_box import EffectBox
from unetscope.ui.widgets.kernel_grid import KernelGrid

GAIN_STEPS = 100  # slider steps to a gain of 1
GAIN_MOST = 3

SCOPE_NAMES = {Scope.INPUT_CHANNEL: "input"}
SCOPE_TIPS = {
    Scope.VALUE: "Only the value you change.",
    Scope.KERNEL: "Every value of this kernel.",
    Scope.FILTER: "This filter over all input channels.",
    Scope.INPUT_CHANNEL: "This input channel in all filters.",
    Scope.LAYER: "Every kernel of the layer.",
}


class KernelPanel(QDockWidget):
    """Draws a `KernelView` and reports every change of the kernel."""

    def __init__(self, presenter: KernelPresenter, parent: QWidget) -> None:
        super().__init__("Kernel editor", parent)
        self.setObjectName("kernel_editor")
        self._presenter = presenter
        self._gain_moved = False
        self._bias_moved = False
        self._shown: KernelView | None = None

        self.grid = KernelGrid()
        self.grid.setObjectName("kernel_editor.grid")
        self.grid.setToolTip("Type a number, turn the wheel or drag up and down to change a value")
        self.filter = _spin("kernel_editor.filter", "filter ")
        self.in_channel = _spin("kernel_editor.in_channel", "input ")
        self.bias = QDoubleSpinBox()
        self.bias.setObjectName("kernel_editor.bias")
        self.bias.setRange(-1e6, 1e6)
        self.bias.setDecimals(4)
        self.bias.setSingleStep(0.01)
        self.bias.setKeyboardTracking(False)
        self.bias.setPrefix("bias ")
        self.bias.setFixedWidth(120)
        self.gain = QSlider(Qt.Orientation.Horizontal)
        self.gain.setObjectName("kernel_editor.gain")
        self.gain.setRange(0, GAIN_MOST * GAIN_STEPS)
        self.gain.setValue(GAIN_STEPS)
        self.gain.setToolTip("Multiply what the scope names; springs back when released")
        self._gain_text = QLabel()
        self.recipe = QPushButton()
        self.recipe.setObjectName("kernel_editor.recipe")
        self.recipe.setText("Put a recipe …")
        self.recipe.setToolTip("Put a ready-made kernel into what the scope names")
        self.recipes = QMenu(self.recipe)
        self.recipes.setToolTipsVisible(True)
        for recipe in RECIPES:
            action = self.recipes.addAction(recipe.name)
            action.setObjectName(f"kernel_editor.recipe.{recipe.id}")
            action.setToolTip(recipe.hint)
            action.triggered.connect(lambda _=False, key=recipe.id: presenter.apply_recipe(key))
        self.recipe.setMenu(self.recipes)
        self.keep_norm = QCheckBox("keep norm")
        self.keep_norm.setObjectName("kernel_editor.keep_norm")
        self.keep_norm.setToolTip(
            "Scale a recipe so that norm and mean of the old kernel stay: else the layer saturates"
        )
        self.scopes = QButtonGroup(self)
        self._turns: dict[str, QToolButton] = {}
        self.copy, self.paste, self.revert_kernel = QToolButton(), QToolButton(), QToolButton()
        self.problem = QLabel()
        self.problem.setObjectName("kernel_editor.problem")
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        self.effect = EffectBox()

        content = QWidget()
        content.setObjectName("kernel_editor.content")
        upper = QHBoxLayout()
        upper.setSpacing(12)
        upper.addLayout(self._kernel(), 4)
        upper.addWidget(self.effect, 6)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(5)
        layout.addLayout(upper, 1)
        layout.addLayout(self._scope_row())
        layout.addLayout(self._recipe_row())
        layout.addLayout(self._buttons())
        layout.addWidget(self.problem)
        self.setWidget(content)
        self._connect()
        self.show_view(presenter.view)

    def _kernel(self) -> QVBoxLayout:
        where = QHBoxLayout()
        where.addWidget(self.filter, 1)
        where.addWidget(self.in_channel, 1)
        layout = QVBoxLayout()
        layout.setSpacing(5)
        layout.addLayout(where)
        layout.addWidget(self.grid, 1)
        return layout

    def _scope_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(QLabel("Scope"))
        for i, scope in enumerate(Scope):
            button = QRadioButton(SCOPE_NAMES.get(scope, scope.value))
            button.setObjectName(f"kernel_editor.scope.{scope.name.lower()}")
            button.setToolTip(SCOPE_TIPS[scope])
            self.scopes.addButton(button, i)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _recipe_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.recipe)
        row.addWidget(self.keep_norm)
        row.addSpacing(8)
        row.addWidget(self._gain_text)
        row.addWidget(self.gain, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        turns = (
            ("flip_x", "↔", "Flip left and right", lambda k: k[:, ::-1]),
            ("flip_y", "↕", "Flip top and bottom", lambda k: k[::-1]),
            ("turn", "⟳", "Turn by 90°", lambda k: np.rot90(k, -1)),
            ("negate", "±", "Negate", lambda k: -k),
        )
        for key, text, name, change in turns:
            button = QToolButton()
            button.setObjectName(f"kernel_editor.{key}")
            button.setText(text)
            button.setToolTip(f"{name} (what the scope names)")
            button.clicked.connect(
                lambda _=False, name=name, change=change: self._presenter.change_kernels(
                    name, change
                )
            )
            self._turns[key] = button
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.bias)
        row.addStretch(1)
        for name, push, tip in (
            ("edit.copy_kernel", self.copy, "Copy the kernel as numbers, for a spreadsheet"),
            ("edit.paste_kernel", self.paste, "Paste a kernel from numbers, as spreadsheets copy"),
            (
                "edit.revert_kernel",
                self.revert_kernel,
                "Bring this kernel back to the trained values; wider scopes: Edit menu",
            ),
        ):
            push.setObjectName(f"kernel_editor.{name}")
            push.setToolTip(tip)
            row.addWidget(push)
        self.show_theme()
        return row

    def show_theme(self) -> None:
        """Draw the icons in the colours of the theme in force."""
        for push in (self.copy, self.paste, self.revert_kernel):
            push.setIcon(icons.icon(push.objectName().removeprefix("kernel_editor.")))

    def _connect(self) -> None:
        presenter = self._presenter
        self.grid.drag_started.connect(lambda: presenter.hold(True))
        self.grid.value_edited.connect(presenter.set_value)
        self.grid.gesture_finished.connect(lambda: presenter.hold(False))
        self.filter.valueChanged.connect(presenter.select_filter)
        self.in_channel.valueChanged.connect(presenter.select_in_channel)
        self.bias.valueChanged.connect(self._bias_changed)
        self.bias.editingFinished.connect(self._bias_finished)
        self.gain.sliderPressed.connect(lambda: presenter.hold(True))
        self.gain.valueChanged.connect(self._gain_changed)
        self.gain.sliderReleased.connect(self._gain_released)
        self.keep_norm.toggled.connect(presenter.set_keep_norm)
        self.scopes.idClicked.connect(lambda i: presenter.set_scope(list(Scope)[i]))
        self.copy.clicked.connect(self.copy_kernel)
        self.paste.clicked.connect(self.paste_kernel)
        self.revert_kernel.clicked.connect(lambda: presenter.revert(Scope.KERNEL))
        presenter.view_changed.connect(self.show_view)

    # ------------------------------------------------------------------- view

    def show_view(self, view: KernelView) -> None:
        """Make the widgets show `view` without reporting it as a user action."""
        old, self._shown = self._shown, view
        if view.kernel is None:
            self.grid.show_message(view.empty)
        else:
            self.grid.show_kernel(view.kernel, view.limit, view.trained)
        self._show_bias(view.bias)
        if old is None or _choices(view) != _choices(old):
            self._show_choices(view)
        if old is None or view.effect is not old.effect:
            self.effect.show_view(view.effect)

    def _show_bias(self, bias: float | None) -> None:
        self.bias.setEnabled(bias is not None)
        if self.bias.value() != round(bias or 0.0, self.bias.decimals()):
            with QSignalBlocker(self.bias):
                self.bias.setValue(bias or 0.0)

    def _show_choices(self, view: KernelView) -> None:
        """Show which kernel it is, and what can be done with it."""
        self.setWindowTitle(view.title)
        self.problem.setText(view.problem)
        self.problem.setVisible(bool(view.problem))
        has_kernel = view.kernel is not None
        for widget in (self.filter, self.in_channel, self.gain, self.keep_norm):
            widget.setEnabled(has_kernel)
        self.recipe.setEnabled(view.takes_recipes)
        for button in (*self.scopes.buttons(), self.copy, self.paste):
            button.setEnabled(has_kernel)
        for key, button in self._turns.items():  # like a recipe, a turn needs rows and columns
            button.setEnabled(has_kernel if key == "negate" else view.takes_recipes)
        self.revert_kernel.setEnabled(view.edited)
        _show_spin(self.filter, view.filter, view.filters)
        _show_spin(self.in_channel, view.in_channel, view.in_channels)
        with QSignalBlocker(self.keep_norm), QSignalBlocker(self.scopes):
            self.keep_norm.setChecked(view.keep_norm)
            self.scopes.button(list(Scope).index(view.scope)).setChecked(True)
        self._show_gain()

    def _show_gain(self) -> None:
        self._gain_text.setText(f"gain ×{self.gain.value() / GAIN_STEPS:.2f}")

    # ---------------------------------------------------------------- actions

    def _gain_changed(self, value: int) -> None:
        self._show_gain()
        self._presenter.set_gain(value / GAIN_STEPS, same_gesture=self._gain_moved)
        self._gain_moved = True
        if not self.gain.isSliderDown():
            self._gain_released()

    def _gain_released(self) -> None:
        self._gain_moved = False
        with QSignalBlocker(self.gain):
            self.gain.setValue(GAIN_STEPS)
        self._show_gain()
        self._presenter.hold(False)

    def _bias_changed(self, value: float) -> None:
        self._presenter.set_bias(value, same_gesture=self._bias_moved)
        self._bias_moved = True

    def _bias_finished(self) -> None:
        self._bias_moved = False

    def copy_kernel(self) -> None:
        """Put the kernel on the clipboard as rows of numbers between tabs."""
        kernel = self._presenter.view.kernel
        if kernel is not None:
            rows = ("\t".join(repr(float(v)) for v in row) for row in kernel)
            QGuiApplication.clipboard().setText("\n".join(rows))

    def paste_kernel(self) -> None:
        """Read the kernel from rows of numbers on the clipboard."""
        text = QGuiApplication.clipboard().text().strip()
        try:
            rows = [_numbers(line) for line in text.splitlines() if line.strip()]
            if not rows or len({len(row) for row in rows}) != 1:
                raise ValueError("rows of different length")
        except ValueError:
            self._presenter.report(
                "The clipboard holds no table of numbers. Copy the cells of a spreadsheet first."
            )
            return
        with np.errstate(over="ignore"):  # to infinity, which the edit refuses
            self._presenter.set_kernel(np.array(rows).astype(np.float32))


def _choices(view: KernelView) -> tuple[object, ...]:
    """All of a view but the numbers, which a drag changes, and their effect."""
    can = (view.kernel is not None, view.takes_recipes, view.edited, view.keep_norm, view.scope)
    which = (view.filter, view.filters, view.in_channel, view.in_channels)
    return (view.title, view.problem, *can, *which)


def _numbers(line: str) -> list[float]:
    """Read a row of a spreadsheet; between tabs and semicolons a comma is a decimal comma."""
    has_cells = "\t" in line or ";" in line
    line = line.replace(",", "." if has_cells else " ").replace(";", " ")
    return [float(part) for part in line.split()]


def _spin(name: str, prefix: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setPrefix(prefix)
    spin.setMinimumWidth(84)
    spin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return spin


def _show_spin(spin: QSpinBox, value: int, count: int) -> None:
    with QSignalBlocker(spin):
        spin.setRange(0, max(count - 1, 0))
        spin.setValue(value)
        spin.setToolTip(f"Which {spin.prefix().strip()} the kernel belongs to, of {count}")
