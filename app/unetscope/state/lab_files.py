"""The filter lab's list and scripts as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from unetscope.domain import lab_file
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.lab import MOST, LabKernel
from unetscope.domain.ports import Floats, Notice
from unetscope.domain.sources import Files
from unetscope.domain.text_files import TextFiles
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs

LONGEST = 4_000_000  # characters of a file; the longest list takes fewer


class LabFiles:
    """Reads and writes in the background; trouble and success are notices."""

    def __init__(self, jobs: Jobs, desk: Desk, texts: TextFiles, files: Files) -> None:
        self._jobs = jobs
        self._desk = desk
        self._texts = texts
        self._files = files

    def read(self, path: Path, take: Callable[[tuple[LabKernel, ...]], None]) -> None:
        """Read kernels and hand them over: a list, or a ``.npy`` array of one or several."""

        def work(_: JobContext) -> tuple[LabKernel, ...]:
            if path.suffix.lower() == ".npy":
                return _from_array(path, self._texts.read_array(path))
            text = self._texts.read(path)
            if len(text) > LONGEST:
                raise EditError(f"{path.name} is too long for a list of kernels.", "")
            return lab_file.read_kernels(text)

        self._jobs.submit("lab file", work, done=take, failed=self._failed)

    def write(self, path: Path, kernels: tuple[LabKernel, ...]) -> None:
        """Write kernels as JSON, or where the name says so as ``.npy`` of ``(n, kh, kw)``."""

        def work(_: JobContext) -> str:
            if path.suffix.lower() != ".npy":
                self._texts.write(path, lab_file.write_kernels(kernels))
            elif len({kernel.size for kernel in kernels}) != 1:
                raise EditError("Kernels of several sizes make no array.", "Save them as JSON.")
            else:
                stack = np.stack([kernel.values for kernel in kernels])
                self._files.write_arrays(path, stack)
            return f"Saved {path.name}."

        self._jobs.submit("lab file", work, done=self._done, failed=self._failed)

    def write_script(self, path: Path, text: str, picture: Floats) -> None:
        """Write a script and beside it the picture it reads, ``.npy`` of the same name."""

        def work(_: JobContext) -> str:
            array = path.with_suffix(".npy")
            self._files.write_arrays(array, picture)
            self._texts.write(path, text)
            return f"Saved {path.name} and {array.name}."

        self._jobs.submit("lab file", work, done=self._done, failed=self._failed)

    def _done(self, told: str) -> None:
        self._desk.notice.emit(Notice(told, trouble=False))

    def _failed(self, error: UnetscopeError) -> None:
        self._desk.notice.emit(Notice(error.what, error.hint))


def _from_array(path: Path, array: Floats) -> tuple[LabKernel, ...]:
    if array.ndim not in (2, 3) or not len(array):
        raise EditError(
            f"{path.name} holds an array of shape {array.shape}, no kernels.",
            "(rows, columns) is one kernel, (n, rows, columns) are several.",
        )
    stack = array if array.ndim == 3 else array[None]
    if len(stack) > MOST:
        raise EditError(f"{path.name} holds {len(stack)} kernels; the lab takes {MOST}.", "")
    names = [path.stem] if len(stack) == 1 else [f"{path.stem} {i}" for i in range(len(stack))]
    return tuple(LabKernel.of(name, each) for name, each in zip(names, stack, strict=True))
