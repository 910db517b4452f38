"""The log of this run, and how the last one ended.

Each run writes two files into the private folder ``logs``: its log, of bounded size, and one that
stays empty unless the process crashes, when `faulthandler` writes into it where every thread was.
A crash file that nobody holds and that is not empty is the last word of a run that crashed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import re
import sys
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, TYPE_CHECKING

from unetscope import private_folder, reports
from unetscope.private_folder import ONLY_ME_FILE

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

LARGEST = 512 << 10  # bytes of one log; one older part of the same size is kept
KEPT = 10  # files of runs that have ended
_MOST_SHOWN = 32 << 10  # characters of a crash file
_LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
_PLACE = re.compile(r'File "(?P<file>[^\n"]*)", line (?P<line>\d+|\?\?\?) in (?P<name>\S+)')

_log = logging.getLogger(__name__)


class RunLog:
    """Writes the log while it is open; `last_crash` tells of a run before that crashed.

    Without a folder to write in, what there is to say goes to the standard error stream alone.

    Parameters
    ----------
    in_files : bool
        Whether to write files at all, and to see what the last run wrote.
    """

    def __init__(self, *, in_files: bool = True) -> None:
        self.folder = private_folder.below_state("logs") if in_files else None
        self.last_crash = ""
        self._crash_file: IO[bytes] | None = None
        self._path: Path | None = None
        self._handlers: list[logging.Handler] = []

    def begin(self) -> None:
        """Take over what the program and its packages log, warn of and cannot raise."""
        if sys.stderr is not None:  # there is none without a console on Windows
            self._handlers.append(logging.StreamHandler())
        if self.folder is not None:
            self._begin_in(self.folder)
        root = logging.getLogger()
        for handler in self._handlers:
            handler.setFormatter(reports.PrivateFormatter(_LINE))
            root.addHandler(handler)
        logging.captureWarnings(True)
        sys.unraisablehook = _unraisable
        if self.last_crash:
            _log.error("the last run crashed\n%s", self.last_crash)

    def end(self) -> None:
        """The run ends as it should: nothing is left but what was logged."""
        if self._crash_file is not None and self._path is not None:
            faulthandler.disable()
            self._crash_file.close()
            with contextlib.suppress(OSError):
                self._path.with_suffix(".crash").unlink()
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        logging.captureWarnings(False)
        sys.unraisablehook = sys.__unraisablehook__

    def _begin_in(self, folder: Path) -> None:
        self.last_crash = _last_crash(folder)
        _prune(folder)
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        self._path = folder / f"{name}.log"
        crash_file = self._path.with_suffix(".crash")
        with contextlib.suppress(OSError):
            self._crash_file = open(crash_file, "wb", buffering=0, opener=_only_me)  # noqa: SIM115
            private_folder.lock(self._crash_file)
            faulthandler.enable(self._crash_file)
        self._handlers.append(_PrivateFile(self._path))


class _PrivateFile(RotatingFileHandler):
    """A log that this user alone can read, made when there is something to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_only_me)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """A full disk is no reason to say more."""


def _only_me(path: str, flags: int) -> int:
    return os.open(path, flags, ONLY_ME_FILE)


def _last_crash(folder: Path) -> str:
    """What the latest run that crashed said; the crash files of runs that ended are removed."""
    said = ""
    for path in sorted(folder.glob("*.crash")):
        with contextlib.suppress(OSError):
            with path.open("r+b") as file:
                private_folder.lock(file)  # a window that lives has it
                said = _readable(file.read(_MOST_SHOWN).decode("utf-8", "replace")) or said
            path.unlink()
    return said


def _readable(dump: str) -> str:
    """A dump of `faulthandler` as a report shows it."""
    placed = _PLACE.sub(
        lambda found: reports.in_file(found["file"], found["line"], found["name"]), dump
    )
    return reports.clean(placed).strip()


def _prune(folder: Path) -> None:
    for path in sorted(folder.glob("*.log*"))[:-KEPT]:
        with contextlib.suppress(OSError):
            path.unlink()


def _unraisable(told: UnraisableHookArgs) -> None:
    error = told.exc_value
    trouble = (type(error), error, told.exc_traceback) if error is not None else None
    _log.error("an error that nobody could be told of", exc_info=trouble)
