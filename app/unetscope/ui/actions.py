"""Every menu entry in one table: what it is called, when it can be used, what it does.

A command either turns the session into a new one, or asks the window for something only a window
can do (a dialog, full screen).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.ui import icons

Shortcut = QKeySequence.StandardKey | str | None


class WindowActions(Protocol):
    """What commands may ask of the window."""

    def ask_open_study_folder(self) -> None: ...
    def ask_open_study_file(self) -> None: ...
    def ask_open_model(self) -> None: ...
    def ask_new_model(self) -> None: ...
    def open_sample(self) -> None: ...
    def ask_save_model(self) -> None: ...
    def ask_save_picture(self) -> None: ...
    def segment_series(self) -> None: ...
    def close_window(self) -> None: ...
    def find_layer(self) -> None: ...
    def copy_kernel(self) -> None: ...
    def paste_kernel(self) -> None: ...
    def automatic_window(self) -> None: ...
    def reset_view(self) -> None: ...
    def toggle_full_screen(self) -> None: ...
    def toggle_theme(self) -> None: ...
    def toggle_maximised_slice(self) -> None: ...
    def reset_layout(self) -> None: ...
    def show_shortcuts(self) -> None: ...
    def show_about(self) -> None: ...


def _always(_: Session) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One entry of a menu, and maybe of the toolbar.

    Attributes
    ----------
    id : str
        Also the action's objectName, the icon's name and the settings key.
    text : callable
        From the session to what the menu says.
    change : callable, optional
        From the session to the new one.
    ask : callable, optional
        Called with the window instead.
    checked : callable, optional
        From the session to whether the entry is ticked; without it, it cannot be ticked.
    """

    id: str
    text: Callable[[Session], str]
    change: Callable[[Session], Session] | None = None
    ask: Callable[[WindowActions], None] | None = None
    enabled: Callable[[Session], bool] = _always
    checked: Callable[[Session], bool] | None = None
    shortcut: Shortcut = None
    tip: str = ""
    short: str = ""  # what the toolbar says, where the menu's text is too long for it

    @property
    def menu(self) -> str:
        """The menu it stands in: the first part of its id."""
        return self.id.split(".")[0]


def _has_edits(s: Session) -> bool:
    return bool(s.edits)


def _has_network(s: Session) -> bool:
    return s.network is not None


def _has_series(s: Session) -> bool:
    return s.series is not None


def _has_both(s: Session) -> bool:
    return _has_network(s) and _has_series(s)


def _has_kernel(s: Session) -> bool:
    return s.layout is not None


def _called(text: str) -> Callable[[Session], str]:
    return lambda _: text


def _revert(scope: Scope, tip: str) -> Command:
    return Command(
        id=f"edit.revert_{scope.name.lower()}",
        text=_called(f"Revert {scope.value}"),
        change=lambda s: s.revert(scope),
        enabled=lambda s: _has_kernel(s) and s.layer in s.edited_layers,
        tip=tip,
    )


Keys = QKeySequence.StandardKey

COMMANDS: tuple[Command, ...] = (
    Command(
        id="file.open_study",
        text=_called("Open study folder…"),
        ask=lambda w: w.ask_open_study_folder(),
        shortcut=Keys.Open,
        tip="Open a folder of DICOM files; it is searched with all folders inside",
        short="Open study",
    ),
    Command(
        id="file.open_study_file",
        text=_called("Open study file…"),
        ask=lambda w: w.ask_open_study_file(),
        shortcut="Ctrl+Shift+O",
        tip="Open a DICOM file, DICOMDIR, zip or NIfTI file",
    ),
    Command(
        id="file.open_model",
        text=_called("Open model…"),
        ask=lambda w: w.ask_open_model(),
        shortcut="Ctrl+M",
        tip="Open a trained network: .keras, .h5, .hdf5, or saved_model.pb for its folder",
        short="Open model",
    ),
    Command(
        id="file.new_model",
        text=_called("New model…"),
        ask=lambda w: w.ask_new_model(),
        shortcut=Keys.New,
        tip="Build an untrained network from a known architecture, save it and open it",
    ),
    Command(
        id="file.open_sample",
        text=_called("Open sample study"),
        ask=lambda w: w.open_sample(),
        shortcut="Ctrl+Shift+E",
        tip="Open the head and the brain tissue U-Net that come with Unetscope",
    ),
    Command(
        id="file.save_model",
        text=_called("Save edited model…"),
        ask=lambda w: w.ask_save_model(),
        enabled=_has_network,
        shortcut=Keys.SaveAs,
        tip="Write a new .keras file, open it again and compare; the source file stays as it is",
    ),
    Command(
        id="file.save_picture",
        text=_called("Save picture of the window…"),
        ask=lambda w: w.ask_save_picture(),
        tip="Save what the window shows as PNG; identity is hidden in it",
    ),
    Command(
        id="file.quit", text=_called("Quit"), ask=lambda w: w.close_window(), shortcut=Keys.Quit
    ),
    Command(
        id="edit.undo",
        text=lambda s: f"Undo “{s.history.done[-1].label}”" if s.history.done else "Undo",
        change=Session.undo,
        enabled=lambda s: bool(s.history.done),
        shortcut=Keys.Undo,
        tip="Take the latest edit back, exactly",
    ),
    Command(
        id="edit.redo",
        text=lambda s: f"Redo “{s.history.undone[-1].label}”" if s.history.undone else "Redo",
        change=Session.redo,
        enabled=lambda s: bool(s.history.undone),
        shortcut=Keys.Redo,
        tip="Take the latest undone edit again",
    ),
    Command(
        id="edit.copy_kernel",
        text=_called("Copy kernel"),
        ask=lambda w: w.copy_kernel(),
        enabled=_has_kernel,
        shortcut="Ctrl+Shift+C",
        tip="Copy the kernel as a table of numbers",
    ),
    Command(
        id="edit.paste_kernel",
        text=_called("Paste kernel"),
        ask=lambda w: w.paste_kernel(),
        enabled=_has_kernel,
        shortcut="Ctrl+Shift+V",
        tip="Replace the kernel by a table of numbers from the clipboard",
    ),
    _revert(Scope.KERNEL, "Bring this kernel back to the trained values"),
    _revert(Scope.FILTER, "Bring this filter, with its bias, back to the trained values"),
    _revert(Scope.INPUT_CHANNEL, "Bring this input channel back to the trained values"),
    _revert(Scope.LAYER, "Bring the layer back to the trained values"),
    Command(
        id="edit.revert_all",
        text=_called("Revert all"),
        change=Session.revert_all,
        enabled=_has_edits,
        tip="Bring the whole network back to the trained values; it can be undone",
    ),
    Command(
        id="view.mask",
        text=_called("Mask"),
        change=Session.toggle_mask,
        checked=lambda s: s.mask_shown,
        shortcut="G",
        tip="Show or hide the mask",
    ),
    Command(
        id="view.outline",
        text=_called("Outline"),
        change=Session.toggle_outline,
        checked=lambda s: s.outlined,
        shortcut="O",
        tip="Draw the mask as outlines, so that the anatomy stays in view",
    ),
    Command(
        id="view.trained",
        text=_called("Trained result"),
        change=lambda s: s.compare_trained(not s.show_trained),
        enabled=_has_edits,
        checked=lambda s: s.show_trained,
        tip="Show what the trained network makes of the slice (hold B to look for a moment)",
        short="Trained",
    ),
    Command(
        id="view.auto_window",
        text=_called("Automatic window"),
        ask=lambda w: w.automatic_window(),
        enabled=_has_series,
        shortcut="1",
        tip="All values but 0.1 % at each end",
        short="Auto",
    ),
    Command(
        id="view.invert",
        text=_called("Invert"),
        change=Session.toggle_inverted,
        enabled=_has_series,
        checked=lambda s: s.inverted,
        shortcut="I",
        tip="Swap black and white",
    ),
    Command(
        id="view.reset",
        text=_called("Reset view"),
        ask=lambda w: w.reset_view(),
        enabled=_has_series,
        shortcut="Esc",
        tip="The window from the file, the whole slice in view",
    ),
    Command(
        id="view.hide_identity",
        text=_called("Hide identity"),
        change=Session.toggle_identity,
        checked=lambda s: s.identity_hidden,
        shortcut="Ctrl+H",
        tip="Keep the patient's name off the screen",
    ),
    Command(
        id="view.find_layer",
        text=_called("Find layer"),
        ask=lambda w: w.find_layer(),
        enabled=_has_network,
        shortcut=Keys.Find,
    ),
    Command(
        id="view.maximise",
        text=_called("Slice only"),
        ask=lambda w: w.toggle_maximised_slice(),
        shortcut="F4",
        tip="Hide the panels around the slice, or bring them back (double click on the slice)",
    ),
    Command(
        id="view.full_screen",
        text=_called("Full screen"),
        ask=lambda w: w.toggle_full_screen(),
        shortcut="F11",
    ),
    Command(id="view.theme", text=_called("Light or dark theme"), ask=lambda w: w.toggle_theme()),
    Command(id="view.reset_layout", text=_called("Reset layout"), ask=lambda w: w.reset_layout()),
    Command(
        id="network.segment_series",
        text=_called("Segment whole series"),
        ask=lambda w: w.segment_series(),
        enabled=_has_both,
        shortcut="Ctrl+G",
        tip="Make the mask of every slice in the background, keep it, and measure each class",
        short="Segment series",
    ),
    Command(
        id="help.shortcuts",
        text=_called("Keys and mouse"),
        ask=lambda w: w.show_shortcuts(),
        shortcut="F1",
    ),
    Command(id="help.about", text=_called("About Unetscope"), ask=lambda w: w.show_about()),
)

MENUS = {"file": "&File", "edit": "&Edit", "view": "&View", "network": "&Network", "help": "&Help"}

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
    "view.trained",
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
    if command.shortcut is not None:
        action.setShortcuts(
            QKeySequence.keyBindings(command.shortcut)
            if isinstance(command.shortcut, QKeySequence.StandardKey)
            else [QKeySequence(command.shortcut)]
        )
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    return action


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
