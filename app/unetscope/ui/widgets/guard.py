"""Keeps exceptions from leaving overrides of Qt's virtuals.

Slots and timers report what they raise to `sys.excepthook`, and the window lives on. What an
override raises comes out of whichever call went into Qt, far from the fault, or meets the next
override that Qt calls: the process crashes, loops for ever in a model without a row count, or ends
with a picture that a painter is still at work on.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from PySide6.QtCore import QModelIndex, QSize, Qt

Kind = TypeVar("Kind", bound=type)

INSTEAD: dict[str, Any] = {
    "columnCount": 0,
    "count": 0,
    "data": None,
    "event": True,  # handled, though badly
    "eventFilter": False,
    "expandingDirections": Qt.Orientation(0),
    "hasHeightForWidth": False,
    "headerData": None,
    "heightForWidth": 0,
    "itemAt": None,
    "mimeData": None,
    "mimeTypes": [],
    "minimumSize": QSize(),
    "minimumSizeHint": QSize(),
    "moveCursor": QModelIndex(),
    "rowCount": 0,
    "sizeHint": QSize(),
    "takeAt": None,
    "textFromValue": "",
    "viewportEvent": True,
}
"""What Qt is given by an override that fails, where it wants a value."""


def guarded(kind: Kind) -> Kind:
    """Have all overrides of a class report what they raise to `sys.excepthook`, as slots do.

    Raises
    ------
    TypeError
        If it overrides a virtual that gives a value for which `INSTEAD` has none.
    """
    for name, method in overrides(kind):
        if name not in INSTEAD and inspect.get_annotations(method).get("return") != "None":
            raise TypeError(f"say in INSTEAD what {kind.__name__}.{name} gives when it fails")
        setattr(kind, name, _guarded(method, INSTEAD.get(name)))
    return kind


def overrides(kind: type) -> list[tuple[str, FunctionType]]:
    """The methods of a class that Qt may call in the place of its own."""
    qt = [base for base in kind.__mro__[1:] if base.__module__.startswith("PySide6.")]
    return [
        (name, method)
        for name, method in vars(kind).items()
        if isinstance(method, FunctionType)
        and not name.startswith("_")
        and any(name in vars(base) for base in qt)
    ]


def _guarded(override: Callable[..., Any], instead: Any) -> Callable[..., Any]:
    @wraps(override)
    def guarded_override(*args: Any, **kwargs: Any) -> Any:
        try:
            return override(*args, **kwargs)
        except BaseException as error:  # an interrupt would crash just as well
            sys.excepthook(type(error), error, error.__traceback__)
            traceback.clear_frames(error.__traceback__)  # a painter in them ends here
            return instead

    return guarded_override
