"""Preferences in one window: opened, put in force, kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from unetscope.domain.bindings import Bindings
from unetscope.ui.actions import COMMANDS, MENUS
from unetscope.ui.bindings import HOLD, HOLD_NAME, WindowBindings
from unetscope.ui.preferences.choices import Choices, keep_choices, kept_choices
from unetscope.ui.preferences.dialog import GENERAL, KEYS, PreferencesDialog
from unetscope.ui.preferences.keys_page import Entry
from unetscope.ui.theme import Theme


class Preferences:
    """Asks what the user prefers, and does it."""

    def __init__(
        self,
        settings: QSettings,
        bindings: WindowBindings,
        apply_theme: Callable[[Theme], None],
        refresh: Callable[[], None],
        window: QWidget,
    ) -> None:
        self._settings = settings
        self._bindings = bindings
        self._apply_theme = apply_theme
        self._refresh = refresh
        self._window = window

    def ask(self) -> None:
        """Open the dialog."""
        self._dialog().open_at(GENERAL)

    def show_keys(self) -> None:
        """Open the dialog at the keys."""
        self._dialog().open_at(KEYS)

    def choose_theme(self, theme: Theme) -> None:
        """Put a theme in force and keep it."""
        keep_choices(self._settings, replace(kept_choices(self._settings), theme=theme.name))
        self._apply_theme(theme)

    def _dialog(self) -> PreferencesDialog:
        choices, bindings = kept_choices(self._settings), self._bindings.bindings
        dialog = PreferencesDialog(choices, bindings, entries(), self._window)
        dialog.applied.connect(self._take)
        return dialog

    def _take(self, choices: Choices, bindings: Bindings) -> None:
        before = kept_choices(self._settings)
        keep_choices(self._settings, choices)
        if choices.theme != before.theme:
            self._apply_theme(choices.theme_in_force())
        self._bindings.change(bindings)
        self._refresh()  # tooltips name the keys


def entries() -> list[Entry]:
    """All that keys can be given to, as a person finds it."""
    made = [Entry(c.id, MENUS[c.menu].replace("&", ""), c.name) for c in COMMANDS]
    return [*made, Entry(HOLD, "View", HOLD_NAME)]
