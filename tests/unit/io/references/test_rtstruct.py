"""Contours of an RTSTRUCT, filled on the slices: compared with scikit-image and with formulas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from skimage.draw import polygon2mask
from tests.unit.io.builders import EXPLICIT, IMPLICIT, save
from tests.unit.io.references.mask_files import (
    ORIENTATIONS,
    on_slice,
    series_of,
    source_images,
    structure_set,
    without_lengths,
)

from unetscope.domain.codes import Code
from unetscope.domain.errors import StudyError
from unetscope.domain.reference import Reference
from unetscope.io.references.contours import TooDetailedError, fill
from unetscope.io.references.reading import is_reference, read_reference
from unetscope.io.series import Series
from unetscope.io.study import open_study

SHAPE = (7, 60, 50)
CLOSED = "CLOSED_PLANAR"
Corners = NDArray[np.float64]


def circle(
    radius: float, centre: tuple[float, float] = (29.3, 24.6), corners: int = 200
) -> Corners:
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.column_stack([np.sin(angle), np.cos(angle)]) * radius + centre


def box(top: float, left: float, bottom: float, right: float) -> Corners:
    return np.array([(top, left), (top, right), (bottom, right), (bottom, left)], float)


def by_scikit_image(corners: Corners) -> NDArray[np.bool_]:
    return np.asarray(polygon2mask(SHAPE[1:], corners))


def star(seed: int, corners: int = 40) -> Corners:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    around = np.column_stack([np.sin(angle), np.cos(angle)]) * rng.uniform(3, 24, (corners, 1))
    return np.asarray(around + np.array((29.31, 24.57)))


@pytest.fixture(params=["axial", "sagittal", "oblique"])
def series(request: pytest.FixtureRequest, tmp_path: Path) -> Series:
    images = source_images(ORIENTATIONS[request.param], SHAPE, (3.0, 0.8, 1.1))
    return series_of(images, tmp_path / "series")


def read(
    tmp_path: Path, series: Series, structures: dict[str, Sequence[tuple[str, Corners]]]
) -> Reference:
    path = save(structure_set(structures), tmp_path / "rtstruct.dcm")
    assert is_reference(path)
    return read_reference(path, series)


def test_the_inside_of_a_polygon_is_that_of_scikit_image() -> None:
    for seed in range(30):
        corners = star(seed)
        assert np.array_equal(fill([corners], (60, 50)), by_scikit_image(corners))


def test_even_odd_over_any_lines() -> None:
    """Against counting crossings one by one, for polygons that cross themselves."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        corners = rng.uniform(-4, 24, (9, 2))
        found = fill([corners], (20, 22))
        for row, column in np.ndindex(20, 22):
            crossings = 0
            for (y0, x0), (y1, x1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
                if (y0 <= row) != (y1 <= row):
                    crossings += column > x0 + (row - y0) * (x1 - x0) / (y1 - y0)
            assert found[row, column] == (crossings % 2 == 1)


def test_neighbours_share_no_pixel_and_leave_none() -> None:
    left, right = fill([box(2, 2, 9, 6)], (12, 12)), fill([box(2, 6, 9, 10)], (12, 12))
    assert not (left & right).any()
    assert np.array_equal(left | right, fill([box(2, 2, 9, 10)], (12, 12)))
    assert left.sum() == 7 * 4


def test_a_contour_without_end_is_refused() -> None:
    zigzag = np.zeros((2_000_000, 2))
    zigzag[::2, 0] = 200
    with pytest.raises(TooDetailedError):
        fill([zigzag], (200, 200))


def test_a_circle_on_each_slice_has_the_area_of_the_formula(tmp_path: Path, series: Series) -> None:
    contours = [(CLOSED, on_slice(series, n, circle(20))) for n in range(1, 6)]
    reference = read(tmp_path, series, {"Ball": contours})
    mask = reference.mask(1)
    assert not mask[[0, 6]].any()
    for index in range(1, 6):
        assert np.array_equal(mask[index], by_scikit_image(circle(20)))
        assert mask[index].sum() == pytest.approx(np.pi * 20**2, rel=0.01)
    assert reference.segments[0].colour == "#ff8000"
    assert reference.segments[0].name == "Ball"
    assert reference.notes == ()


def test_an_inner_contour_is_a_hole(tmp_path: Path, series: Series) -> None:
    ring = [(CLOSED, on_slice(series, 3, circle(r))) for r in (20, 9)]
    mask = read(tmp_path, series, {"Ring": ring}).mask(1)[3]
    assert np.array_equal(mask, fill([circle(20)], SHAPE[1:]) & ~fill([circle(9)], SHAPE[1:]))


def test_a_keyhole_is_a_hole_and_its_channel_is_nothing(tmp_path: Path, series: Series) -> None:
    outer, inner = circle(20), circle(9)[::-1]
    keyhole = np.concatenate([outer, outer[:1], inner[-1:], inner, outer[:1]])
    mask = read(tmp_path, series, {"Keyhole": [(CLOSED, on_slice(series, 3, keyhole))]}).mask(1)[3]
    expected = fill([outer], SHAPE[1:]) & ~fill([inner], SHAPE[1:])
    assert np.count_nonzero(mask != expected) <= 2  # numbers of the file have six digits


def test_a_contour_between_slices_goes_to_the_nearest(tmp_path: Path, series: Series) -> None:
    at = (0.4, 2.6, 5.0)
    contours = [(CLOSED, on_slice(series, n, box(10.2, 10.2, 20.2, 20.2))) for n in at]
    mask = read(tmp_path, series, {"Box": contours}).mask(1)
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [0, 3, 5]
    outside = [(CLOSED, on_slice(series, n, box(10.2, 10.2, 20.2, 20.2))) for n in (-0.4, 6.6)]
    reference = read(tmp_path, series, {"Box": outside})
    assert np.flatnonzero(reference.mask(1).any(axis=(1, 2))).tolist() == [0]
    assert any("1 of 2 contours" in note for note in reference.notes)


def test_contours_drawn_on_every_third_slice_stand_for_those_between(
    tmp_path: Path, series: Series
) -> None:
    contours = [(CLOSED, on_slice(series, n, box(10.2, 10.2, 12.2 + n, 20.2))) for n in (0, 3, 6)]
    reference = read(tmp_path, series, {"Box": contours})
    assert reference.mask(1).sum(axis=(1, 2)).tolist() == [20, 20, 50, 50, 50, 80, 80]
    assert any("9 mm apart" in note for note in reference.notes)


def test_two_lesions_far_apart_do_not_grow(tmp_path: Path, series: Series) -> None:
    contours = [(CLOSED, on_slice(series, n, box(10.2, 10.2, 14.2, 20.2))) for n in (0, 6)]
    mask = read(tmp_path, series, {"Lesions": contours}).mask(1)
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [0, 6]


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("lengths", [False, True])
def test_however_its_sequences_are_written(
    tmp_path: Path, series: Series, implicit: bool, lengths: bool
) -> None:
    dataset = structure_set({"Ball": [(CLOSED, on_slice(series, 3, circle(12)))]})
    observed = Dataset()
    observed.ReferencedROINumber = 1
    observed.RTROIIdentificationCodeSequence = [Dataset()]
    observed.RTROIIdentificationCodeSequence[0].CodeValue = "78961009"
    observed.RTROIIdentificationCodeSequence[0].CodingSchemeDesignator = "SCT"
    observed.RTROIIdentificationCodeSequence[0].CodeMeaning = "Spleen"
    dataset.RTROIObservationsSequence = [observed]
    if not lengths:
        without_lengths(dataset)
    path = save(dataset, tmp_path / "rt.dcm", IMPLICIT if implicit else EXPLICIT)
    reference = read_reference(path, series)
    assert np.array_equal(reference.mask(1)[3], by_scikit_image(circle(12)))
    (ball,) = reference.segments
    assert ball.code == Code("78961009", "SCT", "Spleen")


def test_a_series_with_a_gap_takes_each_contour_at_its_own_place(tmp_path: Path) -> None:
    images = source_images(shape=SHAPE, places=(0.0, 3.0, 6.0, 9.0, 30.0, 33.0, 36.0))
    series = series_of(images, tmp_path / "series")
    start = np.array(images[0].ImagePositionPatient, float)
    corners = np.array([(4, 4, 0), (4, 20, 0), (20, 20, 0), (20, 4, 0)], float)
    contours = [(CLOSED, start + corners + (0, 0, z)) for z in (3.0, 15.0, 30.0)]
    mask = read(tmp_path, series, {"Box": contours}).mask(1)
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [1, 4]


def test_structures_within_each_other_keep_their_pixels(tmp_path: Path, series: Series) -> None:
    structures: dict[str, Sequence[tuple[str, Corners]]] = {
        name: [(CLOSED, on_slice(series, 3, circle(radius)))]
        for name, radius in (("GTV", 8), ("PTV", 16))
    }
    reference = read(tmp_path, series, structures)
    assert [reference.voxels(n) for n in (1, 2)] == [
        by_scikit_image(circle(radius)).sum() for radius in (8, 16)
    ]
    assert any("overlap" in note for note in reference.notes)


def test_points_and_open_contours_are_listed_as_left_out(tmp_path: Path, series: Series) -> None:
    there = on_slice(series, 2, box(10.2, 10.2, 20.2, 20.2))
    reference = read(
        tmp_path,
        series,
        {
            "Box": [(CLOSED, there), ("POINT", there[:1]), ("OPEN_PLANAR", there[:3])],
            "Isocentre": [("POINT", there[:1])],
            "Line": [(CLOSED, there[:2])],
        },
    )
    assert [segment.name for segment in reference.segments] == ["Box"]
    left_out = "Left out: contours that enclose nothing (1), open contours (1), points (2)."
    assert left_out in reference.notes


def test_contours_that_cut_the_slices_are_filled_in_their_own_planes(tmp_path: Path) -> None:
    """A ball outlined on coronal planes, on an axial series."""
    images = source_images(ORIENTATIONS["axial"], (30, 32, 32), (1.0, 1.0, 1.0))
    series = series_of(images, tmp_path / "series")
    centre, radius = np.array((-15.0, 35.0, 25.0)), 11.0
    contours = []
    for y in np.arange(-10.0, 11.0):
        r = np.sqrt(radius**2 - y**2)
        flat = circle(r, (0, 0), 90)
        corners = np.column_stack([flat[:, 1], np.full(90, y), flat[:, 0]]) + centre
        contours.append((CLOSED, corners))
    reference = read(tmp_path, series, {"Ball": contours})
    index = np.moveaxis(np.indices((*series.shape, 1))[:3, ..., 0], 0, -1)
    places = index @ series.affine[:3, :3].T + series.affine[:3, 3]
    ball = np.linalg.norm(places - centre, axis=-1) <= radius
    found = reference.mask(1)
    assert 2 * (found & ball).sum() / (found.sum() + ball.sum()) > 0.97
    assert found.sum() == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.03)
    assert any("own planes" in note for note in reference.notes)


def test_a_structure_set_without_contours_says_so(tmp_path: Path, series: Series) -> None:
    there = on_slice(series, 2, box(1, 1, 5, 5))
    with pytest.raises(StudyError, match="no closed contours"):
        read(tmp_path, series, {"Isocentre": [("POINT", there[:1])]})


def test_opened_as_a_study_it_says_what_it_is_for(tmp_path: Path, series: Series) -> None:
    there = on_slice(series, 2, box(1, 1, 5, 5))
    path = save(structure_set({"Box": [(CLOSED, there)]}), tmp_path / "rtstruct.dcm")
    with pytest.raises(StudyError, match="a structure set") as caught:
        open_study(path)
    assert "as a reference" in caught.value.hint
