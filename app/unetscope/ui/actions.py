"""The actions of all commands: one object for menu, toolbar, keys and palette."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from unetscope.domain.session import Session
from unetscope.ui import icons
from unetscope.ui.commands.command import Command, Shortcut
from unetscope.ui.commands.compare import COMPARE
from unetscope.ui.commands.edit import EDIT
from unetscope.ui.commands.evaluation import EVALUATION, REFERENCE_FILES
from unetscope.ui.commands.explain import EXPLAIN
from unetscope.ui.commands.file import FILE
from unetscope.ui.commands.filters import FILTERS
from unetscope.ui.commands.go import GO
from unetscope.ui.commands.lab import LAB
from unetscope.ui.commands.layers import LAYERS
from unetscope.ui.commands.layouts import LAYOUTS
from unetscope.ui.commands.maps import MAPS
from unetscope.ui.commands.slice_view import SLICE_VIEW
from unetscope.ui.commands.viewer import SLICE, TOOLS
from unetscope.ui.commands.window import WINDOW

COMMANDS: tuple[Command, ...] = (
    *FILE,
    *REFERENCE_FILES,
    *EDIT,
    *SLICE_VIEW,
    *SLICE,
    *TOOLS,
    *COMPARE,
    *EVALUATION,
    *EXPLAIN,
    *MAPS,
    *GO,
    *WINDOW,
    *LAYERS,
    *FILTERS,
    *LAB,
    *LAYOUTS,
)

MENUS = {
    "file": "&File",
    "edit": "&Edit",
    "view": "&View",
    "slice": "&Slice",
    "tool": "&Tools",
    "compare": "&Compare",
    "map": "&Maps",
    "explain": "E&xplain",
    "go": "&Go",
    "network": "&Network",
    "help": "&Help",
}

TOOLBAR: tuple[str, ...] = (
    "file.open_study",
    "file.open_model",
    "|",
    "view.auto_window",
    "view.invert",
    "view.reset",
    "|",
    "view.mask",
    "view.outline",
    "|",
    "compare.off",
    "compare.flicker",
    "compare.swipe",
    "compare.side_by_side",
    "compare.delta",
    "|",
    "slice.planes",
    "slice.crosshair",
    "tool.distance",
    "|",
    "edit.undo",
    "edit.redo",
)


def make_action(command: Command, parent: QWidget) -> QAction:
    """Make the action of a command; `show_state` gives it its text and state."""
    action = QAction(icons.icon(command.id), "", parent)
    action.setObjectName(command.id)
    action.setCheckable(command.checked is not None)
    action.setMenuRole(QAction.MenuRole.NoRole)
    action.setShortcuts(keys_of(command.shortcut))
    if command.in_slice:
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    return action


def keys_of(shortcut: Shortcut) -> list[QKeySequence]:
    """The keys of a shortcut, the first one being the one that is told."""
    if shortcut is None:
        return []
    if isinstance(shortcut, QKeySequence.StandardKey):
        return QKeySequence.keyBindings(shortcut)
    texts = (shortcut,) if isinstance(shortcut, str) else shortcut
    return [QKeySequence(text) for text in texts]


def show_state(action: QAction, command: Command, session: Session) -> None:
    """Make text, tick and availability of an action follow the session."""
    text = command.text(session)
    action.setText(text)
    action.setIconText(command.short or text.rstrip("…"))
    action.setEnabled(command.enabled(session))
    if command.checked is not None:
        action.setChecked(command.checked(session))
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    tip = command.tip or text
    action.setToolTip(f"{tip} ({keys})" if keys else tip)
    action.setStatusTip("")
