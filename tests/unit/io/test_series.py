"""Slices in order, on their grid, in their units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset
from pydicom.config import IGNORE
from tests.unit.io.builders import (
    CORONAL,
    SAGITTAL,
    ct_slice,
    enhanced_mr,
    mr_slice,
    mr_stack,
    save,
    save_stack,
)

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.domain.window import Window
from unetscope.io.series import Series
from unetscope.io.study import open_study


def opened(folder: Path, datasets: list[Dataset]) -> Series:
    study = open_study(save_stack(folder, datasets))
    assert len(study.series) == 1, [series.uid for series in study.series]
    return study.series[0]


def test_slices_are_sorted_by_position_not_by_name_or_number(tmp_path: Path) -> None:
    series = opened(tmp_path, mr_stack(5))
    assert series.volume()[:, 0, 0].tolist() == [0, 1, 2, 3, 4]
    assert [series.position(i) for i in range(len(series))] == [0, 2, 4, 6, 8]
    assert series.shape == (5, 4, 5)
    assert series.spacing == (2.0, 0.5, 0.75)
    assert series.geometry_sure
    assert series.warnings == ()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
    step=st.floats(0.5, 5),
    order=st.permutations(range(4)),
)
def test_the_affine_maps_every_voxel_to_where_the_files_say(
    tmp_path_factory: pytest.TempPathFactory,
    angles: tuple[float, float, float],
    step: float,
    order: list[int],
) -> None:
    rotation, _ = np.linalg.qr(np.vander(np.add(angles, (7, 11, 13))))
    rows, columns = rotation[:, 0], rotation[:, 1]
    normal = np.cross(rows, columns)
    folder = tmp_path_factory.mktemp("oblique")
    for n in order:
        position = np.array([5.0, -6.0, 7.0]) + n * step * normal
        orientation = [f"{v:.12f}"[:16] for v in (*rows, *columns)]
        elements = {
            "ImagePositionPatient": [f"{v:.9f}"[:16] for v in position],
            "ImageOrientationPatient": orientation,
        }
        save(mr_slice(0, np.full((4, 5), n, np.int16), **elements), folder / f"{n}.dcm")
    series = open_study(folder).series[0]
    for n in range(4):
        expected = np.array([5.0, -6.0, 7.0]) + n * step * normal
        expected += 3 * 0.5 * columns + 4 * 0.75 * rows
        assert np.allclose((series.affine @ (n, 3, 4, 1))[:3], expected, atol=1e-4)
        assert series.slice(n)[0, 0] == n


@pytest.mark.parametrize("orientation", [CORONAL, SAGITTAL])
def test_other_planes_are_sorted_along_their_own_normal(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    normal = np.cross(orientation[:3], orientation[3:])
    slices = [
        mr_slice(
            0,
            np.full((4, 5), n, np.int16),
            ImageOrientationPatient=list(orientation),
            ImagePositionPatient=(n * 3.0 * normal).tolist(),
        )
        for n in range(3)
    ]
    series = opened(tmp_path, slices[::-1])
    assert series.volume()[:, 0, 0].tolist() == [0, 1, 2]
    assert np.allclose(np.cross(series.row_direction, series.column_direction), normal)


def test_ct_is_rescaled_to_hounsfield_units_and_padding_with_it(tmp_path: Path) -> None:
    slices = [
        ct_slice(z, PixelPaddingValue=-5, WindowCenter=["40", "300"], WindowWidth=["400", "1500"])
        for z in (0, 1)
    ]
    series = opened(tmp_path, slices)
    assert series.units == "HU"
    assert np.array_equal(series.volume()[0].ravel(), np.arange(20) * 2.0 - 1000)
    assert np.array_equal(series.raw(0).ravel(), np.arange(20))
    assert series.padding == -1010
    assert series.window(0) == Window(40, 400)


def test_a_modality_table_takes_the_place_of_slope_and_intercept(tmp_path: Path) -> None:
    table = Dataset()
    table.add_new(0x00283002, "US", [4, 10, 16])
    table.add_new(0x00283006, "US", [100, 200, 300, 400])
    table.ModalityLUTType = "US"
    dataset = mr_slice(0, np.array([[9, 10, 11], [12, 13, 99]], np.uint16))
    dataset.ModalityLUTSequence = [table]
    series = opened(tmp_path, [dataset])
    assert series.slice(0).tolist() == [[100, 100, 200], [300, 400, 400]]


@pytest.mark.parametrize("slope", ["0", "NaN"])
def test_a_slope_without_meaning_is_not_used_and_named(tmp_path: Path, slope: str) -> None:
    datasets = [ct_slice(z) for z in (0, 1)]
    for dataset in datasets:
        dataset.add_new(0x00281053, "DS", "1")
        dataset[0x00281053]._value = slope  # pydicom would refuse it
    series = opened(tmp_path, datasets)
    assert np.array_equal(series.slice(0).ravel(), np.arange(20))
    assert any("slope" in warning for warning in series.warnings)


def test_monochrome1_is_said_and_the_values_stay(tmp_path: Path) -> None:
    series = opened(tmp_path, [mr_slice(PhotometricInterpretation="MONOCHROME1")])
    assert series.monochrome1
    assert series.slice(0)[0, 1] == 1


def test_twelve_bits_ignore_what_else_is_in_the_word(tmp_path: Path) -> None:
    pixels = np.array([[0x0FFF, 0xF001]], np.uint16)
    series = opened(tmp_path, [mr_slice(0, pixels, BitsStored=12, HighBit=11)])
    assert series.slice(0).tolist() == [[4095, 1]]


def test_a_missing_slice_is_warned_of(tmp_path: Path) -> None:
    slices = mr_stack(6)
    del slices[2]
    series = opened(tmp_path, slices)
    assert series.spacing[0] == 2.0
    assert not series.geometry_sure
    assert any("missing" in warning for warning in series.warnings)


def test_uneven_slices_are_warned_of(tmp_path: Path) -> None:
    series = opened(tmp_path, [mr_slice(z) for z in (0, 2, 4.7, 6)])
    assert any("evenly" in warning for warning in series.warnings)


def test_a_copied_file_is_left_out_with_a_warning(tmp_path: Path) -> None:
    folder = save_stack(tmp_path, mr_stack(3))
    first = sorted(folder.iterdir())[0]
    (folder / "copy.dcm").write_bytes(first.read_bytes())
    study = open_study(folder)
    assert [len(series) for series in study.series] == [3]
    assert [skipped.reason for skipped in study.skipped] == [f"a duplicate of {first.name}"]
    assert any("duplicate" in warning for warning in study.series[0].warnings)


def test_a_uid_used_twice_for_different_pixels_loses_nothing(tmp_path: Path) -> None:
    slices = mr_stack(3)
    other = mr_slice(2.0, np.full((4, 5), 77, np.int16), InstanceNumber=slices[1].InstanceNumber)
    other.SOPInstanceUID = slices[1].SOPInstanceUID
    study = open_study(save_stack(tmp_path, [*slices, other]))
    assert sorted(len(series) for series in study.series) == [1, 3]
    assert study.skipped == ()


def test_a_slice_sent_twice_under_another_uid_is_left_out_too(tmp_path: Path) -> None:
    slices = mr_stack(3)
    slices.append(mr_slice(2.0, np.full((4, 5), 1, np.int16), InstanceNumber=9))
    study = open_study(save_stack(tmp_path, slices))
    assert [len(series) for series in study.series] == [3]
    assert any("duplicate" in warning for warning in study.series[0].warnings)
    assert len(study.skipped) == 1


def test_a_conflicting_duplicate_is_kept_apart_with_a_warning(tmp_path: Path) -> None:
    slices = mr_stack(3)
    slices.append(mr_slice(2.0, np.full((4, 5), 77, np.int16), InstanceNumber=9))
    study = open_study(save_stack(tmp_path, slices))
    assert [len(series) for series in study.series] == [3, 1]
    assert study.series[0].volume()[:, 0, 0].tolist() == [0, 1, 2]
    assert all(any("duplicate" in w for w in series.warnings) for series in study.series)


def test_slices_without_position_keep_instance_order(tmp_path: Path) -> None:
    for keywords in (["ImagePositionPatient"], ["ImagePositionPatient", "ImageOrientationPatient"]):
        folder = tmp_path / str(len(keywords))
        series = opened(folder, mr_stack(4, 2.0, **dict.fromkeys(keywords)))
        assert series.volume()[:, 0, 0].tolist() == [3, 2, 1, 0]  # builders number backwards
        assert not series.geometry_sure
        assert series.has_orientation == (len(keywords) == 1)
        assert series.warnings


@pytest.mark.parametrize("spacing", [[0, 0.5], None])
def test_a_spacing_without_meaning_is_replaced_with_a_warning(
    tmp_path: Path, spacing: list[float] | None
) -> None:
    series = opened(tmp_path, mr_stack(3, PixelSpacing=spacing))
    assert series.spacing == (2.0, 1.0, 1.0)
    assert not series.geometry_sure
    assert any("pixel spacing" in warning for warning in series.warnings)


def test_skewed_directions_are_straightened_with_a_warning(tmp_path: Path) -> None:
    series = opened(tmp_path, mr_stack(3, ImageOrientationPatient=[1, 0, 0, 0.3, 0.954, 0]))
    assert abs(series.row_direction @ series.column_direction) < 1e-12
    assert any("right angle" in warning for warning in series.warnings)
    assert not series.geometry_sure


def test_a_tilted_gantry_is_in_the_affine_and_warned_of(tmp_path: Path) -> None:
    slices = [
        ct_slice(0, ImagePositionPatient=[0, 0.5 * z, z], PixelSpacing=[0.5, 0.5]) for z in range(4)
    ]
    series = opened(tmp_path, slices)
    assert np.allclose((series.affine @ (3, 0, 0, 1))[:3], [0, 1.5, 3])
    assert series.spacing[0] == 1.0
    assert any("sheared" in warning for warning in series.warnings)


def test_two_patients_are_never_one_series(tmp_path: Path) -> None:
    slices = mr_stack(4)
    slices[1].PatientID = "P2"
    study = open_study(save_stack(tmp_path, slices))
    assert sorted(len(series) for series in study.series) == [1, 3]
    assert all(any("patients" in w for w in series.warnings) for series in study.series)
    assert len({series.uid for series in study.series}) == 2


@pytest.mark.parametrize(
    ("keyword", "values", "word"),
    [
        ("EchoNumbers", [1, 2], "echo 2"),
        ("EchoTime", [4.6, 9.2], "TE 9.2 ms"),
        ("DiffusionBValue", [0.0, 1000.0], "b 1000"),
        ("TemporalPositionIdentifier", [1, 2], "time 2"),
        ("AcquisitionNumber", [1, 2], "acquisition 2"),
        ("TriggerTime", [10.0, 60.0], "trigger 60 ms"),
        ("ImageType", [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]], "phase"),
        ("ContentTime", ["120000", "120100"], "repeat 2"),
    ],
)
def test_volumes_of_one_dicom_series_are_never_interleaved(
    tmp_path: Path, keyword: str, values: list[object], word: str
) -> None:
    slices = []
    for volume, value in enumerate(values):
        for n in range(3):
            pixels = np.full((4, 5), 10 * volume + n, np.int16)
            slices.append(mr_slice(n * 2.0, pixels, **{keyword: value}))
    study = open_study(save_stack(tmp_path, slices))
    assert [series.volume()[:, 0, 0].tolist() for series in study.series] == [
        [0, 1, 2],
        [10, 11, 12],
    ]
    assert study.series[1].description == f"T1 ({word})"
    assert len({series.uid for series in study.series}) == 2
    assert all(series.geometry_sure for series in study.series)


def test_an_acquisition_number_of_every_slice_parts_nothing(tmp_path: Path) -> None:
    slices = mr_stack(5)
    for number, dataset in enumerate(slices):
        dataset.AcquisitionNumber = number
        dataset.AcquisitionTime = f"12000{number}"
    assert opened(tmp_path, slices).geometry_sure


def test_a_localizer_in_three_planes_is_three_series(tmp_path: Path) -> None:
    slices = mr_stack(3) + [
        mr_slice(z, ImageOrientationPatient=list(plane))
        for plane in (CORONAL, SAGITTAL)
        for z in (0.0,)
    ]
    slices.append(mr_slice(0, np.zeros((8, 8), np.int16)))
    study = open_study(save_stack(tmp_path, slices))
    assert sorted(len(series) for series in study.series) == [1, 1, 1, 3]
    assert len({series.uid for series in study.series}) == 4


def test_enhanced_frames_have_their_own_place_slope_and_window(tmp_path: Path) -> None:
    pixels = np.stack([np.full((4, 5), n, np.int16) for n in (1, 2, 3)])
    frames = [
        {"z": 4.0, "slope": 10, "window": (5, 10)},
        {"z": 0.0, "slope": 100, "window": (50, 100)},
        {"z": 2.0, "slope": 1000, "window": (500, 1000)},
    ]
    series = open_study(save(enhanced_mr(frames, pixels), tmp_path / "e.dcm")).series[0]
    assert series.volume()[:, 0, 0].tolist() == [200, 3000, 10]
    assert [series.position(i) for i in range(3)] == [0, 2, 4]
    assert series.window(1) == Window(500, 1000)
    assert series.spacing == (2.0, 0.5, 0.75)
    assert series.geometry_sure


def test_enhanced_echoes_are_split(tmp_path: Path) -> None:
    pixels = np.stack([np.full((4, 5), n, np.int16) for n in range(4)])
    frames = [{"z": z, "echo_time": te} for z in (0.0, 2.0) for te in (5.0, 10.0)]
    study = open_study(save(enhanced_mr(frames, pixels), tmp_path / "e.dcm"))
    assert [series.volume()[:, 0, 0].tolist() for series in study.series] == [[0, 2], [1, 3]]


def test_a_multiframe_without_positions_keeps_its_order(tmp_path: Path) -> None:
    pixels = np.stack([np.full((4, 5), n, np.int16) for n in range(3)])
    series = opened(tmp_path, [mr_slice(0, pixels, NumberOfFrames=3)])
    assert series.volume()[:, 0, 0].tolist() == [0, 1, 2]
    assert not series.geometry_sure


def test_arrays_are_read_only_and_read_once(tmp_path: Path) -> None:
    series = opened(tmp_path, mr_stack(3))
    first = series.slice(1)
    assert series.slice(1) is first
    for array in (first, series.raw(1), series.volume(), series.affine, series.slice(2)):
        assert not array.flags.writeable
    assert series.volume() is series.volume()
    assert series.slice(2).base is series.volume()
    assert first.dtype == np.dtype("=f4")
    with pytest.raises(IndexError):
        series.slice(3)


def test_a_volume_reports_progress_and_can_be_cancelled(tmp_path: Path) -> None:
    series = opened(tmp_path, mr_stack(3))
    steps: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        series.volume(cancelled=lambda: len(steps) == 2, progress=lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3)]
    assert series.volume(progress=lambda *step: steps.append(step)).shape == (3, 4, 5)
    assert steps[2:] == [(1, 3), (2, 3), (3, 3)]


def test_a_slice_that_does_not_decode_is_nan_in_the_volume_and_named(tmp_path: Path) -> None:
    series = opened(tmp_path, mr_stack(3))
    series.path(1).unlink()
    with pytest.raises(StudyError, match="no longer there"):
        series.slice(1)
    volume = series.volume()
    assert np.isnan(volume[1]).all()
    assert np.isfinite(volume[[0, 2]]).all()
    assert any("cannot be decoded" in warning for warning in series.warnings)
    for index in (0, 2):
        series.path(index).unlink()
    lost = Series(series.info, series.grid, series._slices)
    with pytest.raises(StudyError):
        lost.volume()


def test_odd_header_values_become_a_notice_not_a_warning(tmp_path: Path) -> None:
    dataset = mr_slice()
    dataset[0x0008103E] = DataElement(0x0008103E, "LO", "secret " * 10, validation_mode=IGNORE)
    series = open_study(save(dataset, tmp_path / "a.dcm")).series[0]
    assert len(series.description) > 64
    assert series.notices
    assert any("standard" in warning for warning in series.warnings)
    assert not any("secret" in warning for warning in series.warnings), "may quote the patient"


def test_the_b_value_of_the_maker_splits_too(tmp_path: Path) -> None:
    slices = []
    for b_value in (0, 1000):
        for z in (0.0, 2.0):
            dataset = mr_slice(z)
            block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
            block.add_new(0x0C, "IS", str(b_value))
            slices.append(dataset)
    study = open_study(save_stack(tmp_path, slices))
    assert [series.description for series in study.series] == ["T1 (b 0)", "T1 (b 1000)"]
