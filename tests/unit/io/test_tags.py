"""The header as a table: all of it, in bounded time, whatever the file holds."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from tests.unit.io.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    mr_slice,
    save,
    save_nifti,
)

from unetscope.domain.errors import StudyError
from unetscope.domain.tags import LONGEST_VALUE, TagRow
from unetscope.io.notices import noticing
from unetscope.io.study import open_study
from unetscope.io.tags import read_tags

PYDICOM_FILES = sorted(
    p for p in (Path(pydicom.__file__).parent / "data").rglob("*.dcm") if p.is_file()
)
CUT_SHORT = {"MR_truncated.dcm", "rtplan_truncated.dcm"}


def by_number(rows: tuple[TagRow, ...]) -> dict[str, TagRow]:
    return {row.group_element: row for row in rows}


def nested(depth: int, *, undefined: bool) -> bytes:
    """A ReferencedImageSequence (0008,1140) within itself, as often as asked for."""
    inner = b""
    for _ in range(depth):
        size = 0xFFFFFFFF if undefined else len(inner)
        item = struct.pack("<HHL", 0xFFFE, 0xE000, size) + inner
        item += struct.pack("<HHL", 0xFFFE, 0xE00D, 0) if undefined else b""
        size = 0xFFFFFFFF if undefined else len(item)
        inner = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, size) + item
        inner += struct.pack("<HHL", 0xFFFE, 0xE0DD, 0) if undefined else b""
    return inner


def with_nested(path: Path, depth: int, *, undefined: bool) -> Path:
    raw = save(mr_slice(), path).read_bytes()
    at = raw.index(struct.pack("<HH", 0x0010, 0x0010))
    path.write_bytes(raw[:at] + nested(depth, undefined=undefined) + raw[at:])
    return path


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_every_encoding_gives_the_same_rows(tmp_path: Path, syntax: str) -> None:
    dataset = mr_slice(PatientName="Äö^Ü", SpecificCharacterSet="ISO_IR 192")
    dataset.WindowCenter, dataset.SmallestImagePixelValue = [40.5, 300], -7
    dataset.ReferencedImageSequence = [Dataset(), Dataset()]
    dataset.ReferencedImageSequence[1].ReferencedFrameNumber = 3
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    rows = read_tags(save(dataset, tmp_path / "a.dcm", syntax))
    found = by_number(rows)
    patient = TagRow(0, "(0010,0010)", "Patient's Name", "PN", "Äö^Ü", "PatientName")
    assert found["(0010,0010)"] == patient
    assert found["(0028,1050)"].value == "40.5\\300.0"
    assert found["(0028,0106)"].value == "-7"
    assert found["(0008,0016)"].value == "1.2.840.10008.5.1.4.1.1.4 (MR Image Storage)"
    assert found["(7FE0,0010)"].value == "40 bytes"
    private = found["(0019,100C)"]
    assert private.private
    assert (private.name, private.value) == ("Private B_value (SIEMENS MR HEADER)", "1000")
    assert not found["(0010,0010)"].private
    at = [row.group_element for row in rows].index("(0008,1140)")
    assert [(row.depth, row.name) for row in rows[at : at + 4]] == [
        (0, "Referenced Image Sequence"),
        (1, "Item 1"),
        (1, "Item 2"),
        (2, "Referenced Frame Number"),
    ]


@pytest.mark.parametrize("path", PYDICOM_FILES, ids=lambda path: path.name)
def test_the_rows_are_the_elements_that_pydicom_finds(path: Path) -> None:
    with noticing([]):
        try:
            dataset = dcmread(path)
        except InvalidDicomError:
            return
    rows = read_tags(path)
    tags = sorted([*dataset.file_meta.keys(), *dataset.keys()])
    expected = [f"({tag.group:04X},{tag.element:04X})" for tag in tags if tag.element]
    numbers = {row.group_element for row in rows if row.depth == 0}  # one file has one twice
    found = sorted(n for n in numbers if n and not n.endswith(",0000)"))
    if rows[-1].group_element == "":
        assert path.name in CUT_SHORT
        both = min(len(found), len(expected))
        found, expected = found[:both], expected[:both]
    assert found == expected


@pytest.mark.parametrize("undefined", [True, False])
def test_a_sequence_1500_deep_is_listed_at_once(tmp_path: Path, undefined: bool) -> None:
    path = with_nested(tmp_path / "deep.dcm", 1500, undefined=undefined)
    start = time.monotonic()
    rows = read_tags(path)
    assert time.monotonic() - start < 5
    assert [row.name for row in rows].count("Deeper levels are not listed") == 1
    assert rows[-1].name == "Pixel Data"


@pytest.mark.parametrize("undefined", [True, False])
def test_a_sequence_1500_deep_does_not_hang_the_reading(tmp_path: Path, undefined: bool) -> None:
    path = with_nested(tmp_path / "deep.dcm", 1500, undefined=undefined)
    start = time.monotonic()
    if undefined:  # pydicom reads what has no length at once
        with pytest.raises(StudyError, match="nested too deep"):
            open_study(path)
    else:
        assert open_study(path).series[0].slice(0).shape == (4, 5)
    assert time.monotonic() - start < 5


def test_a_table_of_a_million_elements_is_cut(tmp_path: Path) -> None:
    path = save(mr_slice(), tmp_path / "long.dcm")
    element = struct.pack("<HH2sH", 0x0009, 0x1001, b"US", 2) + b"\1\0"
    path.write_bytes(path.read_bytes() + element * 200_000)
    rows = read_tags(path)
    assert len(rows) <= 10_001
    assert rows[-1].name == "Further elements are not listed"


def test_long_values_are_cut_and_odd_ones_do_no_harm(tmp_path: Path) -> None:
    dataset = mr_slice(ImageComments="x\n" * 5000, PatientComments="a\0b\x1bc")
    found = by_number(read_tags(save(dataset, tmp_path / "a.dcm")))
    assert len(found["(0020,4000)"].value) == LONGEST_VALUE
    assert found["(0020,4000)"].value.endswith("…")
    assert found["(0010,4000)"].value.isprintable()


def test_a_file_that_ends_early_says_so_at_its_end(tmp_path: Path) -> None:
    path = save(mr_slice(), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-3])
    assert read_tags(path)[-1].name == "The file ends here, too early"
    with pytest.raises(StudyError):
        read_tags(tmp_path / "gone.dcm")


def test_a_series_lists_the_header_of_each_slice(tmp_path: Path) -> None:
    for n in range(3):
        save(mr_slice(n * 2.0, InstanceNumber=3 - n), tmp_path / f"{n}.dcm")
    series = open_study(tmp_path).series[0]
    numbers = [by_number(series.tags(i))["(0020,0013)"].value for i in range(3)]
    assert numbers == ["3", "2", "1"]


def test_nifti_lists_its_header(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "a.nii", np.zeros((3, 4, 5), np.int16), np.eye(4), descrip=b"head")
    rows = {row.keyword: row for row in open_study(path).series[0].tags(0)}
    assert rows["descrip"].value == "head"
    assert rows["dim"].value.startswith("[3, 3, 4, 5")
