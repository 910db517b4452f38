"""Open a study: whatever path the user gives, sorted series come out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from unetscope.domain.errors import StudyError
from unetscope.domain.study import NOBODY, PatientInfo, Skipped, StudyInfo
from unetscope.io.archive import Archive, PrivateFolder
from unetscope.io.dicom import DicomImage, looks_like_dicom, read_image
from unetscope.io.dicom_series import make_series
from unetscope.io.image_pixels import A_DICOMDIR
from unetscope.io.notices import CHOOSE, NotASlice
from unetscope.io.reading import look_at_each
from unetscope.io.scan import looks_like_nifti, read_dicomdir, walk
from unetscope.io.series import Series

Progress = Callable[[int, int], None]
AskCancelled = Callable[[], bool]
SoFar = Callable[["Study"], None]
_Looked = DicomImage | list[Series] | Skipped

_MANY = 32  # files up to which nobody waits long enough to be shown a part of them
_TOLD_FIRST = 64  # files after which the study so far is told for the second time ...
_TOLD_AGAIN = 4  # ... and again each time there are so many times more: sorting takes its time too


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
        Files that gave no slices, and why; those that are expected last.
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


class _Scan:
    """What is found in the files of a study, and the study it makes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images: dict[int, DicomImage] = {}
        self._series: dict[int, list[Series]] = {}
        self._refused: dict[int, Skipped] = {}
        self.skipped: list[Skipped] = []
        self.keep: PrivateFolder | None = None

    def take(self, place: int, found: _Looked) -> None:
        """Keep what the file at a place in the list held."""
        if isinstance(found, DicomImage):
            self._images[place] = found
        elif isinstance(found, Skipped):
            self._refused[place] = found
        else:
            self._series[place] = found

    def look(self, path: Path) -> _Looked:
        """Read the header of a file; what gives no slices is skipped with the reason."""
        try:
            return self._read(path)
        except NotASlice as error:
            return Skipped(self._named(path), error.reason, error.expected)

    def _named(self, path: Path) -> Path:
        """Place of a file as the user knows it: of one in a zip, its place there."""
        if self.keep is None:
            return path
        return self._path / path.relative_to(self.keep.path)

    def only(self, path: Path) -> list[Path]:
        """Look at the one file the user chose; a DICOMDIR by another name gives more to look at."""
        try:
            self.take(0, self._read(path))
        except NotASlice as error:
            if error.reason == A_DICOMDIR:
                return read_dicomdir(path, self.skipped)
            raise
        return []

    def _read(self, path: Path) -> DicomImage | list[Series]:
        if not path.is_file():
            raise NotASlice(path, "not a file", CHOOSE)
        if looks_like_nifti(path):
            from unetscope.io.nifti import read_nifti  # nibabel takes its time: only when needed

            return read_nifti(path, self.keep)
        return read_image(path)

    def study(
        self, cancelled: AskCancelled | None = None, *, complete: bool = True
    ) -> Study | None:
        """Make a study of what was found; None if there is nothing to show."""
        images = [self._images[place] for place in sorted(self._images)]
        series, copies = make_series(images, self.keep, cancelled)
        if not complete:
            series = [one.in_part() for one in series]
        series += [one for place in sorted(self._series) for one in self._series[place]]
        if not series:
            return None
        series = sorted(
            _named_apart(series), key=lambda s: (s.info.study.date, s.study_uid, s.info.number)
        )
        visits = Counter(one.info.study.uid for one in series)
        most = max(visits, key=lambda uid: visits[uid])
        info = next(one.info.study for one in series if one.study_uid == most)
        copies = [replace(copy, path=self._named(copy.path)) for copy in copies]
        left_out = sorted((*self.left_out, *copies), key=lambda skipped: skipped.expected)
        return Study(self._path, tuple(series), tuple(left_out), info)

    @property
    def left_out(self) -> tuple[Skipped, ...]:
        """Files that gave no slices, in their order."""
        return (*self.skipped, *(self._refused[place] for place in sorted(self._refused)))


def open_study(
    path: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    cancelled: AskCancelled | None = None,
    so_far: SoFar | None = None,
) -> Study:
    """Open a study from a file, a folder (searched below it), a DICOMDIR or a zip.

    Only headers are read, by several threads; pixels follow when a series is asked for them.

    Parameters
    ----------
    path : str or path
        DICOM or NIfTI file, folder, DICOMDIR or zip.
    progress : callable, optional
        Called with files looked at and files in all.
    cancelled : callable, optional
        Asked before every file; answers True to stop.
    so_far : callable, optional
        Where there is much to read, called now and then with the study as far as it is known,
        for the first time after one file. A warning of its series says that they are not complete,
        and `Series.find` where a slice of one of them is in a later one.

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
    scan = _Scan(chosen)
    kind = "folder" if chosen.is_dir() else _kind(chosen)
    with ExitStack() as stack:
        before: Callable[[Path], object] = _nothing
        if kind == "image":
            files = scan.only(chosen)
        elif kind == "dicomdir":
            files = read_dicomdir(chosen, scan.skipped)
        elif kind == "folder":
            files = list(walk(chosen, scan.skipped, cancelled))
        else:
            archive = stack.enter_context(Archive(chosen))
            scan.keep, files, before = archive.folder, archive.files, archive.fetch
            scan.skipped.extend(archive.skipped)
        report = progress or _nothing
        report(0, len(files))
        looked = look_at_each(files, scan.look, before=before, cancelled=cancelled)
        stack.callback(looked.close)
        told = _TOLD_FIRST
        for done, (place, found) in enumerate(looked, start=1):
            scan.take(place, found)
            report(done, len(files))
            if so_far is not None and len(files) > _MANY and done in (1, told):
                told = told * _TOLD_AGAIN if done == told else told
                if (study := scan.study(cancelled, complete=False)) is not None:
                    so_far(study)
    if (study := scan.study(cancelled)) is None:
        raise _nothing_in(chosen, scan.left_out)
    return study


def _nothing(*_: object) -> None:
    """Do nothing."""


def _nothing_in(chosen: Path, skipped: Sequence[Skipped]) -> StudyError:
    hint = CHOOSE
    if skipped:
        count = "1 file was" if len(skipped) == 1 else f"{len(skipped)} files were"
        first = min(skipped, key=lambda file: file.expected)
        hint = f"{count} skipped; {first.path.name} is {first.reason}."
    return StudyError(f"No images in {chosen.name}.", hint)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be searched
        return False


def _kind(path: Path) -> str:
    """Tell a zip and a DICOMDIR by their first bytes; anything else is one image."""
    if not path.is_file():  # a pipe would keep whoever reads it waiting for ever
        raise NotASlice(path, "not a file", CHOOSE)
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


def _named_apart(series: list[Series]) -> list[Series]:
    """Number the keys of NIfTI files that have the same name in different folders."""
    taken: Counter[str] = Counter()
    for one in series:
        taken[one.uid] += 1
        if taken[one.uid] > 1:
            one.info = replace(one.info, uid=f"{one.uid}#{taken[one.uid]}")
    return series
