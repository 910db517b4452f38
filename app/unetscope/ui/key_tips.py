"""Tooltips that say the key of a command, and follow when the user gives it another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

_COMMAND, _TIP = "command_of_tip", "tip_without_key"


def set_tip(widget: QWidget, tip: str, command: str) -> None:
    """Give a widget a tooltip whose first line ends with the keys of a command, in brackets."""
    widget.setProperty(_COMMAND, command)
    widget.setProperty(_TIP, tip)
    widget.setToolTip(tip)


def tell_keys(window: QWidget, keys: Callable[[str], Sequence[str]]) -> None:
    """Make all such tooltips of a window say the keys in force.

    Parameters
    ----------
    keys : callable
        From the id of a command to its keys, as this platform writes them.
    """
    for widget in window.findChildren(QWidget):
        command, tip = widget.property(_COMMAND), widget.property(_TIP)
        if isinstance(command, str) and isinstance(tip, str):
            first, *others = tip.split("\n")
            held = ", ".join(keys(command))
            widget.setToolTip("\n".join([f"{first} ({held})" if held else first, *others]))
