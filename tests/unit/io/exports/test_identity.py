"""What tells who the patient is stays at home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import UID
from tests.unit.io.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    mr_slice,
    save,
    save_nifti,
)
from tests.unit.io.exports.builders import (
    SHAPE,
    order,
    save_enhanced,
    save_slices,
    series_of,
)
from tests.unit.io.exports.planted import Plants, found_in, plant, planted_study

from unetscope.domain.errors import Cancelled, StudyError, UnetscopeError
from unetscope.domain.export import Format
from unetscope.io.deidentification.cleaning import Deidentifier
from unetscope.io.deidentification.profile import Action, _table, action
from unetscope.io.exports.formats import concerns_of, copy_images, write_segmentation
from unetscope.io.exports.seg_process import make_here

ENDINGS = {
    Format.SEG: "mask.dcm",
    Format.SEG_LABELMAP: "labels.dcm",
    Format.NIFTI: "mask.nii.gz",
    Format.PNG: "pictures",
    Format.TIFF: "mask.tif",
    Format.CSV: "mask.csv",
}


@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # the study is odd on purpose
def test_no_planted_text_is_in_anything_that_is_exported(tmp_path: Path) -> None:
    series, plants = planted_study(tmp_path / "home")
    assert len(plants.planted) > 900
    assert len(found_in(tmp_path / "home", plants)) == len(plants.planted)
    out = tmp_path / "out"
    out.mkdir()
    for form, name in ENDINGS.items():
        images = out / "images" if form is Format.SEG else None
        written = write_segmentation(order(series, out / name, form, images=images), make=make_here)
        assert not [note for note in written.notes for text in plants.planted if text in note]
    copy_images(series, out / "copies")
    assert found_in(out, plants) == set()
    assert len(list((out / "images").iterdir())) == SHAPE[0]


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_the_copies_are_the_same_series_of_nobody(tmp_path: Path) -> None:
    series, _ = planted_study(tmp_path / "home")
    written = copy_images(series, tmp_path / "copies")
    assert written.files == SHAPE[0]
    copied = series_of(tmp_path / "copies")
    assert np.array_equal(copied.volume(), series.volume())
    assert np.allclose(copied.affine, series.affine)
    assert copied.geometry_sure
    assert copied.patient.name.startswith("ANON^")
    one = pydicom.dcmread(copied.path(0))
    assert one.PatientIdentityRemoved == "YES"
    assert one.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert one.LongitudinalTemporalInformationModified == "REMOVED"
    assert one.preamble == bytes(128)
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    assert "SourceApplicationEntityTitle" not in one.file_meta


def test_a_mask_and_the_images_written_with_it_belong_together(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    wanted = order(series, tmp_path / "mask.dcm", images=tmp_path / "images")
    written = write_segmentation(wanted, make=make_here)
    assert any("6 images it belongs to are in images" in note for note in written.notes)
    seg = pydicom.dcmread(tmp_path / "mask.dcm")
    images = [pydicom.dcmread(path) for path in (tmp_path / "images").iterdir()]
    referred = {item.ReferencedSOPInstanceUID for item in seg.SourceImageSequence}
    assert referred == {image.SOPInstanceUID for image in images}
    for keyword in ("StudyInstanceUID", "PatientID", "FrameOfReferenceUID"):
        assert {image[keyword].value for image in images} == {seg[keyword].value}
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == images[0].SeriesInstanceUID


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_copies_are_encoded_as_the_files_were(tmp_path: Path, syntax: str) -> None:
    for number in range(3):
        save(mr_slice(2.0 * number), tmp_path / "study" / f"{number}.dcm", syntax)
    series = series_of(tmp_path / "study")
    copy_images(series, tmp_path / "copies")
    copied = series_of(tmp_path / "copies")
    assert np.array_equal(copied.volume(), series.volume())
    assert pydicom.dcmread(copied.path(0)).file_meta.TransferSyntaxUID == UID(syntax)


def test_compressed_pixels_and_many_frames_stay_as_they_are(tmp_path: Path) -> None:
    source = str(get_testdata_file("MR_small_RLE.dcm"))
    series = series_of(Path(source))
    copy_images(series, tmp_path / "rle")
    copied = pydicom.dcmread(tmp_path / "rle" / "00001.dcm")
    whole = pydicom.dcmread(source)
    assert copied.PixelData == whole.PixelData
    assert copied.file_meta.TransferSyntaxUID == whole.file_meta.TransferSyntaxUID
    enhanced = save_enhanced(tmp_path / "enhanced")
    copy_images(enhanced, tmp_path / "frames")
    again = pydicom.dcmread(tmp_path / "frames" / "00001.dcm")
    assert len(again.PerFrameFunctionalGroupsSequence) == 2 * SHAPE[0]


def test_a_name_in_a_comment_of_compressed_pixels_is_found(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(str(get_testdata_file("SC_rgb_jpeg_gdcm.dcm")))
    dataset.PatientName, dataset.PatientID = "Quokka^Wombat", "4711-77"
    frame = dataset.PixelData[16:]  # after the offset table and the header of the only fragment
    assert frame[:2] == b"\xff\xd8"
    (tmp_path / "study").mkdir()
    for name, comment in (("kind", b"made by nobody"), ("named", b"taken of WOMBAT")):
        length = (len(comment) + 2).to_bytes(2, "big")
        dataset.PixelData = encapsulate([frame[:2] + b"\xff\xfe" + length + comment + frame[2:]])
        dataset.save_as(tmp_path / "study" / f"{name}.dcm")
    copy_images(series_of(tmp_path / "study" / "kind.dcm"), tmp_path / "kind")
    with pytest.raises(StudyError, match="Comments among the compressed pixels"):
        copy_images(series_of(tmp_path / "study" / "named.dcm"), tmp_path / "named")


def test_pixels_that_nobody_can_read_are_not_copied(tmp_path: Path) -> None:
    odd = Path(str(get_testdata_file("JPEG2000-embedded-sequence-delimiter.dcm")))
    series = series_of(odd)
    with pytest.raises(StudyError, match="cannot be decoded"):
        copy_images(series, tmp_path / "copies")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_copies_that_fail_or_are_cancelled(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    out = tmp_path / "out"
    out.mkdir()
    asked = iter((False, False, True))
    with pytest.raises(Cancelled):
        copy_images(series, out / "copies", cancelled=lambda: next(asked))
    assert list(out.iterdir()) == []
    (out / "copies").mkdir()
    with pytest.raises(UnetscopeError, match="There is a copies already"):
        copy_images(series, out / "copies")
    series.path(4).unlink()
    with pytest.raises(StudyError, match="no longer there"):
        copy_images(series, out / "others")
    assert [path.name for path in out.iterdir()] == ["copies"]
    save_nifti(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16), np.eye(4))
    with pytest.raises(StudyError, match="does not come from DICOM"):
        copy_images(series_of(tmp_path / "a.nii"), out / "others")


# ---------------------------------------------------------------------- the profile


def test_the_table_is_the_standards() -> None:
    assert len(_table()) == 652
    for keyword, what in (
        ("PatientName", Action.EMPTY),
        ("PatientID", Action.DUMMY),
        ("PatientComments", Action.REMOVE),
        ("SOPInstanceUID", Action.UID),
        ("ReferencedImageSequence", Action.UID),
        ("SeriesDate", Action.DUMMY),
        ("StudyDate", Action.EMPTY),
        ("Rows", Action.KEEP),
        ("SequenceName", Action.KEEP),
        ("PixelData", Action.KEEP),
        ("PositionReferenceIndicator", Action.EMPTY),
    ):
        assert action(Tag(keyword)) is what, keyword
    for tag in (0x50003000, 0x501E0022, 0x60003000, 0x601E4000, 0x00091001, 0x0008FFF1):
        assert action(Tag(tag)) is Action.REMOVE


def test_uids_are_others_the_same_within_one_export_and_not_in_another() -> None:
    one, other = Deidentifier(), Deidentifier()
    assert one.uid("1.2.3") == one.uid("1.2.3") != one.uid("1.2.4")
    assert one.uid("1.2.3") != other.uid("1.2.3")
    assert one.uid("1.2.840.10008.5.1.4.1.1.4") == "1.2.840.10008.5.1.4.1.1.4"
    assert UID(one.uid("1.2.3")).is_valid
    assert one.person("P1") == one.person("P1") != one.person("P2")


def test_a_header_nested_beyond_measure_is_cut(tmp_path: Path) -> None:
    dataset = mr_slice()
    item = dataset
    for _ in range(1500):
        deeper = Dataset()
        item.ReferencedImageSequence = [deeper]
        item = deeper
    item.ReferencedSOPInstanceUID = "1.2.3"
    cleaned = Deidentifier().cleaned(dataset)
    assert cleaned.PatientIdentityRemoved == "YES"


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_cleaned_header_cleaned_again_says_the_same() -> None:
    dataset = mr_slice()
    plant(dataset, Plants())
    once = Deidentifier(b"1").cleaned(dataset)
    again = Deidentifier(b"2").cleaned(once)
    assert set(once.keys()) == set(again.keys())


# ----------------------------------------------------------------- what no table takes out


def test_burned_in_text_and_faces_are_warned_of(tmp_path: Path) -> None:
    def said(name: str, **elements: Any) -> str:
        return " ".join(concerns_of(save_slices(tmp_path / name, **elements)))

    assert said("plain") == ""
    assert "burned into the pixels" in said("burned", BurnedInAnnotation="YES")
    capture = "1.2.840.10008.5.1.4.1.1.7"
    assert "a screen capture" in said("capture", SOPClassUID=capture)
    assert "show the face" in said("head", BodyPartExamined="HEAD")
    assert "show the face" in said("brain", SeriesDescription="t1 brain")
    assert said("coil", SeriesDescription="surface coil, facets", StudyDescription="spine") == ""
    assert said("knee", BodyPartExamined="KNEE", SeriesDescription="t1") == ""
    assert "can be recognised" in said("known", RecognizableVisualFeatures="YES")
    big = save_nifti(tmp_path / "big.nii", np.zeros((64, 64, 60), np.uint8), np.diag([3, 3, 3, 1]))
    assert "show the face" in " ".join(concerns_of(series_of(big)))
