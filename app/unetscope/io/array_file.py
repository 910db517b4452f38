"""Numbers as numpy writes them: one array as ``.npy``, several by name as ``.npz``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import UnetscopeError


def write_arrays(path: Path, arrays: NDArray[Any] | Mapping[str, NDArray[Any]]) -> None:
    """Write one array, or several by name; what stood there is replaced at once or not at all.

    Raises
    ------
    UnetscopeError
        The file cannot be written.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            if isinstance(arrays, Mapping):
                named: dict[str, Any] = dict(arrays)
                np.savez(file, **named)
            else:
                np.save(file, arrays, allow_pickle=False)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise UnetscopeError(
            f"{path.name} could not be written.", "Choose another folder, or make room."
        ) from error
