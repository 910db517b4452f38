"""The model files that the engine's process was given to read."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from unetscope.domain.fingerprint import SAVED_MODEL
from unetscope.processes.room import Room

KEPT = 4  # models that stay at hand; the engine holds two open


class GivenModels:
    """Gives a confined process each model file once, and again when it has changed.

    Parameters
    ----------
    room : Room
        Of the process.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._given: OrderedDict[Path, tuple[object, Path]] = OrderedDict()

    def give(self, path: Path) -> Path | None:
        """See that the process has a model file as it is now.

        Parameters
        ----------
        path : Path
            The model file, or a SavedModel folder.

        Returns
        -------
        place : Path or None
            Where the process finds it from now on; None where it was told before. A file that is
            not there any more stays as it was given.

        Raises
        ------
        OSError
            It cannot be read, or there is no room for a copy.
        """
        names = _names(path)
        state = [_state(path.parent / name) for name in names]
        known = self._given.get(path)
        if known is not None and (known[0] == state or not any(state)):
            self._given.move_to_end(path)
            return None
        folder = self._room.give(path.parent, names)
        if path.is_dir():
            (folder / path.name).mkdir(exist_ok=True)
        if known is not None:
            self._room.take_back(known[1])
        self._given[path] = (state, folder)
        self._given.move_to_end(path)
        while len(self._given) > KEPT:
            _, (_, oldest) = self._given.popitem(last=False)
            self._room.take_back(oldest)
        return folder / path.name


def _names(path: Path) -> list[Path]:
    """The files that make a model, from the folder that it lies in."""
    if not path.is_dir():
        stems = (path.stem.removesuffix(".weights"), path.stem)  # a description beside weights
        return [Path(name) for name in dict.fromkeys((path.name, *(f"{s}.json" for s in stems)))]
    inside = [path / name for name in SAVED_MODEL]
    inside += sorted((path / "variables").glob("variables.*"))
    return [each.relative_to(path.parent) for each in inside]


def _state(path: Path) -> tuple[int, ...]:
    """What changes with the content of a file; empty where there is none."""
    try:
        known = path.stat()
    except OSError:
        return ()
    return (known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns)
