"""Read masks made by others, whatever file they come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unetscope.domain.reference import Reference
from unetscope.domain.sources import SeriesSource
from unetscope.io.dicom import looks_like_dicom
from unetscope.io.notices import LIBRARY_ERRORS
from unetscope.io.references.placing import lay_on
from unetscope.io.references.refusal import DAMAGED, CutShortError, NotMasksError
from unetscope.io.scan import looks_like_nifti

CHOOSE_MASK = "Choose a DICOM SEG, an RTSTRUCT, or labels as NIfTI or NRRD."
_NRRD = b"NRRD000"


def read_reference(
    path: Path,
    series: SeriesSource,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    other_patient: bool = False,
) -> Reference:
    """Read masks onto the grid of a series, by where both lie in the patient.

    Parameters
    ----------
    path : Path
        DICOM SEG, RTSTRUCT, NIfTI or NRRD labels.
    series : SeriesSource
        What they are laid on: each of its voxels has what is at its centre.
    cancelled : callable
        Answers True to stop.
    other_patient : bool
        Whether a file that names another patient is wanted.

    Raises
    ------
    OtherPatientError
        The file names another patient, and that is not wanted.
    StudyError
        It cannot be read, or not be placed on the series.
    Cancelled
        If told to stop.
    """
    try:
        head = _head(path)
        if looks_like_nifti(path):
            from unetscope.io.references.nifti_labels import NIFTI_ERRORS, read_nifti_labels

            try:
                found = read_nifti_labels(path, cancelled)
            except NIFTI_ERRORS as error:
                raise _broken(error) from error
            return lay_on(found, path.name, series, cancelled)
        if head.startswith(_NRRD):
            from unetscope.io.references.nrrd_labels import read_nrrd_labels

            return lay_on(read_nrrd_labels(path, cancelled), path.name, series, cancelled)
        if looks_like_dicom(head):
            from unetscope.io.references.dicom_object import read_dicom_reference

            return read_dicom_reference(path, series, cancelled, other_patient=other_patient)
        raise NotMasksError("it is of another kind", CHOOSE_MASK)
    except NotMasksError as error:
        raise error.about(path) from error
    except RecursionError as error:
        raise NotMasksError("its sequences are nested too deep", DAMAGED).about(path) from error
    except LIBRARY_ERRORS as error:
        raise _broken(error).about(path) from error


def is_reference(path: Path) -> bool:
    """Whether a file says by its content that it holds outlined structures.

    A DICOM SEG or RTSTRUCT does, and NRRD too, which is no study here; of NIfTI nobody can tell.
    """
    try:
        head = _head(path)
    except NotMasksError:
        return False
    if head.startswith(_NRRD):
        return True
    if not looks_like_dicom(head):
        return False
    from unetscope.io.references.dicom_object import holds_structures

    return holds_structures(path)


def _head(path: Path) -> bytes:
    """First bytes of a file; NotMasksError where there are none."""
    try:
        if not path.exists():
            raise NotMasksError("it is not there", "It may have been moved or renamed.")
        if not path.is_file():  # a pipe would keep whoever reads it waiting for ever
            raise NotMasksError("it is not a file", CHOOSE_MASK)
        with path.open("rb") as stream:
            head = stream.read(132)
    except OSError as error:
        raise NotMasksError("it cannot be read", "Check that you may read it.") from error
    if not head:
        raise NotMasksError("it is empty", "Copy or export it again.")
    return head


def _broken(error: Exception) -> NotMasksError:
    if isinstance(error, EOFError):
        return CutShortError()
    if isinstance(error, MemoryError):
        return NotMasksError("it does not fit into memory", "Close other programs.")
    return NotMasksError("it is damaged", DAMAGED)
