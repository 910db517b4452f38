"""Memory shared by way of a file in a folder that two processes may enter, and no other.

The child maps the file; the program only reads it, for what is cut short under a mapping would end
the one who looks.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path


class MappedFile:
    """The child's side: a new file, to be written to like `SharedMemory`.

    Parameters
    ----------
    path : Path
        In a folder that lies in memory.
    size : int
        Bytes.

    Raises
    ------
    OSError
        It cannot be made.
    """

    def __init__(self, path: Path, size: int) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(handle, size)
            self._map = mmap.mmap(handle, size)
        finally:
            os.close(handle)
        self.name = str(path)
        self.size = size
        self.buf = memoryview(self._map)

    def close(self) -> None:
        """Let go of it."""
        self.buf.release()
        self._map.close()


class SharedFile:
    """The program's side.

    Parameters
    ----------
    path : Path
        Where the child made it; a link is not followed.

    Raises
    ------
    OSError
        It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        self.name = str(path)

    def read_into(self, place: memoryview, offset: int) -> None:
        """Copy bytes out; ValueError where there are not so many."""
        while len(place):
            count = os.preadv(self._handle, [place], offset)
            if not count:
                raise ValueError("the other process cut its answer short")
            place, offset = place[count:], offset + count

    def close(self) -> None:
        """Let go of it."""
        os.close(self._handle)

    def unlink(self) -> None:
        """Remove it."""
        Path(self.name).unlink(missing_ok=True)
