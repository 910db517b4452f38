"""A picture of the window without the patient's identity, to be kept or shown to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from unetscope.domain.session import Session
from unetscope.ui import dialogs
from unetscope.ui.filter_files import as_png

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow


def ask_save(window: MainWindow, save: Callable[..., None]) -> None:
    """Ask where to, and write the picture as PNG in the background (`Desk.save_file`)."""
    if path := dialogs.ask_save_picture(window):
        save(path, partial(as_png, taken_of(window)), about="; identity is hidden in it")


def taken_of(window: MainWindow) -> QImage:
    """What a window shows, the patient's identity hidden."""
    hidden = window.store.session.identity_hidden
    if not hidden:
        window.store.update(Session.toggle_identity)
    view = window.presenters.frame.view
    window.status_line.show_view(replace(view, status="", hint="", busy=""))  # they name files
    try:
        return window.grab().toImage()
    finally:
        window.status_line.show_view(view)
        if not hidden:
            window.store.update(Session.toggle_identity)
