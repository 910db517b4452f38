"""Pixels mean what the header says: each rule against arithmetic of the test's own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from tests.unit.io.builders import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    SAGITTAL,
    ct_slice,
    enhanced_mr,
    mr_slice,
    save,
    save_stack,
)

from unetscope.domain.window import Window, apply_window, auto_window, table_window
from unetscope.io.series import Series
from unetscope.io.study import open_study


def opened(dataset: Dataset, folder: Path, syntax: str = EXPLICIT) -> Series:
    return open_study(save(dataset, folder / "one.dcm", syntax)).series[0]


# --------------------------------------------------------------------- stored bits


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize(
    ("allocated", "stored", "high"),
    [(16, 12, 11), (16, 12, 15), (16, 10, 12), (8, 6, 5), (16, 16, 15), (32, 20, 19)],
)
def test_only_the_stored_bits_of_a_word_count(
    tmp_path: Path, allocated: int, stored: int, high: int, signed: bool, syntax: str
) -> None:
    random = np.random.default_rng(stored)
    words = random.integers(0, 2**allocated, (4, 6), dtype=np.uint64)
    expected = [
        [as_number(int(word), high, stored, signed=signed) for word in row] for row in words
    ]
    kind = np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")
    pixels = words.astype(f"u{allocated // 8}").view(kind)
    dataset = mr_slice(0, pixels, BitsStored=stored, HighBit=high)
    if syntax == BIG_ENDIAN:
        dataset.PixelData = pixels.astype(kind.newbyteorder(">")).tobytes()
    series = opened(dataset, tmp_path, syntax)
    assert series.raw(0).tolist() == expected
    assert series.raw(0).dtype == kind


def as_number(word: int, high: int, stored: int, *, signed: bool) -> int:
    """The number in some bits of a word, by arithmetic on Python's integers."""
    number = (word >> (high + 1 - stored)) % (1 << stored)
    return number - (1 << stored) if signed and number >> (stored - 1) else number


def test_bits_that_contradict_each_other_are_said(tmp_path: Path) -> None:
    series = opened(mr_slice(0, BitsStored=12, HighBit=7), tmp_path)
    assert any("about the bits" in warning for warning in series.warnings)
    assert not any("bits" in warning for warning in opened(mr_slice(0), tmp_path).warnings)


@pytest.mark.parametrize("keyword", ["FloatPixelData", "DoubleFloatPixelData"])
def test_floating_point_pixels_are_read_as_they_are(tmp_path: Path, keyword: str) -> None:
    kind = np.float32 if keyword == "FloatPixelData" else np.float64
    pixels = np.linspace(-1, 1, 20).astype(kind).reshape(4, 5)
    dataset = mr_slice(0, BitsAllocated=pixels.itemsize * 8, PixelData=None, BitsStored=None)
    dataset.HighBit = dataset.PixelRepresentation = None
    setattr(dataset, keyword, pixels.tobytes())
    assert np.array_equal(opened(dataset, tmp_path).raw(0), pixels)


# ------------------------------------------------------------------ modality values


def test_every_frame_has_its_own_rescale_echo_and_window(tmp_path: Path) -> None:
    pixels = np.arange(80, dtype=np.uint16).reshape(4, 4, 5)
    frames = [
        {"z": float(n // 2), "slope": n + 1, "echo_time": 10.0 + n % 2, "window": (n + 1, 9)}
        for n in range(4)
    ]
    first, second = open_study(save(enhanced_mr(frames, pixels), tmp_path / "e.dcm")).series
    for series, numbers in ((first, (0, 2)), (second, (1, 3))):
        for index, n in enumerate(numbers):
            assert np.array_equal(series.slice(index), pixels[n] * np.float32(n + 1))
            assert series.window(index) == Window(n + 1, 9)


def test_b_values_and_planes_of_an_enhanced_file_are_never_interleaved(tmp_path: Path) -> None:
    places = [(0.0, 0), (0.0, 1000), (2.0, 0), (2.0, 1000), (0.0, None), (3.0, None)]
    pixels = np.stack([np.full((4, 5), n, np.uint16) for n in range(len(places))])
    dataset = enhanced_mr([{"z": z} for z, _ in places], pixels)
    for group, (z, b_value) in zip(dataset.PerFrameFunctionalGroupsSequence, places, strict=True):
        if b_value is None:  # another plane
            group.PlaneOrientationSequence = [Dataset()]
            group.PlaneOrientationSequence[0].ImageOrientationPatient = list(SAGITTAL)
            group.PlanePositionSequence[0].ImagePositionPatient = [z, 0, 0]
        else:
            group.MRDiffusionSequence = [Dataset()]
            group.MRDiffusionSequence[0].DiffusionBValue = float(b_value)
    series = open_study(save(dataset, tmp_path / "e.dcm")).series
    found = sorted(one.volume()[:, 0, 0].tolist() for one in series)
    assert found == [[0, 2], [1, 3], [5, 4]], "sagittal slices are stacked towards the right"
    assert all(one.geometry_sure for one in series)


def modality_table(
    values: list[int], first: int, vr: str = "US", *, first_vr: str = "US"
) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, first_vr, [len(values), first, 16])
    data = np.array(values, np.uint16).tobytes() if vr == "OW" else values
    item.add_new(0x00283006, vr, data)
    return item


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_modality_table_begins_at_a_negative_value(tmp_path: Path, vr: str) -> None:
    dataset = mr_slice(0, np.array([[-3, -2, -1], [0, 1, 9]], np.int16))
    item = modality_table([50, 60_000, 70], -2, vr, first_vr="SS")
    dataset.ModalityLUTSequence = [item]
    assert opened(dataset, tmp_path).slice(0).tolist() == [[50, 50, 60_000], [70, 70, 70]]


def test_a_first_value_written_as_an_unsigned_one_is_understood(tmp_path: Path) -> None:
    dataset = mr_slice(0, np.array([[-3, -2, -1]], np.int16))
    dataset.ModalityLUTSequence = [modality_table([50, 60, 70], 2**16 - 2)]
    assert opened(dataset, tmp_path).slice(0).tolist() == [[50, 50, 60]]


@pytest.mark.parametrize("slope", ["0", "nan", "inf"])
def test_a_table_of_slopes_without_meaning_is_said(tmp_path: Path, slope: str) -> None:
    dataset = ct_slice()
    dataset["RescaleSlope"].value = None
    dataset["RescaleSlope"]._value = slope  # pydicom would refuse it
    series = opened(dataset, tmp_path)
    assert np.array_equal(series.slice(0), series.raw(0))
    assert any("slope" in warning for warning in series.warnings)


# ------------------------------------------------------------------------- windows


def voi_table(values: list[int], first: int, bits: int) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", [len(values), first, bits])
    item.add_new(0x00283006, "US", values)
    return item


def test_a_voi_table_gives_the_grey_levels(tmp_path: Path) -> None:
    dataset = mr_slice(0, np.array([[0, 100, 101], [102, 103, 200]], np.uint16))
    dataset.VOILUTSequence = [voi_table([0, 4095, 1024, 2048], 100, 12)]
    series = opened(dataset, tmp_path)
    window = series.window(0)
    assert window is not None
    assert window.function == "TABLE"
    grey = apply_window(series.slice(0), window)
    expected = [[0, 0, 255], [round(1024 / 4095 * 255), round(2048 / 4095 * 255), 128]]
    assert grey.tolist() == expected


def test_a_window_goes_before_a_table_and_the_table_before_a_broken_window(tmp_path: Path) -> None:
    dataset = mr_slice(0, WindowCenter="40", WindowWidth="80")
    dataset.VOILUTSequence = [voi_table([0, 255], 0, 8)]
    assert opened(dataset, tmp_path).window(0) == Window(40, 80)
    dataset.WindowWidth = "0"
    window = opened(dataset, tmp_path).window(0)
    assert window is not None
    assert window.function == "TABLE"


def test_a_stretched_table_keeps_its_shape() -> None:
    grey = np.array([0, 200, 50, 255], np.uint8)
    window = table_window(10, grey)
    values = np.array([np.nan, -1e30, 9, 10, 11, 12, 13, 14, 1e30])
    assert apply_window(values, window).tolist() == [0, 0, 0, 0, 200, 50, 255, 255, 255]
    twice = Window(window.centre, 2 * window.width, "TABLE", window.table)
    assert apply_window(np.arange(8) + 8.0, twice).tolist() == [0, 0, 200, 200, 50, 50, 255, 255]
    with pytest.raises(ValueError, match="table"):
        Window(1, 2, "TABLE")


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_each_window_function_is_that_of_the_standard(tmp_path: Path, function: str) -> None:
    dataset = mr_slice(0, np.arange(-50, 150, dtype=np.int16).reshape(10, 20))
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = "40", "80", function
    series = opened(dataset, tmp_path)
    window = series.window(0)
    assert window is not None
    grey = apply_window(series.slice(0), window)
    expected = [[by_the_standard(float(x), 40, 80, function) for x in row] for row in series.raw(0)]
    assert np.abs(grey - np.array(expected)).max() <= 0.5 + 1e-3


def by_the_standard(x: float, c: float, w: float, function: str) -> float:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, word for word, for an output of 0 to 255."""
    if function == "SIGMOID":
        return 255 / (1 + math.exp(-4 * (x - c) / w))
    if function == "LINEAR":
        if x <= c - 0.5 - (w - 1) / 2:
            return 0
        return 255 if x > c - 0.5 + (w - 1) / 2 else ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
    if x <= c - w / 2:
        return 0
    return 255 if x > c + w / 2 else ((x - c) / w + 0.5) * 255


# ------------------------------------------------------------------------- padding


def test_padding_is_a_range_in_the_units_of_the_picture(tmp_path: Path) -> None:
    series = opened(ct_slice(PixelPaddingValue=-7, PixelPaddingRangeLimit=-5), tmp_path)
    assert series.padding_range == (-1014, -1010)
    assert opened(ct_slice(), tmp_path).padding_range is None


def test_padding_written_as_an_unsigned_number_is_understood(tmp_path: Path) -> None:
    dataset = ct_slice(RescaleSlope="1", RescaleIntercept="0")
    dataset.add_new(0x00280120, "US", 2**16 - 2000)
    assert opened(dataset, tmp_path).padding_range == (-2000, -2000)


def test_an_automatic_window_leaves_padding_out() -> None:
    picture: NDArray[np.float32] = np.linspace(100, 200, 1000, dtype=np.float32)
    values = np.concatenate([picture, np.full(1000, -2000, np.float32)])
    assert auto_window(values, (-2000, -2000)) == auto_window(picture)
    assert auto_window(values).width > 2000
    assert auto_window(values[1000:], (-2000, -2000)).centre == -2000, "nothing else to go by"


# --------------------------------------------------------------- real-world values


def mapping(**elements: object) -> Dataset:
    item = Dataset()
    unit = Dataset()
    unit.CodeValue = "mm2/s"
    item.MeasurementUnitsCodeSequence = [unit]
    item.LUTLabel = "ADC"
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def test_a_real_world_map_gives_a_quantity_with_its_unit(tmp_path: Path) -> None:
    dataset = mr_slice(0, np.arange(20, dtype=np.uint16).reshape(4, 5), RescaleSlope="3")
    dataset.RescaleIntercept = "0"
    item = mapping(RealWorldValueSlope=0.5, RealWorldValueIntercept=1.0)
    item.add_new(0x00409216, "US", 2)
    item.add_new(0x00409211, "US", 10)
    dataset.RealWorldValueMappingSequence = [item]
    series = opened(dataset, tmp_path)
    found = series.real_world(0)
    assert found is not None
    assert (found.value(4), found.value(1), found.value(11)) == (3.0, None, None)
    assert (found.unit, found.label) == ("mm2/s", "ADC")
    assert series.slice(0)[0, 1] == 3, "what is shown is the modality's value"


def test_a_real_world_map_may_be_a_table_in_the_groups_of_a_frame(tmp_path: Path) -> None:
    dataset = enhanced_mr([{"z": 0.0}, {"z": 1.0}], np.zeros((2, 4, 5), np.uint16))
    item = mapping(RealWorldValueLUTData=[1.5, 2.5, 9.0])
    item.add_new(0x00409216, "US", 7)
    item.add_new(0x00409211, "US", 9)
    dataset.PerFrameFunctionalGroupsSequence[1].RealWorldValueMappingSequence = [item]
    series = opened(dataset, tmp_path)
    assert series.real_world(0) is None
    found = series.real_world(1)
    assert found is not None
    assert [found.value(v) for v in (6, 7, 8, 9, 10)] == [None, 1.5, 2.5, 9.0, None]


# -------------------------------------------------------------------- what is said


def test_what_is_doubtful_about_pixels_is_said(tmp_path: Path) -> None:
    lossy: dict[str, Any] = {"LossyImageCompression": "01", "BurnedInAnnotation": "YES"}
    slices = [mr_slice(2.0 * n, **(lossy if n < 2 else {})) for n in range(3)]
    slices[0].add_new(0x60000010, "US", 4)
    warnings = open_study(save_stack(tmp_path, slices)).series[0].warnings
    assert any(w.startswith("2 of 3 files: The pixels were compressed with loss") for w in warnings)
    assert any(w.startswith("1 of 3 files: The file has an overlay") for w in warnings)
    assert any("burned into the picture" in w for w in warnings)


def test_more_pixels_than_the_header_describes_are_said(tmp_path: Path) -> None:
    series = opened(mr_slice(0, Rows=2), tmp_path)
    assert series.shape == (1, 2, 5)
    assert any("more pixels than its header" in warning for warning in series.warnings)
    odd = mr_slice(0, np.zeros((3, 5), np.uint8))
    odd.PixelData += b"\0"
    assert not any("more pixels" in warning for warning in opened(odd, tmp_path).warnings)
