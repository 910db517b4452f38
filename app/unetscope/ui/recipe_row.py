"""The row of recipes: a menu with pictures, the recipe's numbers, and the user's own ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.recipes import RECIPES, Recipe
from unetscope.presenters.kernel_editor import KernelView
from unetscope.presenters.kernel_editor.view import SettingView
from unetscope.ui.colours import DIVERGING, to_levels

PICTURE = 30  # pixels


class RecipeRow(QWidget):
    """Reports which recipe is put, its numbers, and what becomes of the user's own ones.

    Parameters
    ----------
    beside : QWidget
        What else has room in the row.
    """

    chosen = Signal(str)  # id
    set_number = Signal(str, float)
    keep_norm_chosen = Signal(bool)
    save_asked = Signal()
    import_asked = Signal()
    export_asked = Signal(str)  # id
    delete_asked = Signal(str)

    def __init__(self, beside: QWidget) -> None:
        super().__init__()
        self._shape: tuple[int, int] = (3, 3)
        self._own: tuple[Recipe, ...] = ()
        self.button = QPushButton("Put a recipe …")
        self.button.setObjectName("kernel_editor.recipe")
        self.button.setToolTip("Put a ready-made kernel into what the scope names")
        self.menu = QMenu(self.button)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(self._draw)
        self.button.setMenu(self.menu)
        self.keep_norm = QCheckBox("keep norm")
        self.keep_norm.setObjectName("kernel_editor.keep_norm")
        self.keep_norm.setToolTip(
            "Scale a recipe so that norm and mean of the old kernel stay: else the layer saturates"
        )
        self.keep_norm.toggled.connect(self.keep_norm_chosen)
        self._numbers = [_number(f"kernel_editor.setting.{i}") for i in range(3)]
        above, numbers = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.button)
        above.addWidget(self.keep_norm)
        above.addStretch(1)
        above.addWidget(beside)
        for i, spin in enumerate(self._numbers):
            spin.valueChanged.connect(partial(self._number_changed, i))
            numbers.addWidget(spin, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addLayout(above)
        rows.addLayout(numbers)
        self._settings: tuple[SettingView, ...] = ()
        self._fill()

    def show_view(self, view: KernelView) -> None:
        """Show the numbers of the recipe that was put last, and which recipes there are."""
        self.button.setEnabled(view.takes_recipes)
        self.button.setToolTip(
            "Put a ready-made kernel into what the scope names"
            if view.takes_recipes or view.kernel is None
            else "Recipes are kernels; this is a table of numbers"
        )
        self.keep_norm.setEnabled(view.takes_recipes)
        with QSignalBlocker(self.keep_norm):
            self.keep_norm.setChecked(view.keep_norm)
        self._settings = view.settings if view.takes_recipes else ()
        for i, spin in enumerate(self._numbers):
            spin.setVisible(i < len(self._settings))
            spin.setEnabled(i < len(self._settings))
            if i < len(self._settings):
                _show_number(spin, self._settings[i])
        if view.takes_recipes and view.kernel is not None:
            rows, columns = view.kernel.shape
            self._shape = (rows, columns)
        if view.own != self._own:
            self._own = view.own
            self._fill()

    def _number_changed(self, index: int, value: float) -> None:
        if index < len(self._settings):
            self.set_number.emit(self._settings[index].name, value)

    def _fill(self) -> None:
        menu = self.menu
        menu.clear()
        for recipe in (*RECIPES, *self._own):
            if self._own and recipe is self._own[0]:
                menu.addSeparator()
            action = menu.addAction(recipe.name)
            action.setObjectName(f"kernel_editor.recipe.{recipe.id}")
            action.setToolTip(recipe.hint)
            action.triggered.connect(partial(self._choose, recipe.id))
        menu.addSeparator()
        save = menu.addAction("Save recipe…")
        save.setObjectName("kernel_editor.recipe_save")
        save.setToolTip("Keep the kernel shown as a recipe of your own")
        save.triggered.connect(lambda: self.save_asked.emit())
        take = menu.addAction("Take in a recipe from a file…")
        take.setObjectName("kernel_editor.recipe_import")
        take.triggered.connect(lambda: self.import_asked.emit())
        if not self._own:
            return
        out, away = menu.addMenu("Write to a file"), menu.addMenu("Delete")
        for recipe in self._own:
            out.addAction(f"{recipe.name}…").triggered.connect(
                lambda _=False, key=recipe.id: self.export_asked.emit(key)
            )
            away.addAction(recipe.name).triggered.connect(
                lambda _=False, key=recipe.id: self.delete_asked.emit(key)
            )

    def _choose(self, recipe_id: str, _: bool = False) -> None:
        self.chosen.emit(recipe_id)

    def _draw(self) -> None:
        """Give each recipe its picture at the size of the kernel shown."""
        recipes: Sequence[Recipe] = (*RECIPES, *self._own)
        by_name = {f"kernel_editor.recipe.{recipe.id}": recipe for recipe in recipes}
        for action in self.menu.actions():
            recipe = by_name.get(action.objectName())
            if recipe is not None:
                action.setIcon(_picture(recipe, self._shape))


def _picture(recipe: Recipe, shape: tuple[int, int]) -> QIcon:
    values = recipe.kernel(shape)
    limit = float(np.abs(values).max()) or 1.0
    pixels = np.ascontiguousarray(DIVERGING[to_levels(values, -limit, limit)][..., :3])
    rows, columns = shape
    image = QImage(pixels.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    size = QSize(PICTURE, PICTURE)
    return QIcon(QPixmap.fromImage(image.copy()).scaled(size, Qt.AspectRatioMode.KeepAspectRatio))


def _number(name: str) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setObjectName(name)
    spin.setMinimumWidth(92)
    spin.setKeyboardTracking(False)
    spin.hide()
    return spin


def _show_number(spin: QDoubleSpinBox, setting: SettingView) -> None:
    with QSignalBlocker(spin):
        whole = setting.step >= 1
        spin.setDecimals(0 if whole else 2)
        spin.setRange(setting.least, setting.most)
        spin.setSingleStep(setting.step)
        spin.setPrefix(f"{setting.name} ")
        spin.setSuffix(f" {setting.unit}" if setting.unit else "")
        spin.setValue(setting.value)
        spin.setToolTip(f"The recipe's {setting.name}; the kernel follows at once")
