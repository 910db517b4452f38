"""A DICOM SEG holds the mask, at the place in the patient where it was made."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from importlib.resources import files
from pathlib import Path

import highdicom
import nibabel as nib
import numpy as np
import pydicom
import pytest
from tests.unit.io.builders import mr_slice, mr_stack, save, save_nifti
from tests.unit.io.exports.builders import (
    CLASSES,
    FRAME_OF_REFERENCE,
    MAKER,
    SHAPE,
    mask,
    order,
    save_enhanced,
    save_slices,
    series_of,
    write,
)
from tests.unit.io.test_geometry_matrix import ORIENTATIONS, SPACINGS

from unetscope.domain.errors import Cancelled, StudyError, UnetscopeError
from unetscope.domain.export import Format, Maker
from unetscope.io.deidentification.cleaning import Deidentifier
from unetscope.io.exports.seg_process import make_apart, make_here
from unetscope.io.exports.segmentations import write_seg
from unetscope.io.exports.sources import obstacle
from unetscope.io.series import Series
from unetscope.io.study import open_study

SEGMENTS = tuple(each.index for each in CLASSES)
READER = Path(str(files("dcmqi"))) / "bin" / "segimage2itkimage"
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


def expected(labels: np.ndarray | None = None) -> np.ndarray:
    """The mask in segment numbers: classes that are not written are background."""
    table = np.zeros(256, np.uint8)
    for number, index in enumerate(SEGMENTS, start=1):
        table[index] = number
    return table[mask() if labels is None else labels]


def in_patient(series: Series, segments: np.ndarray) -> dict[tuple[float, ...], int]:
    """Where in the patient (LPS mm, to a hundredth) which segment is."""
    found = {}
    for voxel in np.argwhere(segments):
        place = (series.affine @ (*voxel, 1))[:3]
        found[tuple(np.round(place + 0.0, 2))] = int(segments[tuple(voxel)])
    return found


def near(one: dict[tuple[float, ...], int], other: dict[tuple[float, ...], int]) -> bool:
    """Whether the same segments are at the same places."""
    if len(one) != len(other):
        return False
    places = np.array(list(other))
    values = list(other.values())
    for place, value in one.items():
        away = np.abs(places - place).max(axis=1)
        if away.min() > 0.02 or values[int(away.argmin())] != value:
            return False
    return True


def read_by_highdicom(path: Path) -> dict[tuple[float, ...], int]:
    volume = highdicom.seg.segread(path).get_volume(combine_segments=True, skip_overlap_checks=True)
    found = {}
    for voxel in np.argwhere(volume.array):
        place = (volume.affine @ (*voxel, 1))[:3]
        found[tuple(np.round(place + 0.0, 2))] = int(volume.array[tuple(voxel)])
    return found


def read_by_dcmqi(path: Path, folder: Path) -> dict[tuple[float, ...], int]:
    folder.mkdir()
    options = ["--inputDICOM", str(path), "--outputDirectory", str(folder), "-p", "s", "-t", "nii"]
    done = subprocess.run([READER, *options], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = {}
    for number in range(1, len(SEGMENTS) + 1):
        image = nib.load(folder / f"s-{number}.nii.gz")
        for voxel in np.argwhere(np.asarray(image.dataobj)):
            place = (image.affine @ (*voxel, 1))[:3] * RAS_TO_LPS
            found[tuple(np.round(place + 0.0, 2))] = number
    return found


@pytest.mark.parametrize("seed", [1, 2], ids=["in one order", "in another"])
@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_two_other_readers_find_every_voxel_where_it_was(
    tmp_path: Path, name: str, spacing: tuple[float, float, float], seed: int
) -> None:
    series = save_slices(tmp_path / "study", name, spacing, seed=seed)
    path = tmp_path / "mask.dcm"
    written = write(series, path)
    assert written.voxels == np.prod(SHAPE)
    should = in_patient(series, expected())
    assert near(should, read_by_highdicom(path))
    assert near(should, read_by_dcmqi(path, tmp_path / "read"))


@pytest.mark.parametrize("form", [Format.SEG, Format.SEG_LABELMAP])
def test_frames_of_one_file_are_referred_to_by_their_numbers(tmp_path: Path, form: Format) -> None:
    series = save_enhanced(tmp_path / "study")
    path = tmp_path / "mask.dcm"
    write(series, path, form, deidentified=False)
    assert near(in_patient(series, expected()), read_by_highdicom(path))
    seg = pydicom.dcmread(path)
    source = pydicom.dcmread(series.path(0))
    (referred,) = seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert referred.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert referred.ReferencedSOPClassUID == source.SOPClassUID
    for item in seg.PerFrameFunctionalGroupsSequence:
        (image,) = item.DerivationImageSequence[0].SourceImageSequence
        frame = source.PerFrameFunctionalGroupsSequence[image.ReferencedFrameNumber - 1]
        place = frame.PlanePositionSequence[0].ImagePositionPatient
        assert item.PlanePositionSequence[0].ImagePositionPatient == place
        assert frame.MREchoSequence[0].EffectiveEchoTime == 90.0


def test_it_says_what_made_it_and_of_which_images(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study", PatientSex="F", AccessionNumber="A1")
    path = tmp_path / "mask.dcm"
    edited = Maker("Tissue net", MAKER.fingerprint, 2, f"sha256:{'2e' * 32}", "0.1.0")
    write(series, path, deidentified=False, maker=edited)
    seg = pydicom.dcmread(path)
    assert (seg.PatientID, seg.PatientSex, seg.AccessionNumber) == ("P1", "F", "A1")
    assert seg.StudyInstanceUID == "1.2.3"
    assert seg.FrameOfReferenceUID == FRAME_OF_REFERENCE
    assert seg.ContentDescription == "RESEARCH USE ONLY, 2 edits in force"
    assert seg.SeriesDescription == "RESEARCH USE ONLY: Tissue net"
    assert seg.ContentQualification == "RESEARCH"
    for segment, each in zip(seg.SegmentSequence, CLASSES, strict=True):
        assert segment.SegmentLabel == each.name
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == each.code.value
        assert "CHANGED BY HAND: 2 edits in force" in segment.SegmentDescription
        (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
        assert algorithm.AlgorithmName == "Tissue net"
        assert algorithm.AlgorithmVersion == "1f" * 32
        assert f"edits_hash=sha256:{'2e' * 32}" in algorithm.AlgorithmParameters
        assert f"fingerprint={MAKER.fingerprint}" in algorithm.AlgorithmParameters
    types = [s.SegmentedPropertyTypeCodeSequence[0] for s in seg.SegmentSequence]
    assert (types[0].CodeValue, types[0].CodingSchemeDesignator) == ("65216001", "SCT")
    assert (types[2].CodingSchemeDesignator, types[2].CodeMeaning) == ("99UNETSCOPE", "Zorgblax")
    uids = {item.ReferencedSOPInstanceUID for item in seg.SourceImageSequence}
    assert uids == {f"1.2.3.4.{index + 1}" for index in range(SHAPE[0])}


def test_a_fractional_one_holds_probabilities(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    random = np.random.default_rng(0)
    probabilities = random.random((*SHAPE, len(CLASSES)), np.float32)
    path = tmp_path / "mask.dcm"
    write(series, path, probabilities=probabilities)
    seg = highdicom.seg.segread(path)
    assert seg.SegmentationType == "FRACTIONAL"
    volume = seg.get_volume(combine_segments=False, rescale_fractional=True)
    upside_down = np.linalg.inv(series.affine) @ volume.affine  # highdicom has its own order
    assert np.allclose(upside_down, np.diag([-1, 1, 1, 1]) + 5 * np.eye(4, k=3), atol=1e-6)
    assert np.abs(volume.array[::-1] - probabilities).max() <= 0.5 / 255 + 1e-6


def test_one_slice_and_some_classes(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    path = tmp_path / "mask.dcm"
    write(series, path, slices=(3,), classes=CLASSES[:1])
    labels = np.where(mask() == SEGMENTS[0], 1, 0).astype(np.uint8)
    labels[[index for index in range(SHAPE[0]) if index != 3]] = 0
    assert near(in_patient(series, labels), read_by_highdicom(path))


def test_a_mask_of_nothing_is_written_and_said(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    written = write(series, tmp_path / "mask.dcm", labels=np.zeros(SHAPE, np.uint8))
    assert written.notes == ("No voxel is of any class.",)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
@pytest.mark.parametrize("deidentified", [True, False])
def test_dciodvfy_finds_no_error(tmp_path: Path, *, deidentified: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd header is what is wanted
        series = save_slices(tmp_path / "study", PatientSex="odd", StudyDate="99999999")
    path = tmp_path / "mask.dcm"
    write(series, path, deidentified=deidentified)
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    said = done.stderr + done.stdout
    assert "Segmentation" in said
    assert [line for line in said.splitlines() if line.startswith("Error")] == []


# ------------------------------------------------------------------------ refused


def refused(series: Series) -> str:
    reason = obstacle(series, Format.SEG)
    assert reason is not None
    assert obstacle(series, Format.NIFTI) is None
    assert len(str(reason)) <= 300
    return str(reason)


def test_what_has_no_place_in_dicom_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert "do not name the space" in refused(
        save_slices(tmp_path / "no space", FrameOfReferenceUID=None)
    )
    save_nifti(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16), np.eye(4))
    assert "does not come from any" in refused(series_of(tmp_path / "a.nii"))
    save_slices(tmp_path / "gap")
    series_of(tmp_path / "gap").path(2).unlink()
    assert "geometry of this series is unsure" in refused(series_of(tmp_path / "gap"))
    for number, dataset in enumerate(
        mr_stack(3, FrameOfReferenceUID="1.2")
        + mr_stack(3, FrameOfReferenceUID="1.2", PatientID="P2", PatientName="OTHER^ONE")
    ):
        save(dataset, tmp_path / "two" / f"{number}.dcm")
    for series in open_study(tmp_path / "two").series:
        assert "more than one patient" in refused(series)
    assert "no UID of their own" in refused(save_slices(tmp_path / "no uid", SOPInstanceUID=None))


def test_changed_files_are_refused(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    save(mr_slice(4.0, SOPInstanceUID="1.2.77"), series.path(3))
    with pytest.raises(StudyError, match="has changed since it was opened"):
        write(series, tmp_path / "mask.dcm")
    assert not (tmp_path / "mask.dcm").exists()
    series.path(3).unlink()
    with pytest.raises(StudyError, match="no longer there"):
        write(series, tmp_path / "mask.dcm")


def test_what_does_not_read_back_equal_is_not_kept(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    path = tmp_path / "out" / "mask.dcm"
    path.parent.mkdir()
    path.write_bytes(b"what stood there")
    other = make_here
    wanted = order(series, path)

    def flawed(task: object, cancelled: object) -> bytes:
        content = bytearray(other(task, lambda: False))  # type: ignore[arg-type]
        content[-3] ^= 1
        return bytes(content)

    with pytest.raises(UnetscopeError, match="did not hold the mask"):
        write_seg(wanted, Deidentifier(), make=flawed)
    assert path.read_bytes() == b"what stood there"
    assert list(path.parent.iterdir()) == [path]


def test_it_is_made_in_a_process_of_its_own_and_can_be_cancelled(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    path = tmp_path / "mask.dcm"
    with pytest.raises(Cancelled):
        write_seg(order(series, path), Deidentifier(), lambda: True, make_apart)
    assert not path.exists()
    write_seg(order(series, path), Deidentifier(), make=make_apart)
    assert near(in_patient(series, expected()), read_by_highdicom(path))


@pytest.mark.parametrize(
    ("charset", "name"),
    [("ISO_IR 100", "Müller^Jörg"), ("ISO_IR 144", "Люкceмбypг"), ("ISO_IR 192", "山田^太郎")],
)
def test_a_name_in_any_letters_is_kept_where_identity_is(
    tmp_path: Path, charset: str, name: str
) -> None:
    series = save_slices(tmp_path / "study", SpecificCharacterSet=charset, PatientName=name)
    path = tmp_path / "mask.dcm"
    wanted = order(series, path, deidentified=False)
    write_seg(wanted, None, make=make_here)
    assert str(pydicom.dcmread(path).PatientName) == name
