"""The border to the file libraries: their errors, and their warnings as notices."""

from __future__ import annotations

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom.errors import BytesLengthException, InvalidDicomError

from unetscope.domain.errors import StudyError

# What pydicom and its decoders raise on files that are damaged, odd or hostile. They have no
# common base class: a lost element is an AttributeError, a failed decoder a RuntimeError (as is a
# RecursionError), a wrong length one of pydicom's own, a deflated stream a zlib.error.
LIBRARY_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

CHOOSE = "Choose a DICOM or NIfTI file, a folder of them, a DICOMDIR or a zip."
COPY_AGAIN = "Copy or export it again."

_pydicom = logging.getLogger("pydicom")
_one_at_a_time = threading.RLock()


class NotASlice(StudyError):  # noqa: N818  (what the file is, not what went wrong)
    """A file that gives no slices.

    Parameters
    ----------
    path : Path
        The file; only its name is shown.
    reason : str
        What it is: completes "this file is ...".
    hint : str
        What to do next.
    expected : bool
        Nobody would take it for a slice.
    """

    def __init__(
        self, path: Path, reason: str, hint: str = COPY_AGAIN, *, expected: bool = False
    ) -> None:
        super().__init__(f"{path.name} is {reason}.", hint)
        self.reason = reason
        self.expected = expected


@contextmanager
def noticing(notices: list[str]) -> Iterator[None]:
    """Turn what a file library warns of into `notices`; pass other warnings on.

    User warnings come from odd values in a file, runtime warnings from arithmetic with them.
    What pydicom logs goes nowhere else either: it quotes the header, patient and all.
    The interpreter's warning filters are global, so one thread at a time is inside.
    """
    logged: list[str] = []
    thread = threading.get_ident()

    def is_of_others(record: logging.LogRecord) -> bool:
        if record.thread == thread and record.levelno >= logging.WARNING:
            logged.append(record.getMessage())
        return record.thread != thread

    with _one_at_a_time, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _pydicom.addFilter(is_of_others)
        try:
            yield
        finally:
            _pydicom.removeFilter(is_of_others)
    warned = [
        str(warning.message)
        for warning in caught
        if issubclass(warning.category, UserWarning | RuntimeWarning)
    ]
    notices.extend(warned)
    notices.extend(line for line in logged if line not in warned)  # most it says both ways
    for warning in caught:
        if not issubclass(warning.category, UserWarning | RuntimeWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
