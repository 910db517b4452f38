"""What a path gives: a study, a list of what was left out, or a sentence one can act on."""

from __future__ import annotations

import gc
import logging
import os
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pydicom
import pytest
from pydicom import DataElement, Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, RTPlanStorage
from tests.unit.io.builders import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT,
    mr_slice,
    mr_stack,
    save,
    save_nifti,
    save_stack,
)

from unetscope.domain.errors import Cancelled, StudyError, UnetscopeError
from unetscope.io import dicom
from unetscope.io.notices import noticing
from unetscope.io.study import open_study

PYDICOM_FILES = sorted(
    p for p in (Path(pydicom.__file__).parent / "data").rglob("*") if p.is_file()
)


def message(path: Path) -> str:
    with pytest.raises(StudyError) as caught:
        open_study(path)
    text = str(caught.value)
    assert text.count(". ") <= 1, "at most two sentences"
    assert path.name in text
    assert str(path.parent) not in text
    return text


def test_a_missing_path_says_so(tmp_path: Path) -> None:
    assert "does not exist" in message(tmp_path / "gone")
    with pytest.raises(StudyError):
        open_study(tmp_path / ("x" * 4000))
    with pytest.raises(StudyError):
        open_study("a\0b")


def test_a_text_file_called_dcm_is_not_dicom(tmp_path: Path) -> None:
    notes = tmp_path / "notes.dcm"
    notes.write_text("These are my notes. " * 20)
    assert message(notes).startswith("notes.dcm is not a DICOM file. ")


@pytest.mark.parametrize("content", [b"", b"D", b"\0" * 128 + b"DICM", b"\x08\0" * 200])
def test_scraps_are_refused(tmp_path: Path, content: bytes) -> None:
    scrap = tmp_path / "scrap.dcm"
    scrap.write_bytes(content)
    message(scrap)


def test_a_folder_without_images_says_how_many_files_were_skipped(tmp_path: Path) -> None:
    assert "No images in empty." in message_for_folder(tmp_path / "empty", [])
    assert "2 files were skipped" in message_for_folder(tmp_path / "texts", ["a.txt", "b.dcm"])


def message_for_folder(folder: Path, names: list[str]) -> str:
    folder.mkdir()
    for name in names:
        (folder / name).write_text("no image")
    return message(folder)


def test_what_cannot_be_read_is_listed_and_the_rest_opens(tmp_path: Path) -> None:
    save_stack(tmp_path / "deep" / "er", mr_stack(3))
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / ".hidden").mkdir()
    whole = save(mr_slice(), tmp_path / "cut.dcm")
    whole.write_bytes(whole.read_bytes()[:-7])
    rgb = mr_slice(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    save(rgb, tmp_path / "rgb.dcm")

    study = open_study(tmp_path)

    assert len(study.series) == 1
    assert len(study.series[0]) == 3
    reasons = {skipped.path.name: skipped.reason for skipped in study.skipped}
    assert reasons == {
        "readme.txt": "not a DICOM file",
        ".hidden": "a hidden folder",
        "cut.dcm": "cut short",
        "rgb.dcm": "cut short",
    }
    expected = {skipped.path.name for skipped in study.skipped if skipped.expected}
    assert expected == {"readme.txt", ".hidden"}
    assert [skipped.expected for skipped in study.skipped] == [False, False, True, True]


def test_a_study_says_who_when_and_what(tmp_path: Path) -> None:
    study = open_study(save(mr_slice(), tmp_path / "one.dcm"))
    series = study.series[0]
    assert (study.description, study.date) == ("Phantom", "20260102")
    assert (study.patient.name, study.patient.identity) == ("TEST^PHANTOM", "P1")
    assert series.patient == study.patient
    assert (series.description, series.modality, series.date) == ("T1", "MR", "20260102")
    assert (series.uid, series.study_uid) == ("1.2.3.4", "1.2.3")
    assert "PHANTOM" not in repr(study)


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_every_uncompressed_syntax_gives_the_same_native_values(
    tmp_path: Path, syntax: str
) -> None:
    pixels = np.arange(-10, 10, dtype=np.int16).reshape(4, 5)
    dataset = mr_slice(pixels=pixels)
    if syntax == BIG_ENDIAN:
        dataset.PixelData = pixels.astype(">i2").tobytes()
    series = open_study(save(dataset, tmp_path / "one.dcm", syntax)).series[0]
    assert np.array_equal(series.raw(0), pixels)
    assert series.raw(0).dtype.isnative
    assert np.array_equal(series.slice(0), pixels.astype(np.float32))


def test_a_deflated_bomb_is_refused(tmp_path: Path) -> None:
    bomb = mr_slice(0, np.zeros((4000, 4000), np.int16), NumberOfFrames=10)
    bomb.PixelData = bytes(320_000_000)
    assert "256 MB" in message(save(bomb, tmp_path / "bomb.dcm", DEFLATED))


def test_a_deflated_file_is_inflated_once_for_all_its_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    path = save(mr_slice(0, frames, NumberOfFrames=3), tmp_path / "a.dcm", DEFLATED)
    series = open_study(path).series[0]
    times: list[Path] = []
    inflate = dicom._inflate

    def counting(path: Path, stream: BinaryIO, size: int, start: int) -> bytes:
        times.append(path)
        return inflate(path, stream, size, start)

    monkeypatch.setattr(dicom, "_inflate", counting)
    assert np.array_equal(series.volume(), frames)
    assert times == [], "it was inflated for its header"
    other = save(mr_slice(0, frames + 1, NumberOfFrames=3), tmp_path / "b.dcm", DEFLATED)
    assert np.array_equal(open_study(other).series[0].raw(1), frames[1] + 1)
    assert times == [other]
    path.write_bytes(other.read_bytes())
    assert np.array_equal(open_study(path).series[0].raw(2), frames[2] + 1)
    assert times == [other, path]


def test_a_file_without_preamble_opens_only_when_it_is_an_image(tmp_path: Path) -> None:
    bare = save(mr_slice(), tmp_path / "bare", IMPLICIT, with_meta=False)
    assert np.array_equal(open_study(bare).series[0].raw(0).ravel(), np.arange(20))
    rowless = save(mr_slice(Rows=None), tmp_path / "rowless", IMPLICIT, with_meta=False)
    assert "without the size of its image" in message(rowless)
    kind = mr_slice(Rows=None, PixelData=None, Modality=None, SOPClassUID=RTPlanStorage)
    plan = save(kind, tmp_path / "plan", IMPLICIT, with_meta=False)
    assert "a DICOM object without an image (RT Plan Storage)" in message(plan)
    nameless = save(mr_slice(SOPClassUID=None), tmp_path / "nameless", with_meta=False)
    assert "does not say of what kind it is" in message(nameless)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.dcm", b"", "a.dcm is empty."),
        ("a.dcm.gz", b"\x1f\x8b\x08" + bytes(200), "is a gzip file. Unpack it first."),
        ("a.rar", b"Rar!" + bytes(200), "is a RAR file. Unpack it first."),
        ("a.txt", b"\x1f\x8b\x08" + bytes(200), "is not a DICOM file."),
        ("a", b"\x08\0\x05\0CS\2\0IS", "is not a DICOM file."),
    ],
)
def test_what_is_no_dicom_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in message(path)


def test_what_nobody_takes_for_a_slice_is_told_apart(tmp_path: Path) -> None:
    save(mr_slice(), tmp_path / "IM1")
    expected = ["Thumbs.db", ".DS_Store", "README", "viewer.exe", "AUTORUN.INF", "t1.json"]
    unexpected = ["IM2", "IM3.dcm", "a.b", "series.v2"]
    for name in (*expected, *unexpected):
        (tmp_path / name).write_bytes(b"something else")
    save_nifti(tmp_path / "t1.img", np.zeros((3, 4, 5), np.int16), np.eye(4))
    dicomdir(tmp_path, [])
    save(mr_slice(PixelData=None, Rows=None, Columns=None), tmp_path / "report.txt")
    study = open_study(tmp_path)
    assert len(study.series) == 2
    told = {skipped.path.name: skipped.expected for skipped in study.skipped}
    assert told == {
        **dict.fromkeys((*expected, "DICOMDIR", "t1.img"), True),
        **dict.fromkeys((*unexpected, "report.txt"), False),
    }
    assert sorted(told, key=told.__getitem__) == list(told), "they are at the end"


def test_files_in_a_zip_are_named_by_their_place_in_it(tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    slice_ = save(mr_slice(), tmp_path / "slice").read_bytes()
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr("disc/a", slice_)
        pack.writestr("disc/b", slice_)
        pack.writestr("disc/cut", slice_[:-7])
        pack.writestr("disc/.hidden/c", b"")
    skipped = {one.path: one.reason for one in open_study(path).skipped}
    assert skipped == {
        path / "disc/b": "a duplicate of a",
        path / "disc/cut": "cut short",
        path / "disc/.hidden": "a hidden folder",
    }


def test_nothing_that_pydicom_remarks_reaches_a_terminal(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (odd,) = [path for path in PYDICOM_FILES if path.name == "badVR.dcm"]
    series = open_study(odd).series[0]
    series.slice(0)
    series.tags(0)
    assert series.notices
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    with noticing([]):
        pass
    logging.getLogger("pydicom").warning("of others")
    assert [record.message for record in caplog.records] == ["of others"]


def test_an_unknown_transfer_syntax_is_named(tmp_path: Path) -> None:
    path = save(mr_slice(), tmp_path / "one.dcm")
    raw = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0", 1)
    path.write_bytes(raw)
    assert "cannot decode" in message(path)


def test_progress_counts_to_the_end_and_cancel_stops(tmp_path: Path) -> None:
    save_stack(tmp_path, mr_stack(4))
    steps: list[tuple[int, int]] = []
    open_study(tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(n, 4) for n in range(5)]
    with pytest.raises(Cancelled):
        open_study(tmp_path, cancelled=lambda: True)


def test_several_visits_in_a_folder_stay_apart(tmp_path: Path) -> None:
    save_stack(tmp_path / "a", mr_stack(2))
    other = {"StudyInstanceUID": "9.9", "PatientID": "P2", "StudyDate": "20270101"}
    save_stack(tmp_path / "b", mr_stack(3, 2.0, **other))
    study = open_study(tmp_path)
    assert [len(series) for series in study.series] == [2, 3]
    assert len({series.uid for series in study.series}) == 2
    assert [info.patient.identity for info in study.studies] == ["P1", "P2"]


def test_a_zip_opens_and_its_folder_goes_with_the_last_series(tmp_path: Path) -> None:
    save_stack(tmp_path / "study", mr_stack(3))
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as pack:
        for file in (tmp_path / "study").iterdir():
            pack.write(file, f"some where/{file.name}")
    series = open_study(archive).series[0]
    gc.collect()
    folder = series.path(0).parent
    assert series.volume().shape == (3, 4, 5)
    assert folder.stat().st_mode & 0o077 == 0 or folder.parent.stat().st_mode & 0o077 == 0
    del series
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../evil.dcm", "/evil.dcm", "a/../../evil.dcm", "C:evil.dcm"])
def test_a_zip_that_reaches_outside_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as pack:
        pack.writestr(name, b"x")
    assert "outside its folder" in message(archive)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "study.zip"
    archive.write_bytes(b"PK\3\4" + bytes(300))
    assert "cannot be unpacked" in message(archive)


def dicomdir(folder: Path, references: list[list[str]]) -> Path:
    index = Dataset()
    index.DirectoryRecordSequence = []
    for parts in references:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record[0x00041500] = DataElement(  # a part of ".." is what pydicom would warn of
            0x00041500, "CS", parts, validation_mode=pydicom.config.IGNORE
        )
        index.DirectoryRecordSequence.append(record)
    index.file_meta = FileMetaDataset()
    index.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    index.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    index.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    index.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


def test_a_dicomdir_is_followed_where_its_files_are(tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    for number, dataset in enumerate(mr_stack(2)):
        save(dataset, tmp_path / "disc" / "images" / f"im{number}")
    save(mr_slice(), tmp_path / "secret")
    references = [["IMAGES", "IM0"], ["IMAGES", "IM1"], ["IMAGES", "IM2"], ["..", "SECRET"]]
    index = dicomdir(tmp_path / "disc", references)
    renamed = tmp_path / "disc" / "INDEX"
    renamed.write_bytes(index.read_bytes())
    for path in (index, renamed):
        study = open_study(path)
        assert [len(series) for series in study.series] == [2]
        assert sorted(skipped.reason for skipped in study.skipped) == [
            "a DICOMDIR that refers to a file outside its folder",
            "named in the DICOMDIR, but not there",
        ]


def test_nifti_and_dicom_open_side_by_side(tmp_path: Path) -> None:
    save_stack(tmp_path, mr_stack(2))
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        save_nifti(tmp_path / folder / "t1.nii", np.zeros((3, 4, 5), np.int16), np.eye(4))
    study = open_study(tmp_path)
    assert len({series.uid for series in study.series}) == 3


@pytest.mark.parametrize("path", PYDICOM_FILES, ids=lambda path: path.name)
def test_every_file_that_comes_with_pydicom_opens_or_is_explained(path: Path) -> None:
    problem = f"{path.name}."
    try:
        study = open_study(path)
        for series in study.series:
            volume = series.volume()
            assert volume.shape == series.shape
            assert volume.dtype == np.dtype("=f4")
            assert np.isfinite(series.affine).all()
    except UnetscopeError as error:
        problem = error.what
    assert path.name in problem
    assert problem.endswith(".")


def test_bit_flips_anywhere_in_a_file_raise_nothing_else(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    names = ["jp2klossless", "RLE", "jpeg_ls_lossless", "implicit", "bigendian"]
    files = {f"MR_small_{name}.dcm" for name in names} | {"image_dfl.dcm"}
    for whole in [path for path in PYDICOM_FILES if path.name in files]:
        content = np.frombuffer(whole.read_bytes(), np.uint8)
        for _ in range(40):
            broken = content.copy()
            where = random.integers(0, min(broken.size, 6000), size=5)
            broken[where] = random.integers(0, 256, size=5)
            path = tmp_path / "broken.dcm"
            path.write_bytes(broken.tobytes())
            try:
                for series in open_study(path).series:
                    series.volume()
            except UnetscopeError:
                pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_no_file_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    assert "is not a file" in message(tmp_path / "pipe.dcm")


def test_slices_of_two_frames_of_reference_are_two_series(tmp_path: Path) -> None:
    for number, dataset in enumerate(mr_stack(5)):
        dataset.FrameOfReferenceUID = f"1.2.{number // 3}"
        save(dataset, tmp_path / f"{number}.dcm")
    study = open_study(tmp_path)
    assert sorted(len(series) for series in study.series) == [2, 3]
    assert all("2 frames of reference" in series.warnings[0] for series in study.series)
    assert len({series.frame_of_reference for series in study.series}) == 2


def test_a_file_that_changed_since_it_was_opened_gives_no_picture(tmp_path: Path) -> None:
    path = save(mr_slice(), tmp_path / "one.dcm")
    series = open_study(path).series[0]
    path.write_bytes(path.read_bytes()[:-40] + bytes(60))
    with pytest.raises(StudyError, match="has changed since it was opened"):
        series.slice(0)
    path.unlink()
    with pytest.raises(StudyError, match="no longer there"):
        series.slice(0)
