"""Puts keys and mouse gestures in force, and keeps what the user made different."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from unetscope.domain.bindings import GESTURES, Bindings, Keys, restored
from unetscope.ui.actions import COMMANDS, keys_of
from unetscope.ui.key_tips import tell_keys
from unetscope.ui.widgets.image_canvas import ImageCanvas, Tool
from unetscope.ui.window_keys import WindowKeys

SETTING = "bindings"
HOLD = "view.hold_trained"  # no command: it does something for as long as its key is down
HOLD_KEY = "B"
HOLD_NAME = "Trained result, while held"

ELSEWHERE = (
    ("Shift and wheel", "Ten slices; Ctrl makes slices and dragging faster"),
    ("Right click on the slice", "The menu"),
    ("Double click on the slice", "Slice only, or all panels again"),
    ("Arrows in a gallery", "Travel through filters or feature maps; Ctrl and wheel: their size"),
    ("U, O in the activation viewer", "The layer before, the layer after"),
    ("Wheel or drag on a kernel's value", "Change it; Shift is coarser, Ctrl finer"),
    ("A number typed on a kernel's value", "Set it; Enter to take it, Esc to leave it"),
)
_DONE_BY = {
    "window": "Window: right is wider, down is a higher centre",
    "pan": "Pan",
    "zoom": "Zoom",
    "scroll": "Slice",
}
_BUTTONS = {
    "left": Qt.MouseButton.LeftButton,
    "middle": Qt.MouseButton.MiddleButton,
    "right": Qt.MouseButton.RightButton,
}


def proposed() -> dict[str, Keys]:
    """The keys that every command proposes."""
    keys = {command.id: texts_of(keys_of(command.shortcut)) for command in COMMANDS}
    return {**keys, HOLD: (HOLD_KEY,)}


def texts_of(keys: list[QKeySequence]) -> Keys:
    """Keys as they are written down on every platform."""
    return tuple(key.toString(QKeySequence.SequenceFormat.PortableText) for key in keys)


def shown(key: str) -> str:
    """A key as this platform writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


class WindowBindings:
    """The bindings in force in one window."""

    def __init__(
        self,
        settings: QSettings,
        actions: Mapping[str, QAction],
        canvases: Sequence[ImageCanvas],
        keys: WindowKeys,
        window: QWidget,
    ) -> None:
        self._settings = settings
        self._actions = actions
        self._canvases = tuple(canvases)
        self._keys = keys
        self._window = window
        self._put_in_force(restored(proposed(), _saved(settings)))

    @property
    def bindings(self) -> Bindings:
        """What is in force."""
        return self._bindings

    def change(self, bindings: Bindings) -> None:
        """Put others in force and keep them for the next start."""
        self._settings.setValue(SETTING, json.dumps(bindings.differences()))
        self._put_in_force(bindings)

    def sheet(self) -> list[tuple[str, str]]:
        """All gestures and keys in force, each with what it does."""
        held = self._bindings
        mouse = [
            (f"{gesture.name} on the slice", _DONE_BY[held.action(name)])
            for name, gesture in GESTURES.items()
        ]
        named = [(HOLD, HOLD_NAME), *((command.id, command.name) for command in COMMANDS)]
        keys = [(", ".join(map(shown, held.keys(name))), text) for name, text in named]
        return [*mouse, *ELSEWHERE, *((key, text) for key, text in keys if key)]

    def _put_in_force(self, bindings: Bindings) -> None:
        self._bindings = bindings
        for name, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in bindings.keys(name)])
        self._keys.set_hold_keys(bindings.keys(HOLD))
        tell_keys(self._window, lambda name: [shown(key) for key in bindings.keys(name)])
        for canvas in self._canvases:
            for gesture, button in _BUTTONS.items():
                canvas.tools[button] = cast("Tool", bindings.action(gesture))
            canvas.wheel = cast("Tool", bindings.action("wheel"))
            canvas.ctrl_wheel = cast("Tool", bindings.action("ctrl_wheel"))


def _saved(settings: QSettings) -> object:
    try:
        return json.loads(str(settings.value(SETTING, "")))
    except ValueError:
        return None
