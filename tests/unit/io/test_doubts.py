"""What pydicom stays quiet on: never a wrong picture, or a wrong length, without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from tests.unit.io.builders import mr_slice, mr_stack, save, save_nifti, save_stack

from unetscope.domain.errors import StudyError
from unetscope.io.series import Series
from unetscope.io.study import open_study


def opened(folder: Path, datasets: list[Dataset]) -> Series:
    (series,) = open_study(save_stack(folder, datasets)).series
    return series


def with_text(keyword: str, values: list[str]) -> list[Dataset]:
    """A stack with an element whose text pydicom would refuse to set."""
    datasets = mr_stack(3)
    for dataset in datasets:
        dataset[keyword]._value = values
    return datasets


@pytest.mark.parametrize(
    ("keyword", "values", "word"),
    [
        ("PixelSpacing", ["0", "0"], "spacing in the file"),
        ("PixelSpacing", ["nan", "0.5"], "spacing in the file"),
        ("PixelSpacing", ["-1", "0.5"], "spacing in the file"),
        ("ImageOrientationPatient", ["1", "0", "0", "0.5", "0.8", "0"], "right angle"),
        ("ImageOrientationPatient", ["0", "0", "0", "0", "0", "0"], "no meaning"),
        ("ImageOrientationPatient", ["1", "0", "0", "1", "0", "0"], "no meaning"),
    ],
)
def test_nothing_is_measured_in_mm_where_the_header_makes_no_sense(
    tmp_path: Path, keyword: str, values: list[str], word: str
) -> None:
    series = opened(tmp_path, with_text(keyword, values))
    assert any(word in warning for warning in series.warnings)
    assert not series.calibrated
    assert not series.geometry_sure
    assert np.isfinite(series.affine).all()


@pytest.mark.parametrize(
    ("elements", "calibrated"),
    [
        ({}, True),
        ({"PixelSpacing": None}, False),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.1, 0.1]}, False),
        ({"PixelSpacing": None, "PixelAspectRatio": [2, 1]}, False),
        ({"ImagePositionPatient": None}, True),
    ],
)
def test_a_slice_is_calibrated_by_its_pixel_spacing_alone(
    tmp_path: Path, elements: dict[str, Any], calibrated: bool
) -> None:
    assert opened(tmp_path, mr_stack(3, **elements)).calibrated == calibrated


def test_pixels_that_are_not_square_keep_their_shape(tmp_path: Path) -> None:
    elements: dict[str, Any] = {"PixelSpacing": None, "PixelAspectRatio": [2, 1]}
    series = opened(tmp_path, mr_stack(3, **elements))
    assert series.spacing[1:] == (2.0, 1.0)


def test_a_nifti_file_without_a_meaning_is_not_calibrated(tmp_path: Path) -> None:
    values = np.zeros((3, 4, 5), np.int16)
    flat = np.diag([1e-10, 1, 1, 1])
    path = save_nifti(tmp_path / "a.nii", values, flat, sform_code=1, qform_code=0)
    assert not open_study(path).series[0].calibrated
    assert open_study(save_nifti(tmp_path / "b.nii", values, np.eye(4))).series[0].calibrated


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.99])
def test_a_file_cut_anywhere_is_refused_with_a_hint(tmp_path: Path, keep: float) -> None:
    path = save(mr_slice(0, np.zeros((64, 64), np.int16)), tmp_path / "a.dcm")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(StudyError) as caught:
        open_study(path)
    assert "cut short" in caught.value.what
    assert caught.value.hint


def test_a_header_cut_in_its_first_elements_is_said_to_be_cut(tmp_path: Path) -> None:
    path = save(mr_slice(), tmp_path / "a.dcm")
    raw = path.read_bytes()
    path.write_bytes(raw[: raw.index(b"PN") + 6])
    with pytest.raises(StudyError, match="cut short"):
        open_study(path)


def test_what_is_no_image_is_not_taken_for_one_because_it_has_no_preamble(tmp_path: Path) -> None:
    said = {"Rows": "without the size", "SOPClassUID": "does not say of what kind"}
    for keyword, reason in said.items():
        elements: dict[str, Any] = {keyword: None}
        dataset = mr_slice(0, **elements)
        path = save(dataset, tmp_path / keyword, "1.2.840.10008.1.2", with_meta=False)
        with pytest.raises(StudyError, match=reason):
            open_study(path)
