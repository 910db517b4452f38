"""What can be done with the selected feature maps: a menu, and the keys for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu, QWidget

from unetscope.domain.map_edits import Make, force, scale, silence
from unetscope.presenters.feature_map import FeatureMapPresenter
from unetscope.presenters.map_actions import MapActions
from unetscope.ui.colours import DIVERGING, GREY, to_levels
from unetscope.ui.filter_files import as_png, ask_save

KEYS: frozenset[int] = frozenset({Qt.Key.Key_Delete, Qt.Key.Key_Backspace})
SAVED_EDGE = 512  # least longer side of a saved picture, in pixels


class MapMenu:
    """Asks what is to be asked, and has it done."""

    def __init__(
        self, actions: MapActions, feature_map: FeatureMapPresenter, parent: QWidget
    ) -> None:
        self._actions = actions
        self._feature_map = feature_map
        self._parent = parent
        self.more: Callable[[], list[QAction]] = list
        """Actions of the window that stand in the menu too."""

    def open(self, at: QPoint) -> None:
        """Open the menu at a point of the screen."""
        actions, menu = self._actions, QMenu(self._parent)
        menu.setObjectName("map_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        named = actions.named
        entries: list[tuple[str, str, Callable[[], None]] | None] = [
            (f"Silence {named}\tDel", "Put 0 in its place", self.silence),
            (
                f"Silence {named} to the mean\tShift+Del",
                "Put its own mean in its place: the level stays, the pattern goes",
                lambda: self.silence("mean"),
            ),
            (f"Force {named} to a value…", "Put one value in its place", self.ask_force),
            (f"Scale {named}…", "Multiply it by a factor", self.ask_scale),
            (f"Bring back {named}\tBackspace", "Take back what acts on it", actions.bring_back),
            None,
            ("Copy statistics", "As two columns of text", self.copy_statistics),
            ("Save large map as picture…", "PNG, in the colours shown", self.ask_save_picture),
            (f"Save {named} as numbers…", ".npy, for numpy", self.ask_save_arrays),
            ("Save statistics of all maps…", "CSV, a line for each map", self.ask_save_numbers),
        ]
        for entry in entries:
            if entry is None:
                menu.addSeparator()
                continue
            text, tip, do = entry
            action = menu.addAction(text)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, do=do: do())
            if do == actions.bring_back:
                action.setEnabled(actions.changed)
        extra = self.more()
        if extra:
            menu.addSeparator()
            menu.addActions(extra)
        menu.popup(at)

    def take_key(self, key: int, shifted: bool) -> None:
        """Do what one of `KEYS` stands for."""
        if key == Qt.Key.Key_Delete:
            self.silence("mean" if shifted else "zero")
        else:
            self._actions.bring_back()

    def silence(self, how: str = "zero") -> None:
        """Silence the selected maps."""
        self._actions.intervene(silence(how))

    def ask_force(self) -> None:
        """Ask for a value, and force the selected maps to it."""
        self._ask("Force feature map", "Value for every pixel", 0.0, force)

    def ask_scale(self) -> None:
        """Ask for a factor, and scale the selected maps by it."""
        self._ask("Scale feature map", "Factor", 2.0, scale)

    def _ask(self, title: str, label: str, value: float, make: Callable[[float], Make]) -> None:
        said = f"{label} ({self._actions.named})"
        number, sure = QInputDialog.getDouble(self._parent, title, said, value, -1e6, 1e6, 4)
        if sure:
            self._actions.intervene(make(number))

    def copy_statistics(self) -> None:
        """Put the numbers of the large map on the clipboard."""
        QApplication.clipboard().setText(self._feature_map.statistics())

    def ask_save_arrays(self) -> None:
        """Ask where to, and save the selected maps as numbers."""
        path = self._ask_path(".npy")
        if path is not None:
            self._actions.save_arrays(path)

    def ask_save_numbers(self) -> None:
        """Ask where to, and save the numbers of all maps."""
        path = self._ask_path(".csv")
        if path is not None:
            self._actions.save_numbers(path)

    def ask_save_picture(self) -> None:
        """Ask where to, and save the large map in its colours."""
        path = self._ask_path(".png")
        large = self._feature_map.view.large
        if path is not None and large is not None:
            levels = to_levels(np.asarray(large.values, np.float32), *large.limits)
            rgb = np.ascontiguousarray((DIVERGING if large.signed else GREY)[levels])
            rows, columns = levels.shape
            picture = QImage(rgb.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
            tall = rows * large.aspect
            grow = max(SAVED_EDGE / max(tall, columns), 1.0)
            scaled = picture.scaled(round(columns * grow), round(tall * grow))
            self._actions.save_picture(path, as_png(scaled))

    def _ask_path(self, kind: str) -> Path | None:
        return ask_save(self._parent, "Save feature map", self._actions.proposed(kind), kind)
