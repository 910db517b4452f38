"""Masks that are damaged, hostile or of another kind: a sentence and a hint, and nothing else."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from tests.unit.io.builders import mr_slice, save, save_nifti
from tests.unit.io.references.mask_files import (
    SHAPE,
    blobs,
    on_slice,
    series_of,
    source_images,
    structure_set,
    write_seg,
)

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.io.references import placing
from unetscope.io.references.reading import is_reference, read_reference

NRRD = (
    "NRRD0004\ntype: {type}\ndimension: 3\nsizes: {sizes}\nencoding: {encoding}\n"
    "space: {space}\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n{more}\n"
)


class Given:
    """What a row of the table makes its file from."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "masks"
        self.images = source_images()
        self.series = series_of(self.images, folder / "series")

    def seg(self, change: Callable[[Dataset], object], kind: str = "BINARY") -> Path:
        """A segmentation with something wrong."""
        path = write_seg(self.path, self.images, blobs(), kind)
        dataset = dcmread(path)
        change(dataset)
        dataset.save_as(path)
        return path

    def rtstruct(self, change: Callable[[Dataset], object]) -> Path:
        """A structure set with something wrong."""
        there = on_slice(self.series, 2, np.array([(1, 1), (1, 6), (6, 6), (6, 1)], float))
        dataset = structure_set({"Box": [("CLOSED_PLANAR", there)]})
        change(dataset)
        return save(dataset, self.path)

    def nrrd(self, content: bytes = b"", **fields: str) -> Path:
        """An NRRD file with these fields."""
        said = {
            "type": "uint8",
            "sizes": "6 7 5",
            "encoding": "raw",
            "space": "LPS",
            "more": "",
            **fields,
        }
        self.path.write_bytes(NRRD.format(**said).encode() + content)
        return self.path

    def nifti(self, values: Any, affine: Any = None, name: str = "masks.nii") -> Path:
        """A NIfTI file of these values."""
        return save_nifti(
            self.path.with_name(name), values, np.eye(4) if affine is None else affine
        )

    def bytes(self, content: bytes, name: str = "masks") -> Path:
        """A file of these bytes."""
        path = self.path.with_name(name)
        path.write_bytes(content)
        return path


def nifti_header(shape: tuple[int, ...], dtype: Any = np.uint8) -> bytes:
    header = nib.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header["magic"] = b"n+1\0"
    header["vox_offset"] = 352
    return bytes(header.binaryblock) + b"\0\0\0\0"


def no_affine(path: Path) -> bytes:
    """A NIfTI file whose srow_x, srow_y and srow_z are 0."""
    content = path.read_bytes()
    return content[:280] + bytes(48) + content[328:]


def no_positions(dataset: Dataset) -> None:
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.PlanePositionSequence


def wide_labels(dataset: Dataset) -> None:
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.HighBit = 31
    dataset.PixelData = bytes(4 * SHAPE[1] * SHAPE[2] * int(dataset.NumberOfFrames))


def tilted_frame(dataset: Dataset) -> None:
    other = Dataset()
    other.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    dataset.PerFrameFunctionalGroupsSequence[3].PlaneOrientationSequence = [other]


def tiles(dataset: Dataset) -> None:
    for n, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        x, y, z = frame.PlanePositionSequence[0].ImagePositionPatient
        frame.PlanePositionSequence[0].ImagePositionPatient = [x + 20 * (n >= SHAPE[0]), y, z]


def corner(text: str) -> Callable[[Dataset], object]:
    def change(dataset: Dataset) -> None:
        contour = dataset.ROIContourSequence[0].ContourSequence[0]
        raw = text.encode() + b" " * (len(text) % 2)
        contour[0x30060050] = RawDataElement(Tag(0x30060050), "DS", len(raw), raw, 0, False, True)

    return change


TABLE: dict[str, tuple[Callable[[Given], Path], str]] = {
    "not there": (lambda g: g.path.with_name("gone.dcm"), "is not there"),
    "a folder": (lambda g: g.path.parent, "is not a file"),
    "empty": (lambda g: g.bytes(b""), "is empty"),
    "text": (lambda g: g.bytes(b"hello" * 50, "masks.txt"), "of another kind"),
    "an image": (
        lambda g: save(mr_slice(), g.path),
        "neither a segmentation nor a structure set",
    ),
    "seg: cut short": (
        lambda g: g.bytes(g.seg(lambda d: None).read_bytes()[:-200]),
        "cut short",
    ),
    "seg: cut in the header": (
        lambda g: g.bytes(g.seg(lambda d: None).read_bytes()[:1500]),
        "",
    ),
    "seg: no pixels": (lambda g: g.seg(lambda d: d.pop("PixelData")), "cut short"),
    "seg: no positions": (lambda g: g.seg(no_positions), "where its frames lie"),
    "seg: no orientation": (
        lambda g: g.seg(
            lambda d: d.SharedFunctionalGroupsSequence[0].pop("PlaneOrientationSequence")
        ),
        "where its frames lie",
    ),
    "seg: a frame across": (lambda g: g.seg(tilted_frame), "not parallel"),
    "seg: tiles": (lambda g: g.seg(tiles), "tiles of a picture"),
    "seg: of a slide": (
        lambda g: g.seg(lambda d: setattr(d, "DimensionOrganizationType", "TILED_FULL")),
        "microscope slide",
    ),
    "seg: of no kind": (
        lambda g: g.seg(lambda d: setattr(d, "SegmentationType", "")),
        "what its values mean",
    ),
    "seg: no segments": (
        lambda g: g.seg(lambda d: setattr(d, "SegmentSequence", [])),
        "0 segments",
    ),
    "seg: two of one number": (
        lambda g: g.seg(lambda d: setattr(d.SegmentSequence[1], "SegmentNumber", 1)),
        "not numbered properly",
    ),
    "seg: an unknown segment": (
        lambda g: g.seg(lambda d: d.SegmentSequence.pop()),
        "not described",
    ),
    "seg: frames that are not described": (
        lambda g: g.seg(lambda d: d.PerFrameFunctionalGroupsSequence.pop()),
        "does not describe each of its frames",
    ),
    "seg: a million frames": (
        lambda g: g.seg(lambda d: setattr(d, "NumberOfFrames", 1_000_000)),
        "1000000 frames",
    ),
    "seg: no spacing": (
        lambda g: g.seg(
            lambda d: setattr(
                d.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0],
                "PixelSpacing",
                [0, 0],
            )
        ),
        "directions of its frames have no meaning",
    ),
    "seg: all empty": (
        lambda g: g.seg(lambda d: setattr(d, "PixelData", b"\0" * len(d.PixelData))),
        "all its segments are empty",
    ),
    "seg: labels of 32 bits": (
        lambda g: g.seg(wide_labels, "LABELMAP"),
        "whole numbers up to 65535",
    ),
    "rtstruct: no contours": (
        lambda g: g.rtstruct(lambda d: d.pop("ROIContourSequence")),
        "no closed contours",
    ),
    "rtstruct: no numbers": (lambda g: g.rtstruct(corner("a\\b\\c")), "no closed contours"),
    "rtstruct: infinite": (
        lambda g: g.rtstruct(corner("\\".join(["1e300", "nan", "inf"] * 4))),
        "no closed contours",
    ),
    "rtstruct: two numbers a corner": (
        lambda g: g.rtstruct(corner("1\\2\\3\\4")),
        "no closed contours",
    ),
    "rtstruct: elsewhere": (
        lambda g: g.rtstruct(corner("0\\0\\900\\9\\0\\900\\9\\9\\900")),
        "lies where the series is",
    ),
    "rtstruct: ten thousand sequences deep": (
        lambda g: g.bytes(deep_rtstruct(10_000)),
        "",
    ),
    "nifti: of colours": (
        lambda g: g.nifti(np.zeros((3, 3, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")])),
        "colours",
    ),
    "nifti: complex": (lambda g: g.nifti(np.zeros((3, 3, 3), np.complex64)), "complex"),
    "nifti: five axes": (
        lambda g: g.nifti(np.zeros((3, 3, 3, 2, 2), np.uint8)),
        "not a volume",
    ),
    "nifti: an image": (
        lambda g: g.nifti(np.linspace(-5, 9, 27).reshape(3, 3, 3)),
        "looks like an image",
    ),
    "nifti: nothing in it": (
        lambda g: g.nifti(np.zeros((3, 3, 3), np.uint8)),
        "all its voxels are 0",
    ),
    "nifti: volumes of several labels": (
        lambda g: g.nifti(np.full((3, 3, 3, 2), 5, np.uint8)),
        "not one structure each",
    ),
    "nifti: no affine": (
        lambda g: g.bytes(no_affine(g.nifti(np.ones((3, 3, 3), np.uint8))), "m.nii"),
        "no meaning",
    ),
    "nifti: cut short": (
        lambda g: g.bytes(nifti_header((30, 30, 30)) + b"\1" * 500, "m.nii"),
        "cut short",
    ),
    "nifti: packed and cut short": (
        lambda g: g.bytes(gzip.compress(nifti_header((30, 30, 30)) + b"\1" * 500), "m.nii.gz"),
        "cut short",
    ),
    "nifti: damaged packing": (
        lambda g: g.bytes(gzip.compress(nifti_header((9, 9, 9)) + bytes(729))[:-12], "m.nii.gz"),
        "",
    ),
    "nifti: claims a terabyte": (
        lambda g: g.bytes(
            gzip.compress(nifti_header((32000, 32000, 1000)) + bytes(10_000)), "m.nii.gz"
        ),
        "million voxels",
    ),
    "nifti: thirty thousand volumes": (
        lambda g: g.bytes(nifti_header((2, 2, 2, 30_000)) + bytes(240_000), "m.nii"),
        "makes no sense",
    ),
    "nrrd: cut in the header": (lambda g: g.bytes(b"NRRD0004\ntype: uint8\n"), "cut short"),
    "nrrd: cut short": (lambda g: g.nrrd(b"\1" * 10), "cut short"),
    "nrrd: packed and cut short": (
        lambda g: g.nrrd(gzip.compress(b"\1" * 10), encoding="gzip"),
        "cut short",
    ),
    "nrrd: not packed at all": (lambda g: g.nrrd(b"\1" * 300, encoding="gzip"), "damaged"),
    "nrrd: in words": (lambda g: g.nrrd(b"1 " * 210, encoding="ascii"), "encoded as “ascii”"),
    "nrrd: of blocks": (lambda g: g.nrrd(type="block"), "unknown type"),
    "nrrd: no byte order": (lambda g: g.nrrd(bytes(420), type="short"), "byte order"),
    "nrrd: two axes": (lambda g: g.nrrd(sizes="6 7"), "not a volume"),
    "nrrd: no size": (lambda g: g.nrrd(sizes="6 7 x"), "“sizes” is no number"),
    "nrrd: below zero": (lambda g: g.nrrd(sizes="6 -7 5"), "makes no sense"),
    "nrrd: claims a terabyte": (
        lambda g: g.nrrd(gzip.compress(bytes(10_000)), sizes="9999 9999 9999", encoding="gzip"),
        "million voxels",
    ),
    "nrrd: an endless size": (lambda g: g.nrrd(sizes="6 7 1e400"), "“sizes” is no number"),
    "nrrd: in no space": (lambda g: g.nrrd(b"\1" * 210, space="MNI"), "where its masks lie"),
    "nrrd: skips for ever": (
        lambda g: g.nrrd(b"\1" * 210, more="byte skip: 99999999999\n"),
        "skips more",
    ),
    "nrrd: a file elsewhere": (
        lambda g: g.nrrd(more="data file: ../../etc/passwd\n"),
        "another folder",
    ),
    "nrrd: no colon": (lambda g: g.nrrd(more="hello\n"), "header makes no sense"),
    "nrrd: ten thousand segments": (
        lambda g: g.nrrd(b"\1" * 210, more="".join(f"Segment{n}_Name:=a\n" for n in range(9999))),
        "9999 segments",
    ),
    "nrrd: a header without end": (
        lambda g: g.bytes(b"NRRD0004\n" + b"a: b\n" * 400_000),
        "cut short",
    ),
}


def deep_rtstruct(depth: int) -> bytes:
    """Undefined lengths, one in the other, which pydicom must follow to find the end."""
    begin = b"\x06\x30\x39\x00SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    class_uid = b"1.2.840.10008.5.1.4.1.1.481.3\0"
    head = b"\x08\0\x16\0UI" + len(class_uid).to_bytes(2, "little") + class_uid
    return bytes(128) + b"DICM" + _meta(class_uid) + head + begin * depth + end * depth


def _meta(class_uid: bytes) -> bytes:
    syntax = b"1.2.840.10008.1.2.1\0"
    own = (
        b"\x02\0\x02\0UI" + len(class_uid).to_bytes(2, "little") + class_uid
        + b"\x02\0\x10\0UI" + len(syntax).to_bytes(2, "little") + syntax
    )  # fmt: skip
    return b"\x02\0\0\0UL\x04\0" + len(own).to_bytes(4, "little") + own


@pytest.fixture
def given(tmp_path: Path) -> Given:
    return Given(tmp_path)


@pytest.mark.parametrize("row", TABLE)
def test_a_sentence_and_a_hint(given: Given, row: str) -> None:
    make, said = TABLE[row]
    path = make(given)
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(StudyError) as caught:
            read_reference(path, given.series)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said in caught.value.what
    assert caught.value.hint
    assert len(str(caught.value)) <= 300
    assert "PHANTOM" not in str(caught.value)
    assert path.name in caught.value.what
    assert time.process_time() - began < 10
    assert peak < 100 * 2**20
    assert is_reference(path) in (True, False)


@pytest.mark.parametrize("kind", ["seg", "labelmap", "rtstruct", "nifti", "nrrd"])
def test_any_damage_gives_masks_or_a_sentence(given: Given, kind: str) -> None:
    make: dict[str, Callable[[], Path]] = {
        "seg": lambda: given.seg(lambda d: None),
        "labelmap": lambda: given.seg(lambda d: None, "LABELMAP"),
        "rtstruct": lambda: given.rtstruct(lambda d: None),
        "nifti": lambda: given.nifti(blobs((9, 9, 9)), name="m.nii.gz"),
        "nrrd": lambda: given.nrrd(gzip.compress(blobs((5, 7, 6)).tobytes()), encoding="gzip"),
    }
    path = make[kind]()
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    hints = []
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(damaged), rng.integers(1, 6)):
            damaged[place] ^= 1 << int(rng.integers(8))
        if rng.random() < 0.3:
            del damaged[int(rng.integers(1, len(damaged))) :]
        path.write_bytes(damaged)
        is_reference(path)
        try:
            read_reference(path, given.series, other_patient=True)
        except StudyError as error:
            hints.append(error.hint)
    assert len(hints) > 5
    assert all(hints)


# --------------------------------------------------------------- the series


def test_a_series_that_says_nothing_of_its_place_is_named(given: Given, tmp_path: Path) -> None:
    path = given.seg(lambda d: None)
    for number, (lost, said) in enumerate(
        (
            ("ImagePositionPatient", "where its slices lie"),
            ("ImageOrientationPatient", "where its slices lie"),
            ("PixelSpacing", "how large its pixels are"),
        )
    ):
        images = source_images()
        for image in images:
            delattr(image, lost)
        series = series_of(images, tmp_path / f"lost{number}")
        with pytest.raises(StudyError, match=said) as caught:
            read_reference(path, series)
        assert caught.value.hint


def test_a_series_that_is_still_being_read_has_to_wait(given: Given) -> None:
    with pytest.raises(StudyError, match="still being read"):
        read_reference(given.seg(lambda d: None), given.series.in_part())


def test_structures_that_would_fill_the_memory(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few corners on each slice are little in a file, and all of it in memory."""
    monkeypatch.setattr(placing, "_MOST_BYTES", 1000)
    large = np.array([(-1, -1), (-1, 90), (90, 90), (90, -1)], float)
    everywhere = [("CLOSED_PLANAR", on_slice(given.series, n, large)) for n in range(SHAPE[0])]
    path = save(structure_set({f"S{n}": everywhere for n in range(20)}), given.path)
    with pytest.raises(StudyError, match="do not fit into memory"):
        read_reference(path, given.series)


@pytest.mark.parametrize("kind", ["seg", "rtstruct", "nifti", "nrrd"])
def test_it_stops_when_told_to(given: Given, kind: str) -> None:
    make: dict[str, Callable[[], Path]] = {
        "seg": lambda: given.seg(lambda d: None),
        "rtstruct": lambda: given.rtstruct(lambda d: None),
        "nifti": lambda: given.nifti(blobs((9, 9, 9))),
        "nrrd": lambda: given.nrrd(blobs((5, 7, 6)).tobytes()),
    }
    path = make[kind]()
    asked, said = 0, ""
    while True:
        asked += 1
        left = [asked]

        def cancelled(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] <= 0

        try:
            read_reference(path, given.series, cancelled)
        except Cancelled:
            continue
        except StudyError as error:  # of the two that are elsewhere
            said = error.what
        break
    assert asked > SHAPE[0]
    assert said == "" or "lies where the series is" in said


def test_nothing_that_is_read_shows_up_as_a_warning(
    given: Given, capfd: pytest.CaptureFixture[str]
) -> None:
    def odd(dataset: Dataset) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset.add_new(0x00100030, "DA", "SECRET^NAME")
            dataset.SegmentSequence[0].add_new(0x00620005, "LO", "x" * 300)

    path = given.seg(odd)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_reference(path, given.series)
    assert capfd.readouterr().err == ""
