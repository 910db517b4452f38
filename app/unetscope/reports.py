"""What is written down about trouble: where it arose and what was done before, never whose it is.

Logs and crash reports are sent to others. They hold no path but those of the program's own files,
no word of what was opened (`hide`), and nothing of what an error says that arose while a file was
read: it may quote the header.
"""

from __future__ import annotations

import logging
import platform
import re
import sys
import traceback
from collections import deque
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from unetscope.domain.errors import StudyError
from unetscope.processes.sandbox import available

HIDDEN = "[hidden]"
LEFT_OUT = "[left out: it may quote a file]"
STEPS = 30
"""How many of the latest commands are remembered."""
TROUBLES = 5
"""How many of the latest troubles are remembered."""
_SHORTEST = 3  # letters of a word that is hidden: shorter ones are in every second word
_PACKAGES = ("PySide6-Essentials", "numpy", "pydicom", "keras", "tensorflow", "tensorflow-cpu")
_READING = ("unetscope/io/", "unetscope/modelfile/")
_OWN = Path(__file__).resolve().parent.parent

# From what starts like an absolute path to the closing quote, or else to the end of the line: names
# of folders may hold anything.
_ROOT = r"(?:file://|(?<![\w./\\:])/(?=[^\s/])|(?<!\w)[A-Za-z]:[\\/]|(?<!\\)\\\\(?=\w))"
_QUOTED = re.compile(rf"(['\"]){_ROOT}(?:(?!\1)[^\n])*\1")
_BARE = re.compile(rf"{_ROOT}[^\n]*")
_SPLIT = re.compile(r"[\^=\s,;/\\]+")

_words: set[str] = set()
_steps: deque[str] = deque(maxlen=STEPS)
_troubles: deque[str] = deque(maxlen=TROUBLES)


def hide(*texts: str) -> None:
    """Keep names out of all that is written from now on, whole and word by word."""
    for text in texts:
        parts = (text, *_SPLIT.split(text))
        _words.update(part.strip() for part in parts if len(part.strip()) >= _SHORTEST)


def note(step: str) -> None:
    """Remember what was done, for reports: the id of a command, never what it was done to."""
    _steps.append(step)


def clean(text: str) -> str:
    """A text without paths and without the words that are to be hidden."""
    text = _BARE.sub(HIDDEN, _QUOTED.sub(rf"\1{HIDDEN}\1", text))
    if not _words:
        return text
    longest_first = sorted(_words, key=lambda word: (-len(word), word))
    any_of_them = "|".join(map(re.escape, longest_first))
    return re.sub(rf"(?<!\w)(?:{any_of_them})(?!\w)", HIDDEN, text, flags=re.IGNORECASE)


def describe(error: BaseException) -> str:
    """An error and those that led to it: where they arose, and what they say if that is safe."""
    told: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        places = stack(cause.__traceback__)
        told.append("\n".join([*places, _said(cause, places)]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\nwhich came after\n\n".join(told)


def stack(trace: TracebackType | None) -> list[str]:
    """Where calls stand, the innermost last: file of the program, line, function; no values."""
    return [place(frame) for frame in traceback.extract_tb(trace)]


def place(frame: traceback.FrameSummary) -> str:
    """Where one call stands."""
    return f"  {in_file(frame.filename, frame.lineno or '?', frame.name)}"


def in_file(file: str, line: int | str, name: str) -> str:
    """A place in a file of the program or of a package, named from where that begins."""
    return f"{_file(file)}:{line} in {name}"


def keep(trouble: str) -> None:
    """Keep what was told of a trouble for the next `report`."""
    _troubles.append(trouble)


def report() -> str:
    """A report for whoever repairs the program: versions, what was done before, the troubles."""
    done = ", ".join(_steps) or "nothing"
    troubles = "\n\nand then\n\n".join(_troubles) or "No trouble in this run."
    return f"{versions()}\nDone before: {done}\n\n{troubles}\n"


def versions() -> str:
    """The program, what it is built on, and the system it runs on."""
    python = f"Python {platform.python_version()}{' (frozen)' if _is_frozen() else ''}"
    system = f"Unetscope {_version('unetscope')}, {python}, {platform.platform(terse=True)}"
    packages = [f"{name} {known}" for name in _PACKAGES if (known := _version(name))]
    return f"{system}\n{', '.join(packages)}\nThe engine: {available().sentence}"


class PrivateFormatter(logging.Formatter):
    """Writes records without private words; of other packages only that they said something."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        """One line for a record."""
        if record.name.split(".")[0] != "unetscope":
            record.message = f"{Path(record.pathname).name}:{record.lineno} {LEFT_OUT}"
        record.message = clean(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802  (logging's name)
        """See `describe`."""
        error = ei[1] if isinstance(ei, tuple) else None
        return describe(error) if isinstance(error, BaseException) else ""

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  (logging's name)
        """Left out: it quotes lines of source with paths."""
        return ""

    def format(self, record: logging.LogRecord) -> str:
        """The whole record; what another handler made of its error is not taken over."""
        kept, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = kept


def _said(error: BaseException, places: Iterable[str]) -> str:
    reads = any(part in one for part in _READING for one in places)
    foreign = type(error).__module__.split(".")[0] not in ("builtins", "unetscope")
    unsafe = reads or foreign or isinstance(error, StudyError)  # some packages quote variables
    text = LEFT_OUT if unsafe else clean(str(error))
    return f"{type(error).__name__}: {text}"


def _file(name: str) -> str:
    """A file of the program or of a package, from where that begins; others by their name."""
    path = Path(name)
    if path.is_relative_to(_OWN / "unetscope"):
        return path.relative_to(_OWN).as_posix()
    if "site-packages" in path.parts:
        return Path(*path.parts[path.parts.index("site-packages") + 1 :]).as_posix()
    return name if name.startswith("<") else path.name if not _is_frozen() else path.as_posix()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _is_frozen() -> bool:
    return hasattr(sys, "_MEIPASS")
