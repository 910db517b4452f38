"""The folders of one confined child process: its home, and the files that it is given to read."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from unetscope import private_folder
from unetscope.processes.sandbox import Confinement

_SHARED = Path("/dev/shm")
_MARK = "unetscope-"


class Room:
    """Made by the program for a child, entered by the child, removed when the child has ended.

    Files are given as second names of the same content (hard links), which costs nothing however
    big they are, or as copies where they lie on another disk. The child can read them and write
    neither them nor the folder that they are in.

    Parameters
    ----------
    name : str
        What the process is for.
    shares_memory : bool
        Whether it exchanges big arrays with the program.

    Attributes
    ----------
    home : Path
        Where the child writes.
    memory : Path or None
        A folder that lies in memory, for what both processes share; None where there is no such.

    Raises
    ------
    OSError
        If there is no place for it.
    """

    def __init__(self, name: str, *, shares_memory: bool = False) -> None:
        self._base = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=private_folder.temporary()))
        self.home = self._base / "home"
        self._given = self._base / "given"
        self.home.mkdir(0o700)
        self._given.mkdir(0o700)
        self._numbers = itertools.count(1)
        self.memory = _in_memory() if shares_memory else None

    def confinement(self, *, write: Iterable[Path] = ()) -> Confinement:
        """What the child may touch: this room, and what it is to write besides."""
        memory = () if self.memory is None else (self.memory,)
        return Confinement(self.home, (self._given,), (*memory, *write))

    def give(self, folder: Path, names: Iterable[Path]) -> Path:
        """Let the child read files.

        Parameters
        ----------
        folder : Path
            Where they lie.
        names : iterable of Path
            Files below it; what is not there, no file, or a link out of its own folder below
            `folder`, is left out.

        Returns
        -------
        place : Path
            The folder in which the child finds them, under the same names.

        Raises
        ------
        OSError
            If one of them cannot be read, or there is no room for a copy.
        """
        place = self._given / str(next(self._numbers))
        place.mkdir(0o700)
        for name in names:
            source = folder / name
            if not source.is_file():
                continue
            if len(name.parts) > 1:
                home = (folder / name.parts[0]).resolve()
                if not source.resolve().is_relative_to(home):
                    continue
            (place / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _give(source.resolve(), place / name)  # a link to a link would lead out of the room
        return place

    def take_back(self, place: Path) -> None:
        """Remove what was given and is not needed any more."""
        shutil.rmtree(place, ignore_errors=True)

    def remove(self) -> None:
        """Remove all of it; the child has ended."""
        for folder in (self._base, self.memory):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Make a folder in memory, and remove those of programs that were killed."""
    with contextlib.suppress(OSError):
        for left in _SHARED.glob(f"{_MARK}*"):
            owner = left.name.removeprefix(_MARK).partition("-")[0]
            if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
                shutil.rmtree(left, ignore_errors=True)
        if _SHARED.is_dir():
            return Path(tempfile.mkdtemp(prefix=f"{_MARK}{os.getpid()}-", dir=_SHARED))
    return None


def _give(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)
