"""Journals on the disk: what a window writes so that its end, however sudden, loses nothing.

A journal is a folder with two files. ``lock`` is held by the window as long as it lives, and let
go by the system whatever ends it. ``journal`` begins with a line that says what it is; then come
records of four bytes of length, four of CRC-32 (both little-endian) and a UTF-8 text. Each is on
the disk before the next one is begun, so that of a journal that was torn or damaged everything up
to that place can be used.

Journals hold the paths of what was open, which may say who the patient is; they lie in a folder
that only this user can enter, and are gone when the window is closed properly.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import time
import zlib
from pathlib import Path
from typing import IO

from unetscope import private_folder
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.journals import Journal, LeftJournal
from unetscope.io.replacing import sync_folder

MAGIC = b"Unetscope journal 1\n"
MOST_BYTES = 1 << 30  # of a journal that is read
FOLDER = "journals"
_HEAD = struct.Struct("<II")
_FORSAKEN = 60  # seconds after which a folder without a journal is nobody's


def record(text: str) -> bytes:
    """A text as a record."""
    payload = text.encode("utf-8")
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def texts_of(content: bytes) -> tuple[str, ...]:
    """The texts of a journal, up to the first record that is torn or damaged."""
    if not content.startswith(MAGIC):
        return ()
    found, at = [], len(MAGIC)
    while at + _HEAD.size <= len(content):
        length, check = _HEAD.unpack_from(content, at)
        payload = content[at + _HEAD.size : at + _HEAD.size + length]
        if len(payload) != length or zlib.crc32(payload) != check:
            break
        try:
            found.append(payload.decode("utf-8"))
        except UnicodeDecodeError:
            break
        at += _HEAD.size + length
    return tuple(found)


class DiskJournals:
    """The real `Journals` port.

    Parameters
    ----------
    folder : Path, optional
        Where journals are; left out, in the user's private folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def own(self) -> Journal:
        """See `Journals.own`."""
        folder = self._folder or private_folder.below_state(FOLDER)
        if folder is None:
            raise _cannot_be_kept()
        mine = folder / f"{time.time_ns():x}-{os.getpid()}"
        try:
            mine.mkdir(mode=private_folder.ONLY_ME, parents=self._folder is not None)
            held = (mine / "lock").open("wb")
            private_folder.lock(held)
        except OSError as error:
            raise _cannot_be_kept() from error
        return DiskJournal(mine, held)

    def left(self) -> tuple[LeftJournal, ...]:
        """See `Journals.left`."""
        folder = self._folder or private_folder.below_state(FOLDER)
        if folder is None or not folder.is_dir():
            return ()
        try:
            folders = list(folder.iterdir())
        except OSError:
            return ()
        found = (one for one in map(_left, folders) if one is not None)
        return tuple(sorted(found, key=lambda one: -one.time))


class DiskJournal:
    """The real `Journal` port: this window's own."""

    def __init__(self, folder: Path, held: IO[bytes]) -> None:
        self._folder = folder
        self._held = held
        self._file = -1
        self.size = 0

    def start(self, text: str) -> None:
        """See `Journal.start`."""
        path, new = self._folder / "journal", self._folder / "journal.new"
        content = MAGIC + record(text)
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
            try:
                _write(file, content)
            finally:
                os.close(file)
            self._close()
            new.replace(path)
            sync_folder(self._folder)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY)
            self.size = len(content)
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise _cannot_be_kept() from error

    def append(self, text: str) -> None:
        """See `Journal.append`."""
        content = record(text)
        try:
            _write(self._file, content)
        except OSError as error:
            with contextlib.suppress(OSError):  # half a record would hide those after it
                os.truncate(self._folder / "journal", self.size)
            raise _cannot_be_kept() from error
        self.size += len(content)

    def remove(self) -> None:
        """See `Journal.remove`."""
        self._close()
        with contextlib.suppress(OSError):
            (self._folder / "journal").unlink(missing_ok=True)  # first: nobody is to come back
        self._held.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class DiskLeft:
    """The real `LeftJournal` port: of a window that is no more."""

    def __init__(self, folder: Path, held: IO[bytes]) -> None:
        self._folder = folder
        self._held = held
        self.time = (folder / "journal").stat().st_mtime

    def texts(self) -> tuple[str, ...]:
        """See `LeftJournal.texts`."""
        path = self._folder / "journal"
        try:
            if path.stat().st_size > MOST_BYTES:
                raise OSError("too large")
            return texts_of(path.read_bytes())
        except OSError as error:
            raise UnetscopeError(
                "What an earlier window left behind cannot be read.", "It is kept for another try."
            ) from error

    def remove(self) -> None:
        """See `LeftJournal.remove`."""
        self.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def release(self) -> None:
        """See `LeftJournal.release`."""
        self._held.close()


_BINARY = getattr(os, "O_BINARY", 0)  # only Windows has it


def _write(file: int, content: bytes) -> None:
    """Write all of it, to the disk itself."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fsync(file)


def _left(folder: Path) -> DiskLeft | None:
    """A journal whose window is no more; a folder that holds nothing is cleared away."""
    try:
        if not folder.is_dir() or folder.is_symlink():
            return None
        held = (folder / "lock").open("r+b")
    except OSError:
        return None
    try:
        private_folder.lock(held)
        if (folder / "journal").is_file():
            return DiskLeft(folder, held)
        held.close()
        if time.time() - folder.stat().st_mtime > _FORSAKEN:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # its window lives
        held.close()
    return None


def _cannot_be_kept() -> UnetscopeError:
    return UnetscopeError(
        "Changes cannot be kept against a crash: there is no room, or no right to write, in the "
        "folder for them.",
        "Save the session now and then.",
    )
