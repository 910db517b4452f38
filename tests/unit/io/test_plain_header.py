"""The fast readers of ordinary files: they give what pydicom gives, or leave the file to it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import generate_uid
from tests.unit.io.builders import EXPLICIT, IMPLICIT, mr_slice, save

from unetscope.io import dicom
from unetscope.io.notices import NotASlice
from unetscope.io.pixels import read_stored
from unetscope.io.plain_header import read_plain
from unetscope.io.plain_pixels import is_plain, read_plain_frame

PYDICOM_FILES = sorted(
    p for p in (Path(pydicom.__file__).parent / "data").rglob("*") if p.is_file()
)


def outcome(path: Path) -> str:
    """All that is known about a file, or why it is refused."""
    try:
        return repr(asdict(dicom.read_image(path)))
    except NotASlice as error:
        return f"refused: {error.reason}"


class Readers:
    """Reads files as the program does, or by pydicom alone."""

    def __init__(self) -> None:
        self.plain = 0

    def fast(self, stream: Any, wanted: Any) -> Any:
        header = read_plain(stream, wanted)
        self.plain += header is not None
        return header

    def both(self, path: Path) -> tuple[str, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dicom, "read_plain", self.fast)
            ours = outcome(path)
            patch.setattr(dicom, "read_plain", lambda *_: None)
            return ours, outcome(path)


@pytest.fixture
def readers() -> Readers:
    return Readers()


def rich_slice() -> Dataset:
    """A slice with all that makes a header hard to read."""
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = generate_uid()
    inner.PurposeOfReferenceCodeSequence = [Dataset(), Dataset()]
    inner.PurposeOfReferenceCodeSequence[0].CodeMeaning = "a part of it"
    inner["PurposeOfReferenceCodeSequence"].is_undefined_length = True
    ds = mr_slice(
        1.5,
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Müller^Jürgen",
        ImageType=["ORIGINAL", "PRIMARY", "M"],
        ReferencedImageSequence=[inner, inner],
        EchoTime="2.50",
        EchoNumbers=2,
        InstanceNumber=7,
        AcquisitionTime="101112.5",
        PixelPaddingValue=-3,
        WindowCenter=["40", "80"],
        WindowWidth=["400", "1600"],
    )
    ds["ReferencedImageSequence"].is_undefined_length = True
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    return ds


def test_every_file_that_comes_with_pydicom_is_read_as_pydicom_reads_it(readers: Readers) -> None:
    for path in PYDICOM_FILES:
        ours, theirs = readers.both(path)
        assert ours == theirs, path.name
    assert readers.plain > 60, "the fast reader reads most of them"


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_rich_header_is_read_without_pydicom(
    tmp_path: Path, readers: Readers, syntax: str
) -> None:
    ds = rich_slice()
    if syntax == IMPLICIT:
        del ds[0x0019100C]  # implicit VR leaves private elements to pydicom
    path = save(ds, tmp_path / "rich.dcm", syntax)
    ours, theirs = readers.both(path)
    assert readers.plain == 1
    assert ours == theirs
    assert "Müller^Jürgen" in ours


def test_a_header_longer_than_what_is_read_at_first(tmp_path: Path, readers: Readers) -> None:
    ds = rich_slice()
    block = ds.private_block(0x0029, "A MAKER", create=True)
    block.add_new(0x10, "OB", bytes(100_000))
    ours, theirs = readers.both(save(ds, tmp_path / "long.dcm"))
    assert readers.plain == 1
    assert ours == theirs


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (b"0.5\\0.75", b"0,5\\0,75"),
        (b"ISO_IR 100", b"ISO_IR 999"),
        (b"ISO_IR 100", b"ISO_IR 192"),
        (b"2.50", b"2.5 "),
        (b"ORIGINAL\\PRIMARY", b"ORIGINAL\\PRIM\\ R"),
        (b"\xfcrgen", b"rg\\e n"),
        (b"20260102", b"2026010 "),
        (b"1.2.3.4\0", b"1..3.4\\1"),
    ],
    ids=str,
)
def test_odd_values_are_what_pydicom_makes_of_them(
    tmp_path: Path, readers: Readers, found: bytes, instead: bytes
) -> None:
    path = save(rich_slice(), tmp_path / "odd.dcm")
    content = path.read_bytes()
    assert found in content
    path.write_bytes(content.replace(found, instead))
    ours, theirs = readers.both(path)
    assert ours == theirs


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    made = {}
    for syntax in (EXPLICIT, IMPLICIT):
        ds = rich_slice()
        if syntax == IMPLICIT:
            del ds[0x0019100C]
        made[syntax] = save(ds, folder / "whole.dcm", syntax).read_bytes()
    in_colour = rich_slice()
    in_colour.SamplesPerPixel, in_colour.PhotometricInterpretation = 3, "YBR_FULL"
    in_colour.PlanarConfiguration, in_colour.PixelData = 1, bytes(120)
    made["colour"] = save(in_colour, folder / "whole.dcm").read_bytes()
    made["palette"] = save(with_palette(), folder / "whole.dcm").read_bytes()
    return made


def with_palette() -> Dataset:
    ds = rich_slice()
    ds.PhotometricInterpretation = "PALETTE COLOR"
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [8, 2**16 - 3, 16])
        ds[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(ds, f"{name}PaletteColorLookupTableData", bytes(range(16)))
        ds[f"{name}PaletteColorLookupTableData"].VR = "OW"
    return ds


def test_a_palette_is_read_without_pydicom(tmp_path: Path, readers: Readers) -> None:
    path = save(with_palette(), tmp_path / "a.dcm")
    ours, theirs = readers.both(path)
    assert readers.plain == 1
    assert ours == theirs
    assert "'first': -3" in ours


CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["set", "flip", "drop", "insert", "mark", "kind"]),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=4,
)
MARKS = (b"\xff\xff\xff\xff", b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0")
KINDS = (b"SQ", b"UN", b"DS", b"OB", b"US", b"UT", b"IS", b"CS")


def changed(content: bytes, changes: list[tuple[float, str, int]]) -> bytes:
    """Damage a file after its preamble."""
    data = bytearray(content)
    for where, how, value in changes:
        at = 128 + int(where * (len(data) - 128))
        if how == "set":
            data[at] = value
        elif how == "flip":
            data[at] ^= 1 << value % 8
        elif how == "drop":
            del data[at : at + 1 + value % 8]
        elif how == "insert":
            data[at:at] = bytes([value] * (1 + value % 8))
        else:
            patch = MARKS[value % 4] if how == "mark" else KINDS[value % 8]
            data[at : at + len(patch)] = patch
        if len(data) <= 129:
            break
    return bytes(data)


@settings(max_examples=350, deadline=None, derandomize=True)
@given(changes=CHANGES, kind=st.sampled_from([EXPLICIT, IMPLICIT, "colour", "palette"]))
def test_a_damaged_header_gives_what_pydicom_gives(
    tmp_path_factory: pytest.TempPathFactory,
    contents: dict[str, bytes],
    changes: list[tuple[float, str, int]],
    kind: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.dcm"
    path.write_bytes(changed(contents[kind], changes))
    ours, theirs = Readers().both(path)
    assert ours == theirs


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4"])
@pytest.mark.parametrize("unused", [0, 3])
def test_plain_frames_are_what_the_decoder_gives(
    tmp_path: Path, syntax: str, kind: str, unused: int
) -> None:
    rng = np.random.default_rng(3)
    info = np.iinfo(kind)
    pixels = rng.integers(info.min, info.max, (3, 4, 5), kind, endpoint=True)
    bits = info.bits - unused
    ds = mr_slice(0, pixels, NumberOfFrames=3, BitsStored=bits, HighBit=bits - 1)
    if kind[1] == "1":
        ds["PixelData"].VR = "OB"
    path = save(ds, tmp_path / "frames.dcm", syntax)
    layout = dicom.read_image(path).layout
    assert is_plain(layout)
    for index in range(3):
        ours = read_plain_frame(path, layout, index)
        with path.open("rb") as stream:
            theirs = read_stored(stream, layout, index)
        assert ours.dtype == theirs.dtype
        assert ours.dtype.isnative
        assert np.array_equal(ours, theirs)
        assert not ours.flags.writeable


def test_a_frame_that_is_cut_short_is_an_error(tmp_path: Path) -> None:
    path = save(mr_slice(), tmp_path / "a.dcm")
    layout = dicom.read_image(path).layout
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(EOFError, match="frame 0"):
        read_plain_frame(path, layout, 0)


def test_every_plain_file_that_comes_with_pydicom_has_the_decoders_pixels() -> None:
    plain = 0
    for path in PYDICOM_FILES:
        try:
            layout = dicom.read_image(path).layout
        except NotASlice:
            continue
        if is_plain(layout):
            plain += 1
            with path.open("rb") as stream:
                theirs = read_stored(stream, layout, layout.frames - 1)
            assert np.array_equal(read_plain_frame(path, layout, layout.frames - 1), theirs)
    assert plain > 15
