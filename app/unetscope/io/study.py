"""Open a study: whatever path the user gives, sorted series come out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from unetscope.domain.errors import StudyError
from unetscope.domain.study import NOBODY, PatientInfo, Skipped, StudyInfo
from unetscope.io.dicom import A_DICOMDIR, CHOOSE, DicomImage, looks_like_dicom, read_image
from unetscope.io.dicom_series import make_series
from unetscope.io.notices import NotASlice
from unetscope.io.scan import PrivateFolder, check, looks_like_nifti, read_dicomdir, unpack, walk
from unetscope.io.series import Series

Progress = Callable[[int, int], None]
AskCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What was opened.

    A folder may hold several visits and people; each series says which it belongs to.

    Attributes
    ----------
    path : Path
        What the user chose.
    series : tuple of Series
        At least one; by study, then series number.
    skipped : tuple of Skipped
        Files that gave no slices, and why.
    info : StudyInfo
        Visit that has most series here.
    """

    path: Path
    series: tuple[Series, ...]
    skipped: tuple[Skipped, ...] = ()
    info: StudyInfo = field(default_factory=StudyInfo)

    @property
    def studies(self) -> tuple[StudyInfo, ...]:
        """All visits, in the order of their series."""
        return tuple(dict.fromkeys(one.info.study for one in self.series))

    @property
    def patient(self) -> PatientInfo:
        """Patient of that visit."""
        return self.info.patient if self.series else NOBODY

    @property
    def description(self) -> str:
        """StudyDescription of that visit."""
        return self.info.description

    @property
    def date(self) -> str:
        """``YYYYMMDD`` of that visit, or empty."""
        return self.info.date


@dataclass(slots=True)
class _Found:
    """What a scan gathers."""

    images: list[DicomImage] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def open_study(
    path: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    cancelled: AskCancelled | None = None,
) -> Study:
    """Open a study from a file, a folder (searched below it), a DICOMDIR or a zip.

    Only headers are read; pixels follow when a series is asked for them.

    Parameters
    ----------
    path : str or path
        DICOM or NIfTI file, folder, DICOMDIR or zip.
    progress : callable, optional
        Called with files looked at and files in all.
    cancelled : callable, optional
        Asked before every file; answers True to stop.

    Raises
    ------
    StudyError
        If there is nothing to show; the message names the file and what to do.
    Cancelled
        If told to stop.
    """
    chosen = Path(path).absolute()  # slices are read later, wherever the script has gone by then
    if not _exists(chosen):
        raise StudyError(f"{chosen.name} does not exist.", "It may have been moved or renamed.")
    found = _Found()
    keep: PrivateFolder | None = None
    kind = "folder" if chosen.is_dir() else _kind(chosen)
    if kind == "image":
        files = _single(chosen, found)
    elif kind == "dicomdir":
        files = read_dicomdir(chosen, found.skipped)
    else:
        keep = unpack(chosen, cancelled) if kind == "zip" else None
        files = list(walk(keep.path if keep else chosen, found.skipped, cancelled))
    for done, file in enumerate(files):
        check(cancelled)
        if progress is not None:
            progress(done, len(files))
        try:
            _look_at(file, found, keep)
        except NotASlice as error:
            found.skipped.append(Skipped(file, error.reason))
    if progress is not None:
        progress(len(files), len(files))
    return _finish(chosen, found, keep, cancelled)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be searched
        return False


def _kind(path: Path) -> str:
    """Tell a zip and a DICOMDIR by their first bytes; anything else is one image."""
    try:
        with path.open("rb") as stream:
            head = stream.read(132)
    except OSError as error:
        raise StudyError(f"{path.name} cannot be read.", "Check that you may read it.") from error
    if head[:4] in (b"PK\3\4", b"PK\5\6") and head[128:132] != b"DICM":
        return "zip"
    if path.name.upper().startswith("DICOMDIR") and looks_like_dicom(head):
        return "dicomdir"
    return "image"


def _single(path: Path, found: _Found) -> list[Path]:
    """Look at the one file the user chose; a DICOMDIR under another name gives more to look at."""
    try:
        _look_at(path, found, None)
    except NotASlice as error:
        if error.reason == A_DICOMDIR:
            return read_dicomdir(path, found.skipped)
        raise
    return []


def _look_at(path: Path, found: _Found, keep: PrivateFolder | None) -> None:
    """Read the header of a file into `found`; NotASlice if it gives no slices."""
    if not path.is_file():
        raise NotASlice(path, "not a file")
    if looks_like_nifti(path):
        from unetscope.io.nifti import read_nifti  # nibabel takes its time: only when needed

        found.series.extend(read_nifti(path, keep))
    else:
        found.images.append(read_image(path))


def _finish(chosen: Path, found: _Found, keep: object, cancelled: AskCancelled | None) -> Study:
    series, copies = make_series(found.images, keep, cancelled)
    series = _named_apart([*series, *found.series])
    skipped = (*found.skipped, *copies)
    if not series:
        hint = CHOOSE
        if skipped:
            count = "1 file was" if len(skipped) == 1 else f"{len(skipped)} files were"
            first = skipped[0]
            hint = f"{count} skipped; {first.path.name} is {first.reason}."
        raise StudyError(f"No images in {chosen.name}.", hint)
    series.sort(key=lambda s: (s.info.study.date, s.study_uid, s.info.number))
    visits = Counter(one.info.study.uid for one in series)
    most = max(visits, key=lambda uid: visits[uid])
    info = next(one.info.study for one in series if one.study_uid == most)
    return Study(chosen, tuple(series), tuple(skipped), info)


def _named_apart(series: list[Series]) -> list[Series]:
    """Number the keys of NIfTI files that have the same name in different folders."""
    taken: Counter[str] = Counter()
    for one in series:
        taken[one.uid] += 1
        if taken[one.uid] > 1:
            one.info = replace(one.info, uid=f"{one.uid}#{taken[one.uid]}")
    return series
