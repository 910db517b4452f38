"""The menus of the filter lab: what is added, where a kernel goes, files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from unetscope.domain.lab import LARGEST, TUTORIAL, TUTORIAL_SIZE
from unetscope.domain.recipes import RECIPES, Recipe
from unetscope.domain.scopes import Scope
from unetscope.presenters.filter_lab import FilterLabPresenter

LISTS = "Kernels (*.json *.npy)"
SCRIPTS = "Python script (*.py)"
SIZES = ((3, 3), TUTORIAL_SIZE, (5, 5), (7, 7), (15, 15), (LARGEST, LARGEST))


def _add(
    menu: QMenu, name: str, text: str, tip: str, do: Callable[[], object], key: str = ""
) -> QAction:
    action = menu.addAction(text)
    action.setObjectName(f"filter_lab.{name}")
    action.setToolTip(tip)
    action.triggered.connect(lambda _=False: do())
    if key:
        action.setText(f"{text}\t{key}")
    return action


class AddMenu(QMenu):
    """Kernels by recipe, from the editor, the clipboard or a file."""

    def __init__(self, presenter: FilterLabPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)
        self._presenter = presenter
        _add(
            self,
            "tutorial",
            "The tutorial's four",
            "Replace the list by the four 4×4 edge filters; it can be undone",
            presenter.start_again,
        )
        self._recipes = self.addMenu("Recipe")
        self._recipes.setToolTipsVisible(True)
        self.addSeparator()
        self.shown = _add(
            self,
            "take_shown",
            "The kernel editor's kernel",
            "Try the kernel shown there on the picture",
            presenter.take_kernel_shown,
        )
        _add(
            self,
            "paste",
            "Paste numbers",
            "Rows of numbers from the clipboard, as spreadsheets copy them",
            lambda: presenter.take_text(QGuiApplication.clipboard().text()),
        )
        _add(self, "import", "From a file …", "A list saved here, or a .npy array", self._import)
        self.aboutToShow.connect(self._show_what_can_be)

    def _fill_recipes(self) -> None:
        self._recipes.clear()
        for recipe in self._presenter.own_recipes:
            self._add_size(self._recipes, recipe, recipe.own_size, recipe.name)
        if self._presenter.own_recipes:
            self._recipes.addSeparator()
        for recipe in RECIPES:
            sizes = self._recipes.addMenu(recipe.name)
            sizes.setToolTipsVisible(True)
            for size in (TUTORIAL_SIZE,) if recipe.id in TUTORIAL else SIZES:
                self._add_size(sizes, recipe, size)

    def _add_size(self, menu: QMenu, recipe: Recipe, size: tuple[int, int], text: str = "") -> None:
        _add(
            menu,
            f"add.{recipe.id}.{size[0]}",
            text or f"{size[0]}×{size[1]}",
            f"{recipe.hint} Any other size can be chosen afterwards.",
            lambda: self._presenter.add_recipe(recipe, size),
        )

    def _show_what_can_be(self) -> None:
        """Say what there is to add now; a menu of twenty more is made when it is opened."""
        self._fill_recipes()
        self.shown.setEnabled(bool(self._presenter.view.target))

    def _import(self) -> None:
        text, _ = QFileDialog.getOpenFileName(self, "Add kernels from a file", "", LISTS)
        if text:
            self._presenter.read_kernels(Path(text))


class SendMenu(QMenu):
    """Where the selected kernel can go."""

    def __init__(self, presenter: FilterLabPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)
        self._presenter = presenter
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List the places there are now."""
        self.clear()
        view, presenter = self._presenter.view, self._presenter
        if not view.target or not view.rows:
            _add(self, "send.none", _why_not(bool(view.rows)), "", lambda: None).setEnabled(False)
            return
        _add(
            self,
            "send.kernel",
            f"Kernel shown: {view.target}",
            "The kernel editor's kernel, however far its scope reaches",
            lambda: presenter.send(Scope.KERNEL),
        )
        _add(
            self,
            "send.scope",
            f"All that the editor's scope names ({view.scope})",
            "Value and kernel: this kernel; filter, input channel and layer: every kernel there",
            presenter.send,
        )
        _add(
            self,
            "send.filter",
            "The whole filter shown",
            "Every input channel of the filter gets this kernel",
            lambda: presenter.send(Scope.FILTER),
        )
        layers = self.addMenu(f"Filter {view.filter} of layer")
        for name in view.layers:
            _add(
                layers,
                f"send.layer.{name}",
                name,
                "The layer is then shown",
                partial(presenter.send_to_layer, name),
            )


def _why_not(has_kernel: bool) -> str:
    return "Select a convolution in the layer tree first" if has_kernel else "The list is empty"


class MoreMenu(QMenu):
    """What is done now and then."""

    def __init__(self, presenter: FilterLabPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)
        self._presenter = presenter
        self.undo = _add(
            self,
            "menu_undo",
            "Undo",
            "Take the last change of the list back; the network is not touched",
            presenter.undo,
        )
        self.aboutToShow.connect(lambda: self.undo.setEnabled(presenter.view.can_undo))
        _add(
            self,
            "copy",
            "Copy kernel",
            "As rows of numbers, for a spreadsheet",
            lambda: QGuiApplication.clipboard().setText(presenter.text()),
        )
        _add(self, "duplicate", "Duplicate", "The same kernel once more", presenter.duplicate)
        _add(self, "remove", "Remove", "Take it off the list; it can be undone", presenter.remove)
        self.addSeparator()
        _add(
            self,
            "save_script",
            "Save script …",
            "A script for plain Keras that makes the map, and the picture it reads",
            self._save_script,
        )
        _add(
            self,
            "own_recipe",
            "Save as own recipe",
            "Under its name among the recipes of the kernel editor and the lab",
            lambda: presenter.save_as_recipe(presenter.view.name),
        )
        _add(self, "export", "Save list …", "All kernels, as JSON or as a .npy array", self._export)
        self.addSeparator()
        _add(self, "again", "Ask the engine again", "After trouble", presenter.ask_again)

    def _save_script(self) -> None:
        path = _ask(self, "Save script", "filter_lab.py", SCRIPTS, ".py")
        if path is not None:
            self._presenter.write_script(path)

    def _export(self) -> None:
        path = _ask(self, "Save list of kernels", "kernels.json", LISTS, ".json", ".npy")
        if path is not None:
            self._presenter.write_kernels(path)


def _ask(parent: QWidget, title: str, name: str, kinds: str, *endings: str) -> Path | None:
    text, _ = QFileDialog.getSaveFileName(parent, title, name, kinds)
    if not text:
        return None
    path = Path(text)
    return path if path.suffix.lower() in endings else path.with_suffix(endings[0])
