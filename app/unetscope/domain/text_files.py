"""What the window asks of the disk for small files: edits, recipes, tables of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TextFiles(Protocol):
    """Small files and the user's own folder. Everything here may take time: call it in a job.

    What fails raises UnetscopeError with a sentence.
    """

    def read(self, path: Path) -> str:
        """Read a text of at most some hundred megabytes."""

    def write(self, path: Path, text: str) -> None:
        """Write a text whole, then put it in its place; what stood there stays until then."""

    def read_array(self, path: Path) -> NDArray[np.float32]:
        """Read the numbers of a ``.npy`` file."""

    def own(self, name: str, ending: str) -> Path:
        """Where a file of the user's own with this name is, or would be."""

    def owned(self, ending: str) -> tuple[Path, ...]:
        """All files of the user's own with this ending."""

    def remove(self, path: Path) -> None:
        """Delete one of them; one that is gone already is no trouble."""
