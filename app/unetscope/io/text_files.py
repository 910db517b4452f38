"""Small files: edits, recipes and tables of numbers, and the user's own folder of them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import numpy as np
import platformdirs
from numpy.typing import NDArray

from unetscope.domain.errors import UnetscopeError
from unetscope.io.replacing import replacing

LARGEST = 256 << 20  # bytes


class DiskTexts:
    """The real `TextFiles` port."""

    def read(self, path: Path) -> str:
        """See `TextFiles.read`."""
        try:
            if path.stat().st_size > LARGEST:
                raise UnetscopeError(f"{path.name} is too large to be read.", "Is it the file?")
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise UnetscopeError(f"{path.name} cannot be read.", "Is it still there?") from error
        except UnicodeDecodeError as error:
            raise UnetscopeError(f"{path.name} is no text.", "Choose another file.") from error

    def write(self, path: Path, text: str) -> None:
        """See `TextFiles.write`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(text)
        except OSError as error:
            raise UnetscopeError(
                f"{path.name} cannot be written there.", "Choose another folder, or make room."
            ) from error

    def read_array(self, path: Path) -> NDArray[np.float32]:
        """See `TextFiles.read_array`."""
        try:
            if path.stat().st_size > LARGEST:
                raise ValueError("too large")
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
                raise ValueError("no numbers")
            with np.errstate(over="ignore"):  # to infinity, which an edit refuses
                return np.array(array, np.float32)
        except (OSError, ValueError, EOFError) as error:
            raise UnetscopeError(
                f"{path.name} holds no array of numbers.", "Choose a .npy file."
            ) from error

    def own(self, name: str, ending: str) -> Path:
        """See `TextFiles.own`."""
        return self._folder(ending) / f"{quote(name, safe=' ')}{ending}"

    def owned(self, ending: str) -> tuple[Path, ...]:
        """See `TextFiles.owned`."""
        try:
            return tuple(sorted(self._folder(ending).glob(f"*{ending}")))
        except OSError:
            return ()

    def remove(self, path: Path) -> None:
        """See `TextFiles.remove`."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UnetscopeError(
                f"{path.name} cannot be deleted.", "Ask for the right to change its folder."
            ) from error

    def _folder(self, ending: str) -> Path:
        settings = platformdirs.user_config_path("unetscope", appauthor=False)
        return settings / f"{ending.split('.')[1]}s"
