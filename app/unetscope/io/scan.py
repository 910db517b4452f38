"""Which files to look at: those in a folder and below it, or in a DICOMDIR."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pydicom import dcmread

from unetscope.domain.study import Skipped
from unetscope.io.dicom_values import element, items
from unetscope.io.foreign import is_hidden
from unetscope.io.notices import LIBRARY_ERRORS, NotASlice, noticing
from unetscope.io.reading import check


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
        hidden = [name for name in folders if is_hidden(name)]
        skipped.extend(
            Skipped(here / name, "a hidden folder", expected=True) for name in sorted(hidden)
        )
        folders[:] = sorted(set(folders) - set(hidden))
        for name in sorted(names):
            if is_hidden(name):
                skipped.append(Skipped(here / name, "a hidden file", expected=True))
            else:
                yield here / name


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
