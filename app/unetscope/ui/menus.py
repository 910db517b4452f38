"""The menu bar: every command in the menu that its id names, and the menus within menus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu

from unetscope.ui.actions import COMMANDS, MENUS

LINE_ABOVE = frozenset(
    {
        "file.save_model",
        "file.quit",
        "edit.copy_kernel",
        "edit.revert_kernel",
        "edit.preferences",
        "view.auto_window",
        "view.hide_identity",
        "view.tags",
        "view.find_layer",
        "slice.cine",
        "slice.file_window",
        "slice.flip_horizontally",
        "slice.fit",
        "tool.distance",
        "tool.delete",
        "go.next_series",
    }
)


class Menus:
    """The menus of a window.

    Parameters
    ----------
    inserted : dict of str to QMenu
        Menus within a menu, each with the id of the command that it stands above.
    """

    def __init__(
        self,
        window: QMainWindow,
        actions: Mapping[str, QAction],
        docks: Iterable[QDockWidget],
        inserted: Mapping[str, QMenu],
    ) -> None:
        bar = window.menuBar()
        self._menus = {key: bar.addMenu(text) for key, text in MENUS.items()}
        for command in COMMANDS:
            menu = self._menus[command.menu]
            if command.id in inserted:
                menu.addMenu(inserted[command.id])
            if command.id in LINE_ABOVE:
                menu.addSeparator()
            menu.addAction(actions[command.id])
        panels = self._menus["view"].addMenu("Panels")
        for dock in docks:
            panels.addAction(dock.toggleViewAction())

    def open_view_menu(self, at: QPoint) -> None:
        """Open the View menu at a point of the screen."""
        self._menus["view"].popup(at)
