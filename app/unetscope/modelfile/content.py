"""The bytes of a model, read once: what was hashed is what is read, whatever the file becomes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from unetscope.domain.errors import Cancelled, ModelError
from unetscope.domain.fingerprint import SAVED_MODEL, fingerprint_of_bytes
from unetscope.modelfile.strict_json import MAX_LENGTH

HDF5 = b"\x89HDF\r\n\x1a\n"
MAX_FILE = 4 << 30
_PIECE = 64 << 20  # bytes that are read before it is asked again whether they are wanted
_TRUNK = ".weights"
_CHOOSE = "Choose a .keras or .h5 file, or a SavedModel folder."
_COPY_AGAIN = "Copy it again from where it came from."


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """All that makes a model what it is.

    Attributes
    ----------
    path : Path
        Where it lies.
    files : mapping of str to bytes
        A file's own bytes under the empty name; those of a SavedModel folder by their names in it.
    fingerprint : str
        As `fingerprint_of` gives it for the path.
    beside : mapping of str to bytes
        Descriptions that lie beside a file of weights alone, by their names.
    """

    path: Path
    files: Mapping[str, bytes]
    fingerprint: str
    beside: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called, for errors."""
        return self.path.name

    @property
    def is_folder(self) -> bool:
        """Whether it is a SavedModel."""
        return "" not in self.files

    @property
    def whole(self) -> bytes:
        """The bytes of a file."""
        return self.files[""]


def content_of(path: Path, cancelled: Callable[[], bool] = lambda: False) -> Content:
    """Read a model file, or the files of a SavedModel folder, whole.

    Parameters
    ----------
    cancelled : callable
        Asked now and then; answers True to stop.

    Raises
    ------
    ModelError
        It is missing, no ordinary file or folder, too big, or changes while it is read.
    Cancelled
        If told to stop.
    """
    if path.is_dir():
        files = _of_folder(path, cancelled)
    else:
        files = {"": bytes_of(path, MAX_FILE, path.name, cancelled)}
    if cancelled():
        raise Cancelled
    return Content(path, files, fingerprint_of_bytes(files), dict(_beside(path, files)))


def descriptions_beside(path: Path) -> list[str]:
    """Names of the descriptions that may lie beside a file of weights, the likelier one first."""
    stems = (path.stem.removesuffix(_TRUNK), path.stem)
    return [f"{stem}.json" for stem in dict.fromkeys(stems)]


def _beside(path: Path, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    if files.get("", b"").startswith(HDF5):
        for name in descriptions_beside(path):
            if path.with_name(name).is_file():
                yield name, bytes_of(path.with_name(name), MAX_LENGTH, name)


def bytes_of(
    path: Path, limit: int, name: str, cancelled: Callable[[], bool] = lambda: False
) -> bytes:
    """Read an ordinary file whole; ``name`` is what it is called where it cannot be.

    Raises
    ------
    ModelError
        As for `content_of`.
    """
    try:
        # not to be kept waiting by a pipe that nobody writes to
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123  (of a handle)
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise ModelError(f"{name} is no ordinary file.", _CHOOSE)
            if before.st_size > limit:
                raise ModelError(
                    f"{name} is bigger than {_size(limit)}.", "Choose a smaller model; is it one?"
                )
            content = _read(file, before.st_size + 1, cancelled)
            after = os.fstat(file.fileno())
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise ModelError(f"{name} does not exist.", _CHOOSE) from error
        raise ModelError(
            f"{name} cannot be read: {(error.strerror or 'the system refused').lower()}.",
            "Look at where it lies and who may read it.",
        ) from error
    moved = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    if moved or len(content) != before.st_size:
        raise ModelError(
            f"{name} changed while it was read.", "Wait until it is written, and open it again."
        )
    return content


def _read(file: BinaryIO, size: int, cancelled: Callable[[], bool]) -> bytes:
    """Read so many bytes, or as many as there are."""
    content = BytesIO()  # which gives its bytes without a copy
    while content.tell() < size and (piece := file.read(min(_PIECE, size - content.tell()))):
        content.write(piece)
        if cancelled():
            raise Cancelled
    return content.getvalue()


def _of_folder(folder: Path, cancelled: Callable[[], bool]) -> dict[str, bytes]:
    """The files of a SavedModel that say what it is; only files that lie in the folder."""
    name, home = folder.name, folder.resolve()
    graph, variables = folder / SAVED_MODEL[0], folder / "variables"
    if not graph.is_file():
        raise ModelError(f"{name} is a folder, but no SavedModel.", _CHOOSE)
    if not (variables / "variables.index").is_file():
        raise ModelError(f"{name} is a SavedModel without its variables.", _COPY_AGAIN)
    paths = [folder / known for known in SAVED_MODEL]
    paths += sorted(variables.glob("variables.*"))
    found: dict[str, bytes] = {}
    left = MAX_FILE
    for path in paths:
        if not path.exists() and not path.is_symlink():
            continue
        within = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(home):
            raise ModelError(
                f"{name} points to a file outside of it: {within}.",
                "Copy the folder with the files themselves in place of the links.",
            )
        found[within] = bytes_of(path, left, f"{name}/{within}", cancelled)
        left -= len(found[within])
    return found


def _size(count: int) -> str:
    return f"{count >> 30} GB" if count >= 1 << 30 else f"{count >> 20} MB"
