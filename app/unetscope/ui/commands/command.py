"""What a command is, and when commands can be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from unetscope.domain.session import Session

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow

Shortcut = QKeySequence.StandardKey | str | tuple[str, ...] | None


def always(_: Session) -> bool:
    """Whatever the session."""
    return True


def has_edits(s: Session) -> bool:
    """Edits are in force."""
    return bool(s.edits)


def has_network(s: Session) -> bool:
    """A network is open."""
    return s.network is not None


def has_series(s: Session) -> bool:
    """A series is shown."""
    return s.series is not None


def has_something(s: Session) -> bool:
    """A network is open or a series is shown."""
    return has_network(s) or has_series(s)


def has_both(s: Session) -> bool:
    """A network is open and a series is shown."""
    return has_network(s) and has_series(s)


def has_kernel(s: Session) -> bool:
    """The layer shown has kernels."""
    return s.layout is not None


def called(text: str) -> Callable[[Session], str]:
    """The same text whatever the session."""
    return lambda _: text


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One entry of a menu, and maybe of the toolbar.

    Attributes
    ----------
    id : str
        Also the action's objectName, the icon's name and the settings key; its first part names
        the menu.
    text : callable
        From the session to what the menu says.
    change : callable, optional
        From the session to the new one.
    ask : callable, optional
        Called with the window instead: for what only a window or a presenter can do.
    checked : callable, optional
        From the session to whether the entry is ticked; without it, it cannot be ticked.
    shortcut : optional
        The keys at first; Preferences and presets may give it others.
    in_slice : bool
        The keys count only while the slice has the focus: arrows mean something else elsewhere.
    """

    id: str
    text: Callable[[Session], str]
    change: Callable[[Session], Session] | None = None
    ask: Callable[[MainWindow], None] | None = None
    enabled: Callable[[Session], bool] = always
    checked: Callable[[Session], bool] | None = None
    shortcut: Shortcut = None
    in_slice: bool = False
    tip: str = ""
    short: str = ""  # what the toolbar says, where the menu's text is too long for it

    @property
    def menu(self) -> str:
        """The menu it stands in: the first part of its id."""
        return self.id.split(".")[0]

    @property
    def name(self) -> str:
        """What it is called whatever the session."""
        return self.text(Session()).rstrip("…")
