"""Which files to look at: a file, a folder and those below it, a DICOMDIR, a zip."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from pydicom import dcmread

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.study import Skipped
from unetscope.io.dicom_values import element, items
from unetscope.io.notices import LIBRARY_ERRORS, NotASlice, noticing

_MOST_ENTRIES = 200_000
_UNPACKED = 16 * 2**30  # bytes a zip may grow to
_CHUNK = 2**20
_ZIP_ERRORS: tuple[type[Exception], ...] = (*LIBRARY_ERRORS, zipfile.BadZipFile)


class PrivateFolder:
    """A folder only this user can read; removed with the last reference to it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="unetscope-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def check(cancelled: Callable[[], bool] | None) -> None:
    """Raise Cancelled if told to stop."""
    if cancelled is not None and cancelled():
        raise Cancelled


def walk(
    folder: Path, skipped: list[Skipped], cancelled: Callable[[], bool] | None = None
) -> Iterator[Path]:
    """Files in a folder and below it, in the order of their names.

    Hidden files and folders, and folders that may not be read, go to `skipped`. Links to folders
    are not followed.
    """

    def locked(error: OSError) -> None:
        skipped.append(Skipped(Path(error.filename or folder), "a folder that cannot be read"))

    for top, folders, names in os.walk(folder, onerror=locked):
        check(cancelled)
        here = Path(top)
        hidden = [name for name in folders if _is_hidden(name)]
        skipped.extend(Skipped(here / name, "a hidden folder") for name in sorted(hidden))
        folders[:] = sorted(set(folders) - set(hidden))
        for name in sorted(names):
            if _is_hidden(name):
                skipped.append(Skipped(here / name, "a hidden file"))
            else:
                yield here / name


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def looks_like_nifti(path: Path) -> bool:
    """Whether a file name is that of a NIfTI image (of a pair, the header)."""
    return path.name.lower().endswith((".nii", ".nii.gz", ".hdr"))


def read_dicomdir(path: Path, skipped: list[Skipped]) -> list[Path]:
    """Files a DICOMDIR refers to; those that are not there go to `skipped`.

    Raises
    ------
    NotASlice
        If it cannot be read.

    References
    ----------
    DICOM PS3.3 F.3.2.2, Referenced File ID; PS3.10 8.2: its parts are folders and file.
    """
    found: dict[Path, None] = {}
    try:
        with noticing([]):  # remarks on an index say nothing about the slices
            dataset = dcmread(path, specific_tags=["DirectoryRecordSequence"])
            records = items(dataset, "DirectoryRecordSequence")
            references = [element(record, "ReferencedFileID") for record in records]
    except LIBRARY_ERRORS as error:
        raise NotASlice(
            path, "a damaged DICOMDIR", "Open the folder it lies in instead."
        ) from error
    for reference in references:
        if reference is None:
            continue
        parts = [reference] if isinstance(reference, str) else [str(part) for part in reference]
        if any(part in ("", ".", "..") or "/" in part or "\\" in part for part in parts):
            skipped.append(Skipped(path, "a DICOMDIR that refers to a file outside its folder"))
            continue
        target = path.parent.joinpath(*parts)
        lower = path.parent.joinpath(*(part.lower() for part in parts))
        if target.is_file() or lower.is_file():
            found[target if target.is_file() else lower] = None
        else:
            skipped.append(Skipped(target, "named in the DICOMDIR, but not there"))
    return list(found)


def unpack(path: Path, cancelled: Callable[[], bool] | None = None) -> PrivateFolder:
    """Extract a zip to a folder of its own.

    Raises
    ------
    StudyError
        If it is damaged, needs a password, is too big, or holds a file that would land elsewhere.
    Cancelled
        If told to stop.
    """
    folder = PrivateFolder()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > _MOST_ENTRIES:
                raise StudyError(f"{path.name} holds more than {_MOST_ENTRIES:,} files.")
            if any(entry.flag_bits & 1 for entry in entries):
                raise StudyError(
                    f"{path.name} needs a password.", "Unpack it, then open the folder."
                )
            left = _UNPACKED
            for entry in entries:
                check(cancelled)
                left = _extract(archive, entry, folder.path, path.name, left)
    except _ZIP_ERRORS as error:
        folder.remove()
        raise StudyError(f"{path.name} cannot be unpacked.", "The zip may be damaged.") from error
    except (StudyError, Cancelled):
        folder.remove()
        raise
    return folder


def _extract(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, name: str, left: int
) -> int:
    """Write one file of a zip; return how many bytes the others may still take."""
    inside = PurePosixPath(entry.filename.replace("\\", "/"))
    parts = inside.parts
    if inside.is_absolute() or not parts or ".." in parts or ":" in entry.filename:
        raise StudyError(
            f"{name} holds a file that would land outside its folder.", "It may be harmful."
        )
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise StudyError(f"{name} unpacks to more than 16 GB.", "It may be harmful.")
            copy.write(chunk)
    return left
