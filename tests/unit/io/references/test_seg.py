"""DICOM segmentations read back by geometry, and compared with what other programs read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import highdicom as hd
import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)
from tests.unit.io.builders import save_nifti
from tests.unit.io.references.mask_files import (
    ORIENTATIONS,
    SHAPE,
    blobs,
    series_of,
    shuffle_frames,
    source_images,
    without_lengths,
    write_seg,
)

from unetscope.domain.errors import StudyError
from unetscope.domain.reference import OtherPatientError, Reference
from unetscope.io.references.reading import is_reference, read_reference
from unetscope.io.series import Series

KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")
EACH = ((1, (1,)), (2, (2,)))


def labels_in_file_order(series: Series, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels of the images as they were given, for the slices as the series has sorted them."""
    order = [int(series.raw(index)[0, 0]) for index in range(len(series))]
    return labels[order]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("flipped", [False, True])
def test_every_voxel_comes_back_whatever_the_orientation_and_the_order(
    tmp_path: Path, kind: str, orientation: str, flipped: bool
) -> None:
    places = [-2.5 * n if flipped else 2.5 * n for n in range(SHAPE[0])]
    images = source_images(ORIENTATIONS[orientation], spacing=(2.5, 0.75, 1.25), places=places)
    labels = blobs(seed=len(orientation) + flipped)
    path = write_seg(tmp_path / "seg.dcm", images, labels, kind, shuffle=3)
    series = series_of(images, tmp_path / "series")

    reference = read_reference(path, series)

    assert reference.kind == "DICOM SEG"
    assert [(s.number, s.name) for s in reference.segments] == [(1, "Liver"), (2, "Spleen")]
    assert np.array_equal(reference.labels(EACH), labels_in_file_order(series, labels))
    assert np.array_equal(reference.mask(2), labels_in_file_order(series, labels) == 2)
    assert not [note for note in reference.notes if "fractions" not in note]


@pytest.mark.parametrize(
    ("kind", "syntax"),
    [
        ("BINARY", DeflatedExplicitVRLittleEndian),
        ("FRACTIONAL", RLELossless),
        ("FRACTIONAL", JPEG2000Lossless),
        ("LABELMAP", RLELossless),
    ],
)
def test_packed_files_are_unpacked(tmp_path: Path, kind: str, syntax: str) -> None:
    shape = (3, 34, 33)  # JPEG 2000 takes no less than 32
    images = source_images(shape=shape)
    labels = blobs(shape)
    if syntax == DeflatedExplicitVRLittleEndian:
        path = write_seg(tmp_path / "plain.dcm", images, labels, kind)
        plain = dcmread(path)
        plain.file_meta.TransferSyntaxUID = syntax
        path = tmp_path / "seg.dcm"
        plain.save_as(path)
    else:
        path = write_seg(tmp_path / "seg.dcm", images, labels, kind, transfer_syntax_uid=syntax)
    series = series_of(images, tmp_path / "series")
    assert np.array_equal(read_reference(path, series).labels(EACH), labels)


def test_overlapping_segments_both_keep_their_voxels(tmp_path: Path) -> None:
    images = source_images()
    masks = np.random.default_rng(1).integers(0, 2, (*SHAPE, 3)).astype(np.uint8)
    path = write_seg(tmp_path / "seg.dcm", images, masks, names=("A", "B", "C"), shuffle=5)
    reference = read_reference(path, series_of(images, tmp_path / "series"))
    for number in (1, 2, 3):
        assert np.array_equal(reference.mask(number), masks[..., number - 1])
    assert any("overlap" in note for note in reference.notes)


def test_fractions_count_from_one_half_on(tmp_path: Path) -> None:
    images = source_images()
    fractions = np.random.default_rng(2).random(SHAPE).astype(np.float32)
    fractions[0, 0, :3] = (0.0, 1.0, 0.25)
    path = write_seg(
        tmp_path / "seg.dcm", images, fractions, "FRACTIONAL", ("A",), max_fractional_value=200
    )
    reference = read_reference(path, series_of(images, tmp_path / "series"))
    clear = np.abs(fractions - 0.5) > 1 / 200  # what is stored is rounded
    assert np.array_equal(reference.mask(1)[clear], fractions[clear] >= 0.5)
    assert any("one half" in note for note in reference.notes)


def test_frames_of_empty_slices_may_be_left_out(tmp_path: Path) -> None:
    images = source_images()
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2:4, 3:5] = 1
    labels[4, 1:7, 1:7] = 1
    labels[4, 5, 5] = 2
    path = write_seg(tmp_path / "seg.dcm", images, labels)
    assert dcmread(path).NumberOfFrames == 3
    reference = read_reference(path, series_of(images, tmp_path / "series"))
    assert np.array_equal(reference.labels(EACH), labels)
    assert reference.notes == ()


def test_a_series_with_a_gap_takes_each_slice_at_its_own_place(tmp_path: Path) -> None:
    places = (0.0, 3.0, 6.0, 14.5, 17.5, 20.5)
    images = source_images(places=places)
    labels = blobs()
    path = write_seg(tmp_path / "seg.dcm", images, labels)
    series = series_of(images, tmp_path / "series")
    assert not series.geometry_sure
    reference = read_reference(path, series)
    assert np.array_equal(reference.labels(EACH), labels)
    assert any("unsure" in note for note in reference.notes)


def test_a_sheared_series_has_each_slice_where_it_is(tmp_path: Path) -> None:
    """As a tilted gantry makes it: slices drift along their columns."""
    images = source_images(ORIENTATIONS["coronal"])
    for number, image in enumerate(images):
        x, y, z = image.ImagePositionPatient
        image.ImagePositionPatient = [x, y, z - 1.6 * number]
    labels = blobs()
    path = write_seg(tmp_path / "seg.dcm", images, labels, shuffle=1)
    series = series_of(images, tmp_path / "series")
    assert any("sheared" in warning for warning in series.warnings)
    reference = read_reference(path, series)
    assert np.array_equal(reference.labels(EACH), labels_in_file_order(series, labels))


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("lengths", [False, True])
def test_however_its_sequences_are_written(tmp_path: Path, implicit: bool, lengths: bool) -> None:
    images = source_images()
    path = write_seg(tmp_path / "seg.dcm", images, blobs())
    dataset = dcmread(path)
    if not lengths:
        without_lengths(dataset)
    dataset.add_new(0x60005000, "OW", b"\0\0")  # between the frames and their pixels
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(path, implicit_vr=implicit, little_endian=True)
    reference = read_reference(path, series_of(images, tmp_path / "series"))
    assert np.array_equal(reference.labels(EACH), blobs())


def test_a_coarser_segmentation_gives_the_nearest_voxel_and_says_so(tmp_path: Path) -> None:
    coarse = source_images(shape=(3, 4, 5), spacing=(6.0, 2.0, 2.0))
    labels = blobs((3, 4, 5))
    path = write_seg(tmp_path / "seg.dcm", coarse, labels)
    fine = source_images(shape=(6, 8, 10), spacing=(3.0, 1.0, 1.0))
    series = series_of(fine, tmp_path / "series")
    reference = read_reference(path, series)
    z, y, x = np.indices(series.shape)  # both grids begin at the same voxel centre
    near = [np.ceil(axis / 2 - 0.5).astype(int) for axis in (z, y, x)]
    expected = labels[tuple(np.minimum(a, n - 1) for a, n in zip(near, labels.shape, strict=True))]
    middle = reference.labels(EACH)[:-1, :-1, :-1]  # the last ones lie half a voxel outside
    assert np.array_equal(middle, expected[:-1, :-1, :-1])
    assert any("coarser" in note and "6 × 2 × 2 mm" in note for note in reference.notes)


def test_what_lies_outside_the_series_is_said(tmp_path: Path) -> None:
    images = source_images()
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, 2:4, 2:4] = 1
    path = write_seg(tmp_path / "seg.dcm", images, labels, names=("A",))
    series = series_of(images[:3], tmp_path / "series")
    reference = read_reference(path, series)
    assert reference.voxels(1) == 3 * 4
    assert any("50 % of its voxels lie outside" in note for note in reference.notes)
    far = source_images(places=[500.0 + 3 * n for n in range(SHAPE[0])])
    with pytest.raises(StudyError, match=r"Nothing in seg\.dcm lies where the series is"):
        read_reference(path, series_of(far, tmp_path / "far"))


def test_another_patient_is_refused_unless_wanted(tmp_path: Path) -> None:
    images = source_images()
    path = write_seg(tmp_path / "seg.dcm", images, blobs())
    series = series_of(source_images(PatientID="P2", PatientName="B^C"), tmp_path / "series")
    with pytest.raises(OtherPatientError, match="another patient") as caught:
        read_reference(path, series)
    assert "P1" not in str(caught.value)
    assert "PHANTOM" not in str(caught.value)
    reference = read_reference(path, series, other_patient=True)
    assert np.array_equal(reference.labels(EACH), blobs())
    assert any("another patient" in note for note in reference.notes)


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"StudyInstanceUID": "1.2.77"}, "another study"),
        ({"SeriesInstanceUID": "1.2.3.77"}, "another series"),
        ({"FrameOfReferenceUID": "1.2.3.78"}, "another frame of reference"),
    ],
)
def test_what_it_was_made_for_is_compared(
    tmp_path: Path, elements: dict[str, Any], said: str
) -> None:
    path = write_seg(tmp_path / "seg.dcm", source_images(), blobs())
    series = series_of(source_images(**elements), tmp_path / "series")
    reference = read_reference(path, series)
    assert [note for note in reference.notes if said in note]
    assert np.array_equal(reference.labels(EACH), blobs())


def test_names_colours_and_codes_are_those_of_the_file(tmp_path: Path) -> None:
    images = source_images()
    path = write_seg(tmp_path / "seg.dcm", images, blobs())
    dataset = dcmread(path)
    shades = {"#ff8000": (255, 128, 0), "#3d8fd1": (61, 143, 209)}
    for item, rgb in zip(dataset.SegmentSequence, shades.values(), strict=True):
        item.RecommendedDisplayCIELabValue = list(hd.color.CIELabColor.from_rgb(*rgb).value)
    old = dataset.SegmentSequence[1].SegmentedPropertyTypeCodeSequence[0]
    old.CodeValue, old.CodingSchemeDesignator, old.CodeMeaning = "T-C3000", "SRT", "Spleen"
    dataset.save_as(path)
    reference = read_reference(path, series_of(images, tmp_path / "series"))
    for found, wanted in zip(reference.segments, shades.values(), strict=True):
        assert found.colour is not None
        shown = [int(found.colour[n : n + 2], 16) for n in (1, 3, 5)]
        assert np.abs(np.subtract(shown, wanted)).max() <= 2  # of 256: two roundings apart
    assert [s.code.value for s in reference.segments if s.code] == ["10200004", "78961009"]


def test_it_knows_a_segmentation_from_an_image(tmp_path: Path) -> None:
    images = source_images()
    path = write_seg(tmp_path / "seg.dcm", images, blobs())
    series_of(images, tmp_path / "series")
    assert is_reference(path)
    assert not is_reference(tmp_path / "series" / "000.dcm")
    assert not is_reference(tmp_path / "nothing.dcm")
    with pytest.raises(StudyError, match="neither a segmentation nor a structure set"):
        read_reference(tmp_path / "series" / "000.dcm", series_of(images, tmp_path / "series"))


@pytest.mark.parametrize("orientation", ["axial", "sagittal", "oblique"])
def test_dcmqi_reads_the_same_voxels_at_the_same_places(tmp_path: Path, orientation: str) -> None:
    images = source_images(ORIENTATIONS[orientation], spacing=(2.5, 0.75, 1.25))
    path = write_seg(tmp_path / "seg.dcm", images, blobs(), shuffle=7)
    series = series_of(images, tmp_path / "series")
    out = tmp_path / "out"
    out.mkdir()
    tool = Path(sys.executable).with_name("segimage2itkimage")
    subprocess.run(
        [tool, "--inputDICOM", path, "--outputDirectory", out, "--outputType", "nifti"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    meta = json.loads(next(out.glob("*.json")).read_text())
    assert len(meta["segmentAttributes"]) == 2
    reference = read_reference(path, series)
    for number in (1, 2):
        image = nib.load(next(out.glob(f"*{number}.nii.gz")))
        ijk = np.argwhere(np.asarray(image.dataobj) > 0)
        ras = apply_affine(image.affine, ijk)
        into = np.linalg.inv(series.affine)
        index = apply_affine(into, ras * (-1, -1, 1))
        theirs = np.zeros(series.shape, bool)
        theirs[tuple(np.rint(index).astype(int).T)] = True
        assert np.abs(index - np.rint(index)).max() < 1e-3
        assert np.array_equal(reference.mask(number), theirs)


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_what_dcmqi_writes_is_read(tmp_path: Path, kind: str) -> None:
    images = source_images(ORIENTATIONS["oblique"], spacing=(2.5, 0.75, 1.25))
    series = series_of(images, tmp_path / "series")
    labels = blobs()
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ series.affine[:, [2, 1, 0, 3]]
    nifti = save_nifti(tmp_path / "labels.nii.gz", labels.transpose(2, 1, 0), affine)
    meta = {
        "ContentCreatorName": "None",
        "ClinicalTrialSeriesID": "1",
        "ClinicalTrialTimePointID": "1",
        "SeriesDescription": "Segmentation",
        "SeriesNumber": "300",
        "InstanceNumber": "1",
        "segmentAttributes": [
            [
                {
                    "labelID": number,
                    "SegmentLabel": name,
                    "SegmentDescription": name,
                    "SegmentAlgorithmType": "MANUAL",
                    "recommendedDisplayRGBValue": [222, 15 * number, 101],
                    "SegmentedPropertyCategoryCodeSequence": coded("123037004", "Structure"),
                    "SegmentedPropertyTypeCodeSequence": coded(value, name),
                }
                for number, name, value in ((1, "Liver", "10200004"), (2, "Spleen", "78961009"))
            ]
        ],
    }
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    out = tmp_path / "seg.dcm"
    tool = Path(sys.executable).with_name("itkimage2segimage")
    subprocess.run(
        [
            *(tool, "--inputImageList", nifti, "--inputDICOMDirectory", tmp_path / "series"),
            *("--inputMetadata", tmp_path / "meta.json", "--outputDICOM", out),
            *("--segmentationType", kind, "--skip", "1"),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    reference = read_reference(out, series)
    assert np.array_equal(reference.labels(EACH), labels)
    assert [(s.name, s.code and s.code.value) for s in reference.segments] == [
        ("Liver", "10200004"),
        ("Spleen", "78961009"),
    ]
    for found in reference.segments:
        assert found.colour is not None
        shown = [int(found.colour[n : n + 2], 16) for n in (1, 3, 5)]
        assert np.abs(np.subtract(shown, (222, 15 * found.number, 101))).max() <= 3


def coded(value: str, meaning: str) -> dict[str, str]:
    return {"CodeValue": value, "CodingSchemeDesignator": "SCT", "CodeMeaning": meaning}


def test_cutting_across_the_slices_of_another_series(tmp_path: Path) -> None:
    """A segmentation of axial slices on a coronal series of the same person."""
    shape = (8, 8, 8)
    axial = source_images(ORIENTATIONS["axial"], shape, (1.0, 1.0, 1.0))
    labels = blobs(shape)
    path = write_seg(tmp_path / "seg.dcm", axial, labels)
    across = source_images(ORIENTATIONS["coronal"], shape, (1.0, 1.0, 1.0))
    for number, image in enumerate(across):
        image.ImagePositionPatient = [-30.0, 20.0 + number, 17.0]
    series = series_of(across, tmp_path / "series")
    assert np.allclose(series.affine[:3, 3], (-30, 27, 17)) or np.allclose(
        series.affine[:3, 3], (-30, 20, 17)
    )
    found = read_reference(path, series).labels(EACH)
    for index in np.ndindex(shape):
        x, y, z = (series.affine @ (*index, 1))[:3]
        assert found[index] == labels[round(z - 10), round(y - 20), round(x + 30)]


def test_a_thousand_frames_are_read_in_any_order(tmp_path: Path) -> None:
    shape = (50, 16, 16)
    images = source_images(shape=shape, spacing=(1.0, 1.0, 1.0))
    masks = np.random.default_rng(3).integers(0, 2, (*shape, 20)).astype(np.uint8)
    names = tuple(f"S{n}" for n in range(20))
    path = write_seg(tmp_path / "seg.dcm", images, masks, names=names)
    dataset = dcmread(path)
    shuffle_frames(dataset, 11)
    dataset.save_as(path)
    reference = read_reference(path, series_of(images, tmp_path / "series"))
    assert isinstance(reference, Reference)
    for number in range(1, 21):
        assert np.array_equal(reference.mask(number), masks[..., number - 1])
