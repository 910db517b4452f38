"""The border to the file libraries: their errors, and their warnings as notices."""

from __future__ import annotations

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
    """

    def __init__(self, path: Path, reason: str, hint: str = COPY_AGAIN) -> None:
        super().__init__(f"{path.name} is {reason}.", hint)
        self.reason = reason


@contextmanager
def noticing(notices: list[str]) -> Iterator[None]:
    """Turn what a file library warns of into `notices`; pass other warnings on.

    User warnings come from odd values in a file, runtime warnings from arithmetic with them.
    The interpreter's warning filters are global, so one thread at a time is inside.
    """
    with _one_at_a_time, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if issubclass(warning.category, UserWarning | RuntimeWarning):
            notices.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
