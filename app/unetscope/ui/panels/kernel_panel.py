"""The kernel editor: the grid of numbers, scope, recipes, gain, bias, and what the edit did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QDockWidget,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.kernel_changes import CHANGES
from unetscope.presenters.kernel_editor import KernelPresenter, KernelView
from unetscope.ui import dialogs, icons
from unetscope.ui.effect_box import EffectBox
from unetscope.ui.kernel_rows import HandRow, PlaceRow, ScopeRow, SliderRow
from unetscope.ui.recipe_row import RecipeRow
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.kernel_picture import KernelPicture
from unetscope.ui.widgets.plain_text import title_of

_BUTTONS = {"flip_x": "↔", "flip_y": "↕", "turn": "⟳", "negate": "±"}
_FILES = (".npy", ".txt", ".csv", ".tsv")
_GRID_TIP = "Type a number, turn the wheel or drag up and down to change a value"


@guarded
class KernelPanel(QDockWidget):
    """Draws a `KernelView` and reports every change of the kernel."""

    def __init__(self, presenter: KernelPresenter, parent: QWidget) -> None:
        super().__init__("Kernel editor", parent)
        self.setObjectName("kernel_editor")
        self.setAcceptDrops(True)
        self._presenter = presenter
        self._bias_moved = False
        self._shown: KernelView | None = None

        self.place, self.hand, self.scope = PlaceRow(), HandRow(), ScopeRow()
        self.sliders, self.recipe_row = SliderRow(), RecipeRow(self.hand.look)
        self.recipe, self.recipes = self.recipe_row.button, self.recipe_row.menu
        self.grid = KernelGrid()
        self.grid.setObjectName("kernel_editor.grid")
        self.grid.several = True
        self.grid.setToolTip(_GRID_TIP)
        self.trained = KernelPicture()
        self.trained.setObjectName("kernel_editor.trained")
        self.trained.setAccessibleName("Trained kernel")
        self._difference = ElidedLabel()
        self._difference.setObjectName("kernel_editor.difference")
        self._difference.setProperty("role", "muted")
        self.bias = QDoubleSpinBox()
        self.bias.setObjectName("kernel_editor.bias")
        self.bias.setRange(-1e6, 1e6)
        self.bias.setDecimals(4)
        self.bias.setSingleStep(0.01)
        self.bias.setKeyboardTracking(False)
        self.bias.setPrefix("bias ")
        self.bias.setFixedWidth(112)
        self.bias.setToolTip("Added to every pixel of the feature map, before the activation")
        self._turns: dict[str, QToolButton] = {}
        self.more = QToolButton()
        self.copy, self.paste, self.revert_kernel = QToolButton(), QToolButton(), QToolButton()
        self.problem = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.problem.setObjectName("kernel_editor.problem")
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        self.effect = EffectBox()

        content = QWidget()
        content.setObjectName("kernel_editor.content")
        upper = QHBoxLayout()
        upper.setSpacing(12)
        upper.addLayout(self._kernel(), 1)
        upper.addWidget(self.effect, 1)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(5)
        layout.addLayout(upper, 1)
        layout.addWidget(self.scope)
        amounts = QHBoxLayout()
        amounts.addWidget(self.bias)
        amounts.addWidget(self.sliders, 1)
        layout.addLayout(amounts)
        layout.addWidget(self.recipe_row)
        layout.addLayout(self._buttons())
        layout.addWidget(self.problem)
        self.setWidget(content)
        self._connect()
        self.show_theme()
        self.show_view(presenter.view)

    def _kernel(self) -> QVBoxLayout:
        grids = QHBoxLayout()
        grids.setSpacing(6)
        grids.addWidget(self.grid, 1)
        grids.addWidget(self.trained, 1)
        layout = QVBoxLayout()
        layout.setSpacing(4)
        layout.addWidget(self.place)
        layout.addLayout(grids, 1)
        layout.addWidget(self._difference)
        return layout

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        row.addWidget(self.hand)
        row.addSpacing(6)
        menu = QMenu(self.more)
        menu.setToolTipsVisible(True)
        for change in CHANGES:
            tip = f"{change.name} (what the scope names). {change.hint}".strip()
            if text := _BUTTONS.get(change.id):
                button = self._turns[change.id] = QToolButton()
                button.setObjectName(f"kernel_editor.{change.id}")
                button.setText(text)
                button.setToolTip(tip)
                button.setAccessibleName(change.name)
                button.clicked.connect(lambda _=False, key=change.id: self._change(key))
                row.addWidget(button)
            else:
                action = menu.addAction(change.name)
                action.setObjectName(f"kernel_editor.{change.id}")
                action.setToolTip(tip)
                action.triggered.connect(lambda _=False, key=change.id: self._change(key))
        menu.addSeparator()
        whole = menu.addAction("Copy whole filter")
        whole.setObjectName("kernel_editor.copy_filter")
        whole.setToolTip("All kernels of this filter below each other; paste takes them again")
        whole.triggered.connect(self.copy_filter)
        self.more.setObjectName("kernel_editor.more")
        self.more.setText("More")
        self.more.setToolTip("Shift, normalise, make symmetric; copy the whole filter")
        self.more.setMenu(menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row.addWidget(self.more)
        row.addStretch(1)
        for name, push, tip in (
            ("edit.copy_kernel", self.copy, "Copy the kernel as numbers, for a spreadsheet"),
            ("edit.paste_kernel", self.paste, "Paste a kernel from numbers, as spreadsheets copy"),
            (
                "edit.revert_kernel",
                self.revert_kernel,
                "Bring what is shown back to the trained values; wider scopes: Edit menu",
            ),
        ):
            push.setObjectName(f"kernel_editor.{name}")
            push.setToolTip(tip)
            row.addWidget(push)
        return row

    def show_theme(self) -> None:
        """Draw the icons in the colours of the theme in force."""
        for push in (self.copy, self.paste, self.revert_kernel):
            push.setIcon(icons.icon(push.objectName().removeprefix("kernel_editor.")))
        self.hand.show_theme()

    def _connect(self) -> None:
        presenter = self._presenter
        self.grid.drag_started.connect(lambda: presenter.hold(True))
        self.grid.value_edited.connect(presenter.set_value)
        self.grid.cells_filled.connect(presenter.fill)
        self.grid.cells_selected.connect(presenter.select_cells)
        self.grid.value_picked.connect(lambda value: presenter.choose(brush=value))
        self.grid.gesture_finished.connect(lambda: presenter.hold(False))
        self.place.part.activated.connect(presenter.show_part)
        self.place.filter.valueChanged.connect(presenter.select_filter)
        self.place.in_channel.valueChanged.connect(presenter.select_in_channel)
        self.place.plane.valueChanged.connect(lambda plane: presenter.choose(plane=plane))
        self.hand.hand_chosen.connect(lambda hand: presenter.choose(hand=hand))
        self.hand.brush_changed.connect(lambda value: presenter.choose(brush=value))
        self.hand.shown.connect(lambda name, shown: presenter.choose(**{name: shown}))
        self.bias.valueChanged.connect(self._bias_changed)
        self.bias.editingFinished.connect(self._bias_finished)
        for slider in (self.sliders.gain, self.sliders.blend):
            slider.held.connect(presenter.hold)
        self.sliders.gain.moved_to.connect(presenter.set_gain)
        self.sliders.blend.moved_to.connect(presenter.blend)
        self.recipe_row.chosen.connect(presenter.apply_recipe)
        self.recipe_row.set_number.connect(presenter.set_recipe)
        self.recipe_row.keep_norm_chosen.connect(presenter.set_keep_norm)
        self.recipe_row.save_asked.connect(self.save_recipe)
        self.recipe_row.import_asked.connect(self._import_recipe)
        self.recipe_row.export_asked.connect(self._export_recipe)
        self.recipe_row.delete_asked.connect(presenter.delete_recipe)
        self.scope.chosen.connect(presenter.set_scope)
        self.effect.widen_asked.connect(presenter.set_scope)
        self.copy.clicked.connect(self.copy_kernel)
        self.paste.clicked.connect(self.paste_kernel)
        self.revert_kernel.clicked.connect(presenter.revert_page)
        presenter.view_changed.connect(self.show_view)

    # ------------------------------------------------------------------- view

    def show_view(self, view: KernelView) -> None:
        """Make the widgets show `view` without reporting it as a user action."""
        old, self._shown = self._shown, view
        beside = view.editor.beside and view.trained is not None
        self.trained.setVisible(beside)
        if view.kernel is None:
            self.grid.show_message(view.empty)
        else:
            names = (view.rows, view.columns)
            spread = view.dilation if view.dilation and view.editor.holes else (1, 1)
            self.grid.set_hand(view.editor.hand, view.editor.brush)
            how: dict[str, Any] = {"spread": spread, "row_limits": view.row_limits}
            self.grid.show_kernel(view.kernel, view.limit, view.trained, names=names, **how)
            self.grid.select_cells(view.cells)
            if beside and view.trained is not None:
                self.trained.show_kernel(view.trained, view.limit, names=((), view.columns), **how)
        self._difference.setText(view.difference)
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
        self.setWindowTitle(title_of(view.title))
        self.problem.setText(view.problem)
        self.problem.setVisible(bool(view.problem))
        has_kernel = view.kernel is not None
        for row in (self.place, self.scope, self.hand, self.sliders, self.recipe_row):
            row.show_view(view)
        for button in (self.more, self.copy, self.paste):
            button.setEnabled(has_kernel)
        for key, button in self._turns.items():  # like a recipe, a turn needs rows and columns
            button.setEnabled(has_kernel if key == "negate" else view.takes_recipes)
        self.revert_kernel.setEnabled(view.edited)

    # ---------------------------------------------------------------- actions

    def _change(self, change_id: str) -> None:
        self._presenter.change_kernels(change_id)

    def _bias_changed(self, value: float) -> None:
        self._presenter.set_bias(value, same_gesture=self._bias_moved)
        self._bias_moved = True

    def _bias_finished(self) -> None:
        self._bias_moved = False

    def copy_kernel(self) -> None:
        """Put the numbers shown on the clipboard as rows between tabs."""
        if text := self._presenter.copied():
            QGuiApplication.clipboard().setText(text)

    def copy_filter(self) -> None:
        """Put all kernels of the filter on the clipboard."""
        if text := self._presenter.copied(whole_filter=True):
            QGuiApplication.clipboard().setText(text)

    def paste_kernel(self) -> None:
        """Read numbers from the clipboard."""
        self._presenter.paste(QGuiApplication.clipboard().text())

    def save_recipe(self) -> None:
        """Ask for a name, and keep the kernel shown as a recipe."""
        if name := dialogs.ask_name(self, "Save recipe", "Name of the recipe:"):
            self._presenter.save_recipe(name)

    def _import_recipe(self) -> None:
        if path := dialogs.ask_recipe(self):
            self._presenter.import_recipe(path)

    def _export_recipe(self, recipe_id: str) -> None:
        recipe = self._presenter.own_recipe(recipe_id)
        if recipe is not None and (path := dialogs.ask_save_recipe(self, recipe.name)):
            self._presenter.export_recipe(recipe_id, path)

    # ------------------------------------------------------------------- drop

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a table of numbers, as text or in a file."""
        data = event.mimeData()
        if _number_files(data.urls()) or (data.hasText() and not data.hasUrls()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        """Paste what was dropped."""
        data = event.mimeData()
        event.accept()
        if files := _number_files(data.urls()):
            self._presenter.paste_file(files[0])
        else:
            self._presenter.paste(data.text())


def _choices(view: KernelView) -> tuple[object, ...]:
    """All of a view but the numbers, which a drag changes, and their effect."""
    can = (view.kernel is not None, view.takes_recipes, view.edited, view.keep_norm, view.scope)
    which = (view.filter, view.filters, view.in_channel, view.in_channels, view.parts, view.part)
    how = (view.editor, view.scopes, view.settings, view.own, view.plane, view.planes, view.rows)
    return (view.title, view.problem, view.dilation, *can, *which, *how)


def _number_files(urls: list[QUrl]) -> list[Path]:
    """The files among what is dragged that may hold a table of numbers."""
    local = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return [path for path in local if path.suffix.lower() in _FILES]
