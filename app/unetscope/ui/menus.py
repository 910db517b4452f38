"""The menu bar: every command in the menu that its id names, and the menus within menus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu

from unetscope.ui.actions import COMMANDS, MENUS
from unetscope.ui.slice_menu import SliceMenu

LINE_ABOVE = frozenset(
    {
        "file.save_session",
        "file.save_picture",
        "file.close_study",
        "file.quit",
        "edit.copy_kernel",
        "edit.revert_kernel",
        "edit.preferences",
        "view.auto_window",
        "view.hide_identity",
        "view.tags",
        "view.find_layer",
        "view.layout_inside",
        "slice.cine",
        "slice.file_window",
        "slice.flip_horizontally",
        "slice.fit",
        "tool.distance",
        "tool.delete",
        "compare.swipe_left",
        "compare.series",
        "compare.copy_table",
        "go.next_series",
    }
)


ABOUT_MASK = ("view.auto_window", "slice.file_window")  # what the menus of its labels stand above


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
        self._inserted = tuple(inserted.values())
        labels = [inserted[name] for name in ABOUT_MASK]
        self.slice_menu = SliceMenu(actions, labels, window)
        panels = self._menus["view"].addMenu("Panels")
        for dock in docks:
            panels.addAction(dock.toggleViewAction())

    def listed(self) -> list[tuple[str, QAction]]:
        """The entries of the menus within menus as they are now, each with the menu's name."""
        entries = []
        for menu in self._inserted:
            menu.aboutToShow.emit()  # it is filled when it is opened
            entries += [(menu.title(), one) for one in menu.actions() if one.text()]
        return entries
