"""Libraries that are imported when they are first needed, by one thread at a time."""

from __future__ import annotations

from importlib import import_module
from threading import Lock

_one_at_a_time = Lock()


def load_pydicom() -> None:
    """Import pydicom whole: of two threads that begin it together one is given half a module."""
    with _one_at_a_time:
        import_module("pydicom")
