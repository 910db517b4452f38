"""Numbers as numpy writes them: one array as ``.npy``, several by name as ``.npz``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.errors import UnetscopeError
from unetscope.io.replacing import replacing


def write_arrays(path: Path, arrays: NDArray[Any] | Mapping[str, NDArray[Any]]) -> None:
    """Write one array, or several by name; what stood there is replaced at once or not at all.

    Raises
    ------
    UnetscopeError
        The file cannot be written.
    """
    try:
        with replacing(path, "wb") as file:
            if isinstance(arrays, Mapping):
                named: dict[str, Any] = dict(arrays)
                np.savez(file, **named)
            else:
                np.save(file, arrays, allow_pickle=False)
    except OSError as error:
        raise UnetscopeError(
            f"{path.name} could not be written.", "Choose another folder, or make room."
        ) from error
