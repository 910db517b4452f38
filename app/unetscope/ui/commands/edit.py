"""The Edit menu."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence

from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_edits, has_kernel

Keys = QKeySequence.StandardKey


def _revert(scope: Scope, tip: str) -> Command:
    return Command(
        id=f"edit.revert_{scope.name.lower()}",
        text=called(f"Revert {scope.value}"),
        change=lambda s: s.revert(scope),
        enabled=lambda s: has_kernel(s) and s.layer in s.edited_layers,
        tip=tip,
    )


EDIT: tuple[Command, ...] = (
    Command(
        id="edit.undo",
        text=lambda s: f"Undo “{s.history.done[-1].label}”" if s.history.done else "Undo",
        change=Session.undo,
        enabled=lambda s: bool(s.history.done),
        shortcut=Keys.Undo,
        tip="Take the latest step back, exactly: an edit, or a change of the input card",
    ),
    Command(
        id="edit.redo",
        text=lambda s: f"Redo “{s.history.undone[-1].label}”" if s.history.undone else "Redo",
        change=Session.redo,
        enabled=lambda s: bool(s.history.undone),
        shortcut=("Ctrl+Shift+Z", "Ctrl+Y"),
        tip="Take the latest undone step again",
    ),
    Command(
        id="edit.copy_kernel",
        text=called("Copy kernel"),
        ask=lambda w: w.kernel_panel.copy_kernel(),
        enabled=has_kernel,
        shortcut="Ctrl+Shift+C",
        tip="Copy the kernel as a table of numbers",
    ),
    Command(
        id="edit.paste_kernel",
        text=called("Paste kernel"),
        ask=lambda w: w.kernel_panel.paste_kernel(),
        enabled=has_kernel,
        shortcut="Ctrl+Shift+V",
        tip="Replace the kernel by a table of numbers from the clipboard",
    ),
    _revert(Scope.KERNEL, "Bring this kernel back to the trained values"),
    _revert(Scope.FILTER, "Bring this filter, with its bias, back to the trained values"),
    _revert(Scope.INPUT_CHANNEL, "Bring this input channel back to the trained values"),
    _revert(Scope.LAYER, "Bring the layer back to the trained values"),
    Command(
        id="edit.revert_all",
        text=called("Revert all"),
        change=Session.revert_all,
        enabled=has_edits,
        tip="Bring the whole network back to the trained values; it can be undone",
    ),
    Command(
        id="edit.preferences",
        text=called("Preferences…"),
        ask=lambda w: w.preferences.ask(),
        shortcut="Ctrl+,",
        tip="Theme, keys, mouse, memory, identity",
    ),
)
