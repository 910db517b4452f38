"""NIfTI volumes: the same voxels, in the directions a radiologist expects."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from tests.unit.io.builders import save_nifti

from unetscope.domain.errors import StudyError
from unetscope.domain.geometry import edge_letters, plane_name
from unetscope.domain.window import Window
from unetscope.io import nifti
from unetscope.io.study import open_study

SIGNED_AXES = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]
LETTERS = {"axial": "RLAP", "coronal": "RLHF", "sagittal": "APHF"}


@pytest.mark.parametrize(("order", "signs"), SIGNED_AXES)
def test_every_stored_direction_comes_out_radiological_and_true(
    tmp_path: Path, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    values = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (target, sign) in enumerate(zip(order, signs, strict=True)):
        affine[target, axis] = sign * (1.0 + axis)
    affine[:3, 3] = (10, -20, 30)
    series = open_study(save_nifti(tmp_path / "a.nii", values, affine)).series[0]

    edges = edge_letters(series.row_direction, series.column_direction)
    plane = plane_name(series.row_direction, series.column_direction)
    assert edges.left + edges.right + edges.top + edges.bottom == LETTERS[plane]
    assert len(series) == 4  # slices lie along the third axis of the file
    volume = series.volume()
    for index in np.ndindex(volume.shape):
        lps = (series.affine @ (*index, 1))[:3]
        ras = lps * (-1, -1, 1)
        i, j, k = np.rint(np.linalg.inv(affine) @ (*ras, 1))[:3].astype(int)
        assert volume[index] == values[i, j, k]
    assert [series.position(n) for n in range(4)] == sorted(series.grid.positions)
    assert series.spacing[0] == pytest.approx(3.0)
    assert series.geometry_sure


def test_rows_are_j_and_columns_are_i(tmp_path: Path) -> None:
    values = np.zeros((7, 6, 5), np.uint8)
    series = open_study(save_nifti(tmp_path / "a.nii.gz", values, np.diag([1, 2, 3, 1]))).series[0]
    assert series.shape == (5, 6, 7)
    assert series.spacing == (3.0, 2.0, 1.0)
    assert series.description == "a"


def test_a_4d_file_is_one_series_for_each_volume(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4 * 3, dtype=np.float32).reshape(2, 3, 4, 3)
    study = open_study(save_nifti(tmp_path / "a.nii.gz", values, np.eye(4)))
    assert len(study.series) == 3
    assert len({series.uid for series in study.series}) == 3
    for volume, series in enumerate(study.series):
        assert sorted(series.volume().ravel()) == sorted(values[..., volume].ravel())


def test_the_scale_of_the_file_is_applied_and_raw_values_are_kept(tmp_path: Path) -> None:
    values = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    path = save_nifti(tmp_path / "a.nii", values, np.eye(4), cal_min=0, cal_max=50)
    header = bytearray(path.read_bytes())
    header[112:120] = np.array([10, 5], "<f4").tobytes()  # scl_slope, scl_inter
    path.write_bytes(bytes(header))
    series = open_study(path).series[0]
    assert sorted(series.volume().ravel()) == [5, 15, 25, 35, 45, 55, 65, 75]
    assert series.raw(0).dtype == np.int16
    assert series.window(0) == Window(25, 50, "LINEAR_EXACT")


def test_big_endian_values_come_native(tmp_path: Path) -> None:
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    image = nib.Nifti1Image(np.arange(8, dtype=">i2").reshape(2, 2, 2), np.eye(4), header)
    nib.save(image, tmp_path / "a.nii")
    series = open_study(tmp_path / "a.nii").series[0]
    assert series.raw(0).dtype.isnative
    assert sorted(series.volume().ravel()) == list(range(8))


def test_an_unknown_orientation_is_warned_of(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "a.nii", np.zeros((2, 2, 2), np.int16), None)
    series = open_study(path).series[0]
    assert not series.has_orientation
    assert not series.geometry_sure
    assert series.warnings


def test_a_sheared_affine_is_warned_of_and_kept(tmp_path: Path) -> None:
    affine = np.eye(4)
    affine[0, 2] = 0.5
    series = open_study(save_nifti(tmp_path / "a.nii", np.zeros((2, 2, 3)), affine)).series[0]
    assert any("right angles" in warning for warning in series.warnings)
    assert np.allclose(abs(series.affine[:3, 0]), (0.5, 0, 1))


def test_what_nibabel_remarks_about_a_header_becomes_a_notice(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save_nifti(tmp_path / "a.nii", np.zeros((2, 2, 2), np.int16), np.eye(4))
    header = bytearray(path.read_bytes())
    header[252:254] = b"\x63\x00"  # qform_code 99
    path.write_bytes(bytes(header))
    series = open_study(path).series[0]
    assert series.notices
    assert capfd.readouterr().err == ""


def test_metres_become_millimetres(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.diag([0.001, 0.001, 0.002, 1]))
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "a.nii")
    assert open_study(tmp_path / "a.nii").series[0].spacing == pytest.approx((2, 1, 1))


def test_a_single_picture_is_one_slice(tmp_path: Path) -> None:
    series = open_study(save_nifti(tmp_path / "a.nii", np.zeros((4, 3)), np.eye(4))).series[0]
    assert series.volume().shape == (1, 3, 4)


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_colour_and_complex_images_are_refused(tmp_path: Path, dtype: object) -> None:
    path = save_nifti(tmp_path / "a.nii", np.zeros((2, 2, 2), dtype), np.eye(4))  # type: ignore[call-overload]
    with pytest.raises(StudyError, match="colour or complex"):
        open_study(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_file_cut_short_gives_a_sentence(tmp_path: Path, name: str) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (20, 20, 20)).astype(np.int16)
    path = save_nifti(tmp_path / name, values, np.eye(4))
    whole = path.read_bytes()
    for length in (0, 10, 200, 348, 400, 5000):
        path.write_bytes(whole[:length])
        with pytest.raises(StudyError):
            open_study(path).series[0].volume()


NAMES = pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])


@NAMES
def test_every_slice_is_the_one_of_the_volume(tmp_path: Path, name: str) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (5, 6, 7, 2)).astype(np.int16)
    path = save_nifti(tmp_path / name, values, np.diag([1, 2, -3, 1]))
    for volume, series in enumerate(open_study(path).series):
        whole = open_study(path).series[volume].volume()
        for index in (6, 0, 3):
            assert (series.slice(index) == whole[index]).all()
            assert (
                np.sort(series.raw(index), None) == np.sort(values[..., 6 - index, volume], None)
            ).all()


@NAMES
@pytest.mark.parametrize("how", ["shorter", "other", "gone"])
def test_a_file_that_changes_while_it_is_open_is_refused(
    tmp_path: Path, name: str, how: str
) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (40, 40, 40)).astype(np.int16)
    path = save_nifti(tmp_path / name, values, np.eye(4))
    series = open_study(path).series[0]
    first = series.slice(0).copy()
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:5000] if how == "shorter" else content[:-1] + b"x" * 9)
    what = "is no longer there" if how == "gone" else "has changed since it was opened"
    with pytest.raises(StudyError, match=f"{name} {what}"):
        series.slice(1)
    assert (series.slice(0) == first).all()  # what was read is still true


@NAMES
def test_a_file_cut_short_in_the_midst_of_a_look_is_an_error_and_no_crash(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(0).integers(0, 1000, (40, 40, 40)).astype(np.int16)
    path = save_nifti(tmp_path / name, values, np.eye(4))
    series = open_study(path).series[0]
    content = path.read_bytes()

    def cut(path: Path, _: object) -> None:
        path.write_bytes(content[:5000])

    monkeypatch.setattr(nifti, "check_as_written", cut)
    with pytest.raises(StudyError, match="cannot be read"):
        series.slice(39)
