"""Take what a child process says without giving it a way to run code in this one.

Unpickling may call whatever the other side names. Here only the values that the two agreed on are
made: classes of named modules, numbers, texts, containers, paths and arrays of numpy.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

_PLAIN = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "slice"),
    ("builtins", "complex"),
    ("collections", "OrderedDict"),
    ("pathlib", "Path"),
    ("pathlib", "PosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib._local", "PosixPath"),
    ("pathlib._local", "WindowsPath"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}


class NotPlainError(pickle.UnpicklingError):
    """The other process sent what was not agreed on; it is not to be trusted any more."""


def received(connection: Connection[Any, Any], modules: Sequence[str]) -> Any:
    """Wait for what a child says.

    Parameters
    ----------
    connection : Connection
        The line to it, on which it uses ``send``.
    modules : sequence of str
        Classes of these modules, and of those in these packages, are taken.

    Raises
    ------
    EOFError, OSError
        The line is broken.
    NotPlainError
        It is something else.
    """
    data = connection.recv_bytes()
    try:
        return _Reader(io.BytesIO(data), modules).load()
    except NotPlainError:
        raise
    except Exception as error:
        raise NotPlainError("what a child said cannot be read") from error


class _Reader(pickle.Unpickler):
    def __init__(self, data: io.BytesIO, modules: Sequence[str]) -> None:
        super().__init__(data)
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        """Give a class that was agreed on; nothing else has a name here."""
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        agreed = any(module == each or module.startswith(f"{each}.") for each in self._modules)
        if agreed and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise NotPlainError(f"a child sent {module}.{name}")
