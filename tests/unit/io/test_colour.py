"""Pictures in colour, shown in grey: brightness, palettes, every way they are stored."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut
from pydicom.sequence import Sequence
from pydicom.uid import UID
from tests.unit.io.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    mr_slice,
    mr_stack,
    save,
)

from unetscope.domain.errors import StudyError
from unetscope.io.colour import from_ybr, luminance
from unetscope.io.decoder import Decoder
from unetscope.io.dicom import read_image
from unetscope.io.image_pixels import COLOUR
from unetscope.io.palette import read_palette
from unetscope.io.series import Series
from unetscope.io.study import open_study

Colours = NDArray[Any]
SYNTAXES = (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED)
JPEG, JPEG_LS, JPEG_2000 = (f"1.2.840.10008.1.2.4.{n}" for n in (50, 80, 90))
RLE = "1.2.840.10008.1.2.5"
WEIGHTS = np.array([0.299, 0.587, 0.114])


def some_colours(kind: str = "u1", shape: tuple[int, ...] = (4, 6)) -> Colours:
    info = np.iinfo(kind)
    values = np.random.default_rng(5).integers(0, info.max, (*shape, 3), kind, endpoint=True)
    values[..., 0, :3, :] = np.eye(3, dtype=kind) * info.max  # pure red, green and blue
    values[..., -1, -1, :], values[..., -1, 0, :] = 0, info.max
    return values


def colour_slice(colours: Colours, photometric: str = "RGB", **elements: Any) -> Dataset:
    """A slice of (rows, columns, 3) or more frames of them."""
    made: dict[str, Any] = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": photometric,
        "PlanarConfiguration": 0,
        "Rows": colours.shape[-3],
        "Columns": colours.shape[-2],
        "SeriesDescription": "Colours",
    }
    return mr_slice(0, colours, **{**made, **elements})


def compressed(colours: Dataset, frames: list[bytes], path: Path, syntax: str) -> Series:
    colours.PixelData = encapsulate(frames)
    colours["PixelData"].VR = "OB"
    colours["PixelData"].is_undefined_length = True
    return opened(save(colours, path, UID(syntax)))


def opened(path: Path) -> Series:
    (series,) = open_study(path).series
    return series


def shown_by(series: Series, index: int = 0) -> Colours:
    colours = series.colours(index)
    assert colours is not None
    assert colours.dtype == np.uint8
    assert not colours.flags.writeable
    return colours


def as_stored(values: Colours, syntax: str) -> bytes:
    swapped = values.dtype.newbyteorder(">" if syntax == BIG_ENDIAN else "<")
    return values.astype(swapped).tobytes()


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: UID(uid).name)
@pytest.mark.parametrize("kind", ["u1", "u2", "u4"])
@pytest.mark.parametrize("planar", [0, 1])
def test_red_green_and_blue_are_shown_by_their_brightness(
    tmp_path: Path, syntax: str, kind: str, planar: int
) -> None:
    colours = some_colours(kind)
    dataset = colour_slice(colours, PlanarConfiguration=planar)
    stored = colours.transpose(2, 0, 1) if planar else colours
    dataset.PixelData = as_stored(stored, syntax)
    if kind == "u1":
        dataset["PixelData"].VR = "OB"
    series = opened(save(dataset, tmp_path / "a.dcm", syntax))
    assert series.raw(0).dtype == np.dtype(f"={kind}")
    assert np.abs(series.raw(0) - colours @ WEIGHTS).max() < 0.51
    white = series.slice(0)[-1, 0]
    assert (series.slice(0)[-1, -1], white) == (0, np.float32(np.iinfo(kind).max))
    assert np.array_equal(shown_by(series), colours >> (8 * colours.itemsize - 8))
    window = series.window(0)
    assert window is not None
    assert window.centre - window.width / 2 == 0
    assert np.float32(window.centre + window.width / 2) == white


def test_what_is_said_of_grey_values_is_not_said_of_colours(tmp_path: Path) -> None:
    real_world = Dataset()
    real_world.RealWorldValueSlope, real_world.RealWorldValueIntercept = 2.0, 1.0
    dataset = colour_slice(
        some_colours(),
        Modality="CT",
        RescaleSlope="2",
        RescaleIntercept="-1000",
        WindowCenter="40",
        WindowWidth="400",
        PixelPaddingValue=0,
        RealWorldValueMappingSequence=Sequence([real_world]),
    )
    series = opened(save(dataset, tmp_path / "a.dcm"))
    assert np.array_equal(series.slice(0), series.raw(0))
    assert (series.modality, series.units, series.padding_range) == ("CT", "", None)
    assert series.real_world(0) is None
    window = series.window(0)
    assert window is not None
    assert window.width == 255
    assert series.warnings[0] == COLOUR
    grey = opened(save(mr_slice(), tmp_path / "b.dcm"))
    assert COLOUR not in grey.warnings
    assert grey.colours(0) is None


def test_colours_and_grey_values_of_one_series_stay_apart(tmp_path: Path) -> None:
    for number, grey in enumerate(mr_stack(3)):
        save(grey, tmp_path / f"g{number}")
    for number in range(2):
        dataset = colour_slice(some_colours(), ImagePositionPatient=[0, 0, 10.0 + number])
        save(dataset, tmp_path / f"c{number}")
    study = open_study(tmp_path)
    assert sorted(len(series) for series in study.series) == [2, 3]
    (colours,) = [series for series in study.series if len(series) == 2]
    assert "colour" in colours.description or "4 x 6" in colours.description
    assert len({series.uid for series in study.series}) == 2


def test_colours_of_the_size_of_the_grey_slices_are_named(tmp_path: Path) -> None:
    save(mr_slice(0), tmp_path / "grey")
    save(colour_slice(some_colours(shape=(4, 5))), tmp_path / "colour")
    said = {series.description for series in open_study(tmp_path).series}
    assert said == {"T1", "Colours (colour)"}


# ------------------------------------------------------------------------------ YBR


def ybr_of(colours: Colours) -> Colours:
    """PS3.3 C.7.6.3.1.2, by its own matrix, in 8 bits."""
    matrix = [[0.2990, 0.5870, 0.1140], [-0.1687, -0.3313, 0.5000], [0.5000, -0.4187, -0.0813]]
    values = colours @ np.array(matrix).T + [0, 128, 128]
    made: Colours = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return made


def test_ybr_comes_back_as_the_colours_it_was_made_of(tmp_path: Path) -> None:
    colours = some_colours(shape=(40, 50))
    series = opened(save(colour_slice(ybr_of(colours), "YBR_FULL"), tmp_path / "a.dcm"))
    assert np.abs(shown_by(series).astype(int) - colours).max() <= 2
    assert np.abs(series.slice(0) - colours @ WEIGHTS).max() <= 1.6


def test_ybr_that_is_no_colour_is_cut_to_one() -> None:
    beyond = np.array([[255, 0, 255], [0, 255, 0], [0, 128, 128], [255, 128, 128]], np.uint8)
    colours = from_ybr(beyond, 8)
    assert colours.tolist() == [[255, 208, 28], [0, 48, 225], [0, 0, 0], [255, 255, 255]]


def test_pairs_of_pixels_that_share_their_colour(tmp_path: Path) -> None:
    ybr = ybr_of(some_colours())
    ybr[:, 1::2, 1:] = ybr[:, ::2, 1:]
    pairs = np.stack([ybr[:, ::2, 0], ybr[:, 1::2, 0], ybr[:, ::2, 1], ybr[:, ::2, 2]], axis=-1)
    dataset = colour_slice(ybr, "YBR_FULL_422")
    dataset.PixelData = pairs.tobytes()
    series = opened(save(dataset, tmp_path / "a.dcm"))
    assert np.array_equal(shown_by(series), from_ybr(ybr, 8))
    assert len(series.warnings) == len(set(series.warnings))
    assert not any("more pixels" in warning for warning in series.warnings)


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3))
def test_brightness_is_rounded_and_never_beyond_its_colours(values: list[int]) -> None:
    for kind, shift in (("u1", 24), ("u2", 16), ("u4", 0)):
        colours = np.array([value >> shift for value in values], kind)
        grey = int(luminance(colours))
        exact = 299 * int(colours[0]) + 587 * int(colours[1]) + 114 * int(colours[2])
        assert abs(1000 * grey - exact) <= 500
        assert colours.min() <= grey <= colours.max()


# ----------------------------------------------------------------------- compressed


def rle(colours: Colours) -> bytes:
    """PS3.5 annex G: planes of bytes, the highest first, in runs that are as they were."""
    planes: list[bytes] = []
    for channel in range(3):
        words = colours[..., channel].astype(f">u{colours.itemsize}")
        split = np.ascontiguousarray(words).view(np.uint8).reshape(-1, colours.itemsize)
        planes.extend(bytes(imagecodecs.packbits_encode(byte.tobytes())) for byte in split.T)
    planes = [plane + b"\0" * (len(plane) % 2) for plane in planes]
    starts = 64 + np.cumsum([0, *map(len, planes)])[:-1]
    return struct.pack("<16L", len(planes), *starts, *[0] * (15 - len(planes))) + b"".join(planes)


ENCODERS: dict[str, Callable[[Colours], Any]] = {
    RLE: rle,
    JPEG_LS: imagecodecs.jpegls_encode,
    JPEG_2000: lambda v: imagecodecs.jpeg2k_encode(v, codecformat="j2k", reversible=True, level=0),
}


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("syntax", ENCODERS, ids=lambda uid: UID(uid).name)
def test_compressed_colours_come_back_to_the_bit_from_the_other_process(
    tmp_path: Path, syntax: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Decoder()
    monkeypatch.setattr("unetscope.io.dicom_series.decoder", own)
    frames = some_colours(kind, (2, 40, 30))
    photometric = "YBR_RCT" if syntax == JPEG_2000 else "RGB"
    dataset = colour_slice(frames, photometric, NumberOfFrames=2)
    encoded = [bytes(ENCODERS[syntax](frame)) for frame in frames]
    series = compressed(dataset, encoded, tmp_path / "a.dcm", syntax)
    for index in range(2):
        assert np.array_equal(shown_by(series, index), frames[index] >> (8 * frames.itemsize - 8))
        assert np.abs(series.slice(index) - frames[index] @ WEIGHTS).max() < 0.51
    assert own.pid not in (None, os.getpid())
    own.close()


def smooth() -> Colours:
    down, across = np.meshgrid(*2 * [np.linspace(0, 255, 48)])
    return np.stack((down, across, 255 - down), axis=-1).astype(np.uint8)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("marked", ["JFIF", "Adobe", "not at all"])
def test_a_jpeg_says_itself_what_its_samples_are_or_the_header_does(
    tmp_path: Path, photometric: str, marked: str
) -> None:
    colours = smooth()
    space = "YCBCR" if marked == "JFIF" or (marked != "Adobe" and "YBR" in photometric) else "RGB"
    frame = bytes(
        imagecodecs.jpeg8_encode(
            colours, level=98, colorspace="RGB", outcolorspace=space, subsampling="444"
        )
    )
    assert (b"JFIF" in frame, b"Adobe" in frame) == (space == "YCBCR", space == "RGB")
    if marked == "not at all":
        length = int.from_bytes(frame[4:6], "big")
        frame = frame[:2] + frame[4 + length :]
    dataset = colour_slice(colours, photometric)
    series = compressed(dataset, [frame], tmp_path / "a.dcm", JPEG)
    assert np.abs(shown_by(series).astype(int) - colours).max() <= 6
    assert np.abs(series.slice(0) - colours @ WEIGHTS).max() <= 4


# -------------------------------------------------------------------------- palettes


def palette_slice(
    numbers: NDArray[Any], tables: list[bytes], descriptor: list[int], *, segmented: bool = False
) -> Dataset:
    dataset = mr_slice(0, numbers, PhotometricInterpretation="PALETTE COLOR")
    kind = "Segmented" if segmented else ""
    signed = dataset.PixelRepresentation
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        keyword = f"{name}PaletteColorLookupTable"
        setattr(dataset, f"{keyword}Descriptor", descriptor)
        dataset[f"{keyword}Descriptor"].VR = "SS" if signed else "US"
        setattr(dataset, f"{kind}{keyword}Data", table)
        dataset[f"{kind}{keyword}Data"].VR = "OW"
    return dataset


def tables_of(entries: Colours, syntax: str = EXPLICIT) -> list[bytes]:
    return [as_stored(entries[:, channel], syntax) for channel in range(3)]


ENTRIES = np.random.default_rng(2).integers(0, 2**16, (10, 3), np.uint16)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: UID(uid).name)
def test_a_palette_gives_each_number_its_colour(tmp_path: Path, syntax: str) -> None:
    numbers = np.arange(20, dtype=np.uint16).reshape(4, 5)
    dataset = palette_slice(numbers, tables_of(ENTRIES, syntax), [10, 4, 16])
    dataset.PixelData = as_stored(numbers, syntax)
    series = opened(save(dataset, tmp_path / "a.dcm", syntax))
    colours = ENTRIES[np.clip(numbers.astype(int) - 4, 0, 9)]
    assert np.array_equal(series.raw(0), numbers), "what is stored stays to be seen"
    assert np.abs(series.slice(0) - colours @ WEIGHTS).max() < 0.51
    assert np.array_equal(shown_by(series), colours >> 8)
    assert COLOUR in series.warnings


def test_a_palette_may_begin_below_zero(tmp_path: Path) -> None:
    numbers = np.arange(-4, 16, dtype=np.int16).reshape(4, 5)
    dataset = palette_slice(numbers, tables_of(ENTRIES), [10, -4, 16])
    series = opened(save(dataset, tmp_path / "a.dcm"))
    assert np.array_equal(shown_by(series), ENTRIES[np.clip(numbers + 4, 0, 9)] >> 8)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("factor", [0, 1, 256, 257])
def test_palettes_of_bytes_are_as_bright_as_others(tmp_path: Path, bits: int, factor: int) -> None:
    entries = (ENTRIES >> 8).astype(np.uint8)
    words = entries.astype(np.uint16) * np.uint16(factor) if factor else entries
    numbers = np.arange(20, dtype=np.uint8).reshape(4, 5) % 10
    dataset = palette_slice(numbers, tables_of(words), [10, 0, bits])
    series = opened(save(dataset, tmp_path / "a.dcm"))
    assert np.array_equal(shown_by(series), entries[numbers])
    window = series.window(0)
    assert window is not None
    assert window.width == 255


SEGMENTS = [0, 2, 5, 9, 1, 4, 41, 0, 1, 7]  # 5 9, four steps to 41, 7
EXPANDED = [5, 9, 17, 25, 33, 41, 7]


@pytest.mark.parametrize("kind", ["B", "H"])
@pytest.mark.parametrize("order", "<>")
def test_segments_describe_the_palette_that_pydicom_makes_of_them(
    tmp_path: Path, kind: str, order: str
) -> None:
    packed = struct.pack(f"{order}{len(SEGMENTS)}{kind}", *SEGMENTS)
    if (kind, order) == ("B", ">"):  # bytes lie in words, the first in the lower half
        packed = np.frombuffer(packed, "u1").reshape(-1, 2)[:, ::-1].tobytes()
    syntax = EXPLICIT if order == "<" else BIG_ENDIAN
    numbers = np.arange(7, dtype=np.uint8).reshape(1, 7)
    bits = 8 if kind == "B" else 16
    dataset = palette_slice(numbers, [packed] * 3, [7, 0, bits], segmented=True)
    dataset["PixelData"].VR = "OB"
    path = save(dataset, tmp_path / "a.dcm", syntax)
    assert shown_by(opened(path))[0, :, 0].tolist() == EXPANDED
    if (kind, order) != ("B", ">"):
        theirs = apply_color_lut(numbers, dcmread(path))
        assert theirs[0, :, 0].tolist() == EXPANDED


@pytest.mark.parametrize("wide", [False, True])
def test_a_segment_may_repeat_others(wide: bool) -> None:
    # two values; the steps to 40; both segments again
    units = [0, 2, 10, 20, 1, 2, 40, 2, 2]
    units += [0, 0] if wide else [0, 0, 0, 0]
    packed = struct.pack(f"<{len(units)}{'H' if wide else 'B'}", *units)
    numbers = np.zeros((1, 1), np.uint8)
    bits = 16 if wide else 8
    dataset = palette_slice(numbers, [packed] * 3, [8, 0, bits], segmented=True)
    palette = read_palette(as_read(dataset))
    assert palette is not None
    assert palette.colours[:, 0].tolist() == [10, 20, 30, 40, 10, 20, 30, 40]


def as_read(dataset: Dataset) -> Dataset:
    """A dataset as it is read from a little-endian file."""
    dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    return dataset


@settings(max_examples=200, deadline=None)
@given(units=st.lists(st.integers(0, 2**16 - 1) | st.integers(0, 3), max_size=40))
def test_segments_of_any_kind_give_a_palette_or_none_in_no_time(units: list[int]) -> None:
    packed = struct.pack(f"<{len(units)}H", *units)
    dataset = palette_slice(np.zeros((1, 1), np.uint8), [packed] * 3, [0, 0, 16], segmented=True)
    palette = read_palette(as_read(dataset))
    assert palette is None or len(palette.colours) == 2**16


# --------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PhotometricInterpretation": "HSV"}, "stored as HSV with 3 values a pixel"),
        ({"PhotometricInterpretation": "MONOCHROME2"}, "stored as MONOCHROME2 with 3 values"),
        ({"SamplesPerPixel": 4, "PhotometricInterpretation": "CMYK"}, "CMYK with 4 values"),
        ({"BitsStored": 9}, "its colours have 9 of 8 bits"),
        ({"SamplesPerPixel": 1, "PhotometricInterpretation": "PALETTE COLOR"}, "whose palette"),
        ({"Rows": 100}, "cut short"),
    ],
)
def test_colours_that_cannot_be_had_are_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    dataset = colour_slice(some_colours(shape=(4, 6)), **changes)
    dataset["PixelData"].VR = "OB"
    if changes.get("SamplesPerPixel") == 4:
        dataset.PixelData = bytes(4 * 6 * 4)
    with pytest.raises(StudyError, match=said):
        open_study(save(dataset, tmp_path / "a.dcm"))


def test_colours_are_never_negative(tmp_path: Path) -> None:
    path = save(colour_slice(some_colours(), PixelRepresentation=1), tmp_path / "a.dcm")
    assert not read_image(path).layout.signed
    assert opened(path).slice(0).max() == 255
