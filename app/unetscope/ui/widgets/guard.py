"""Keeps exceptions from leaving Qt virtuals that return a value, which can end the process.

A Python override of ``event`` stands between Qt and all handlers of the widget: what a
``paintEvent`` raises would leave through it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from PySide6.QtCore import QEvent

Widget = TypeVar("Widget")
Happened = TypeVar("Happened", bound=QEvent)


def never_raises(
    virtual: Callable[[Widget, Happened], bool],
) -> Callable[[Widget, Happened], bool]:
    """Report what `virtual` raises to `sys.excepthook`, as PySide does for slots."""

    @wraps(virtual)
    def guarded(self: Widget, event: Happened) -> bool:
        try:
            return virtual(self, event)
        except Exception:
            sys.excepthook(*sys.exc_info())
            return True  # the event was handled, though badly

    return guarded
