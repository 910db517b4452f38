"""Studies written in every direction land where they were in the patient.

The patient coordinate of a voxel is computed by nibabel, from the affine of a volume in RAS, and
written into the voxel itself; what is read back must agree at every voxel, letter and slice.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine
from nibabel.orientations import aff2axcodes
from numpy.typing import NDArray
from tests.unit.io.builders import mr_slice, save

from unetscope.domain.geometry import edge_letters, plane_name
from unetscope.io.series import Series
from unetscope.io.study import open_study

Affine = NDArray[np.float64]

SHAPE = (6, 4, 5)  # slices, rows, columns
SPACINGS = [(3.0, 0.5, 0.5), (1.0, 0.9, 2.5), (0.7, 1.5, 0.4)]  # of slices, rows, columns
_ACHE = np.deg2rad(20)
OBLIQUE = np.array(
    [
        [np.cos(_ACHE), -np.sin(_ACHE), 0],
        [np.sin(_ACHE) * np.cos(_ACHE), np.cos(_ACHE) ** 2, -np.sin(_ACHE)],
        [np.sin(_ACHE) ** 2, np.sin(_ACHE) * np.cos(_ACHE), np.cos(_ACHE)],
    ]
)
ORIENTATIONS = {  # row and column direction in LPS
    "axial": (np.array([1.0, 0, 0]), np.array([0.0, 1, 0])),
    "coronal": (np.array([1.0, 0, 0]), np.array([0.0, 0, -1])),
    "sagittal": (np.array([0.0, 1, 0]), np.array([0.0, 0, -1])),
    "axial from the head": (np.array([-1.0, 0, 0]), np.array([0.0, 1, 0])),
    "sagittal from the left": (np.array([0.0, -1, 0]), np.array([0.0, 0, -1])),
    "oblique": (OBLIQUE[:, 0], OBLIQUE[:, 1]),
}
LETTERS = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"}
DICOM_LETTER = {"S": "H", "I": "F"}


def ras_affine(name: str, spacing: tuple[float, float, float]) -> Affine:
    """Index (slice, row, column) to RAS mm; slices go along row x column."""
    rows, columns = ORIENTATIONS[name]
    lps = np.eye(4)
    steps = (np.cross(rows, columns) * spacing[0], columns * spacing[1], rows * spacing[2])
    lps[:3, :3] = np.stack(steps, axis=1)
    lps[:3, 3] = (-31.5, 22.25, 7.125)
    return np.diag([-1.0, -1, 1, 1]) @ lps


def write(folder: Path, affine: Affine, spacing: tuple[float, float, float], seed: int) -> None:
    """Write the slices in another order, under names and numbers that say nothing."""
    random = np.random.default_rng(seed)
    image = nib.Nifti1Image(np.zeros(SHAPE, np.int16), affine)
    names, numbers = random.permutation(SHAPE[0]), random.permutation(SHAPE[0])
    flip = np.array([-1.0, -1, 1])
    for n in random.permutation(SHAPE[0]):
        corner = apply_affine(image.affine, (n, 0, 0)) * flip
        right = apply_affine(image.affine, (n, 0, 1)) * flip - corner
        down = apply_affine(image.affine, (n, 1, 0)) * flip - corner
        pixels = np.arange(SHAPE[1] * SHAPE[2], dtype=np.int16).reshape(SHAPE[1:]) + 100 * n
        direction = [*right / np.linalg.norm(right), *down / np.linalg.norm(down)]
        dataset = mr_slice(
            0,
            pixels.astype(np.int16),
            ImageOrientationPatient=[decimal(v) for v in direction],
            ImagePositionPatient=[decimal(v) for v in corner],
            PixelSpacing=list(spacing[1:]),
            InstanceNumber=int(numbers[n]) + 1,
        )
        save(dataset, folder / f"{names[n]:03d}.dcm")


def decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.12f}"[:16]


def opened(folder: Path) -> Series:
    (series,) = open_study(folder).series
    return series


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_voxel_lands_where_nibabel_puts_it(
    tmp_path: Path, name: str, spacing: tuple[float, float, float], seed: int
) -> None:
    affine = ras_affine(name, spacing)
    write(tmp_path, affine, spacing, seed)
    series = opened(tmp_path)
    assert series.warnings == ()
    assert series.geometry_sure
    assert series.calibrated
    assert np.allclose(series.spacing, spacing, atol=1e-9)
    assert np.allclose(series.affine, np.diag([-1, -1, 1, 1]) @ affine, atol=1e-8)
    image = nib.Nifti1Image(series.volume(), affine)
    for voxel in itertools.product((0, 2, 5), (0, 3), (0, 4)):
        value = 100 * voxel[0] + SHAPE[2] * voxel[1] + voxel[2]
        assert image.dataobj[voxel] == value, "the slice is not the one that was there"
        patient = apply_affine(image.affine, voxel) * (-1, -1, 1)
        assert np.allclose((series.affine @ (*voxel, 1))[:3], patient, atol=1e-8)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_the_letters_are_those_of_nibabel(tmp_path: Path, name: str) -> None:
    affine = ras_affine(name, SPACINGS[0])
    write(tmp_path, affine, SPACINGS[0], 3)
    series = opened(tmp_path)
    letters = edge_letters(series.row_direction, series.column_direction)
    _, down, right = aff2axcodes(affine)
    expected = [LETTERS[right], right, LETTERS[down], down]
    shown = [letters.left[0], letters.right[0], letters.top[0], letters.bottom[0]]
    assert shown == [DICOM_LETTER.get(letter, letter) for letter in expected]
    along = aff2axcodes(affine)[0]
    plane = {"S": "axial", "I": "axial", "A": "coronal", "P": "coronal"}.get(along, "sagittal")
    assert plane_name(series.row_direction, series.column_direction) == plane


@pytest.mark.parametrize("lost", range(1, SHAPE[0] - 1))
def test_a_lost_slice_is_named_in_every_stack(tmp_path: Path, lost: int) -> None:
    affine = ras_affine("coronal", SPACINGS[0])
    write(tmp_path, affine, SPACINGS[0], 4)
    series = opened(tmp_path)
    series.path(lost).unlink()
    short = opened(tmp_path)
    (warning,) = short.warnings
    assert (
        f"1 slice is missing: the stack has a gap between slices {lost} and {lost + 1}" in warning
    )
    assert short.spacing[0] == pytest.approx(SPACINGS[0][0])
    assert not short.geometry_sure
    assert short.calibrated


@pytest.mark.parametrize("places", [(0, 2, 6), (0, 4, 6), (0, 2, 4, 8), (0, 6, 8)])
def test_a_gap_in_a_stack_of_three_is_found(tmp_path: Path, places: tuple[float, ...]) -> None:
    for n, z in enumerate(places):
        save(mr_slice(z), tmp_path / f"{n}.dcm")
    series = opened(tmp_path)
    gap = int(np.argmax(np.diff(places)))
    where = (
        f"between slices {gap + 1} and {gap + 2} ({places[gap]:.1f} to {places[gap + 1]:.1f} mm)"
    )
    assert any("missing" in w and where in w for w in series.warnings)
    assert series.spacing[0] == 2.0


def test_two_slices_farther_apart_than_the_header_says_are_said(tmp_path: Path) -> None:
    for z in (0.0, 6.0):
        save(mr_slice(z, SpacingBetweenSlices=2), tmp_path / f"{z}.dcm")
    assert any("header says 2 mm" in warning for warning in opened(tmp_path).warnings)
