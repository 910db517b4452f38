"""The menu under the right button: what one wants of a slice, and of the pixel under the mouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from unetscope.ui.commands.viewer import PRESETS, TOOLS

WINDOWS = (
    "slice.file_window",
    "view.auto_window",
    *(f"slice.preset_{number + 1}" for number in range(PRESETS)),
    "view.invert",
)
ENTRIES = (
    "view.reset",
    "slice.fit",
    "slice.planes",
    "slice.crosshair",
    "slice.annotations",
    "|",
    "view.mask",
    "view.outline",
    "view.trained",
    "explain.pixel",
    "|",
)
LAST = (
    "|",
    "view.warnings",
    "view.tags",
    "view.maximise",
    "|",
    "file.copy_panel",
    "file.save_panel",
    "file.save_picture",
)


class SliceMenu(QMenu):
    """Holds the commands that belong to the slice; each of them stands in the menu bar too.

    Parameters
    ----------
    actions : dict of str to QAction
        The actions of all commands.
    about_mask : sequence of QMenu
        Menus of the labels and of their probabilities.
    """

    def __init__(
        self, actions: Mapping[str, QAction], about_mask: Sequence[QMenu], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("slice_view.menu")
        self._probed: tuple[str, ...] = ()
        tools = self.addMenu("Left button")
        tools.addActions([actions[tool.id] for tool in TOOLS])
        windows = self.addMenu("Window")
        windows.addActions([actions[name] for name in WINDOWS])
        self.addSeparator()
        self._add(actions, ENTRIES)
        for menu in about_mask:
            self.addMenu(menu)
        self.addSeparator()
        self.copy_values = self.addAction("Copy value")
        self.copy_values.setObjectName("slice_view.copy_value")
        self.copy_values.triggered.connect(lambda: self._copy([_values(self._probed)]))
        self.copy_position = self.addAction("Copy position")
        self.copy_position.setObjectName("slice_view.copy_position")
        self.copy_position.triggered.connect(lambda: self._copy(_position(self._probed)))
        self._add(actions, LAST)

    def open_at(self, at: QPoint, probed: tuple[str, ...]) -> None:
        """Open at a point of the screen, where the picture has these values."""
        self._probed = probed
        self.copy_values.setEnabled(bool(probed))
        self.copy_values.setText(f"Copy {_values(probed)}" if probed else "Copy value")
        self.copy_position.setEnabled(bool(_position(probed)))
        self.popup(at)

    def _add(self, actions: Mapping[str, QAction], names: Sequence[str]) -> None:
        for name in names:
            if name == "|":
                self.addSeparator()
            else:
                self.addAction(actions[name])

    def _copy(self, lines: Sequence[str]) -> None:
        QGuiApplication.clipboard().setText("\n".join(lines))


def _values(probed: tuple[str, ...]) -> str:
    """The stored value and the rescaled one, with its unit."""
    return probed[0].partition("   shown")[0] if probed else ""


def _position(probed: tuple[str, ...]) -> tuple[str, ...]:
    """The line that says where it is in the patient, in mm."""
    return tuple(line for line in probed if line.endswith(" mm"))
