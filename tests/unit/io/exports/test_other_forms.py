"""NIfTI, pictures and tables hold the mask, and nothing of the patient."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from tests.unit.io.builders import save_nifti
from tests.unit.io.exports.builders import CLASSES, SHAPE, mask, order, save_slices, series_of
from tests.unit.io.test_geometry_matrix import ORIENTATIONS

from unetscope.domain.errors import Cancelled, UnetscopeError
from unetscope.domain.export import Format, Order
from unetscope.io.exports.formats import write_segmentation
from unetscope.io.exports.tables import volume_table

KEPT = {each.index for each in CLASSES}


def kept() -> np.ndarray:
    labels = mask()
    return np.where(np.isin(labels, list(KEPT)), labels, 0)


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_nifti_lies_where_the_series_does(tmp_path: Path, name: str, ending: str) -> None:
    series = save_slices(tmp_path / "study", name)
    path = tmp_path / f"mask.{ending}"
    written = write_segmentation(order(series, path, Format.NIFTI))
    assert written.voxels == np.prod(SHAPE)
    image = nib.load(path)
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
    assert np.allclose(image.get_qform(), image.get_sform(), atol=1e-4)
    assert image.header.get_intent()[0] == "label"
    found = np.asarray(image.dataobj)
    to_index = np.linalg.inv(series.affine)
    for voxel in np.argwhere(found):
        place = (image.affine @ (*voxel, 1))[:3] * (-1, -1, 1)
        index = np.rint((to_index @ (*place, 1))[:3]).astype(int)
        assert kept()[tuple(index)] == found[tuple(voxel)]
    assert (found > 0).sum() == (kept() > 0).sum()


def test_nifti_of_nifti_comes_back_on_itself(tmp_path: Path) -> None:
    affine = np.array([[-2.0, 0, 0, 9], [0, 0, 1.5, 3], [0, 1, 0, -4], [0, 0, 0, 1]])
    save_nifti(tmp_path / "a.nii.gz", np.zeros((4, 5, 6), np.int16), affine)
    series = series_of(tmp_path / "a.nii.gz")
    labels = np.random.default_rng(1).integers(0, 2, series.shape, dtype=np.uint8)
    path = tmp_path / "mask.nii"
    write_segmentation(order(series, path, Format.NIFTI, labels=labels))
    again = series_of(path)
    assert np.allclose(again.affine, series.affine, atol=1e-5)
    assert np.array_equal(again.volume(), labels)


def test_pictures_hold_class_numbers_in_the_colours_of_the_classes(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    folder = tmp_path / "pictures"
    written = write_segmentation(order(series, folder, Format.PNG))
    assert written.files == SHAPE[0]
    for index in range(SHAPE[0]):
        with Image.open(folder / f"{index + 1:04d}.png") as picture:
            assert np.array_equal(np.array(picture), kept()[index])
            assert picture.info["Description"].startswith("Research use only. Made by")
            shown = np.array(picture.convert("RGB"))
    where = kept()[-1] == 2
    assert where.any()
    assert (shown[where] == (0xE6, 0x9F, 0x00)).all()
    with pytest.raises(UnetscopeError, match="There is a pictures already"):
        write_segmentation(order(series, folder, Format.PNG))


def test_a_tiff_has_a_page_for_each_slice(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    path = tmp_path / "mask.tif"
    write_segmentation(order(series, path, Format.TIFF, slices=(1, 4)))
    with Image.open(path) as pages:
        assert getattr(pages, "n_frames", 1) == 2
        for page, index in enumerate((1, 4)):
            pages.seek(page)
            assert np.array_equal(np.array(pages), kept()[index])


def test_a_table_adds_up(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    path = tmp_path / "mask.csv"
    write_segmentation(order(series, path, Format.CSV))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for each in CLASSES:
        mine = [row for row in rows if row["class"] == str(each.index)]
        counts = [int(row["voxels"]) for row in mine]
        assert sum(counts[:-1]) == counts[-1] == (mask() == each.index).sum()
        assert float(mine[-1]["mL"]) == pytest.approx(counts[-1] * 2.0 * 0.5 * 0.75 / 1000)
        assert mine[-1]["slice"] == "all"
    assert "Research use only" in path.read_text()


def test_a_name_that_a_spreadsheet_would_run_is_text(tmp_path: Path) -> None:
    series = save_slices(tmp_path / "study")
    from dataclasses import replace

    odd = (replace(CLASSES[0], name="=1+1"),)
    assert ",'=1+1," in volume_table(order(series, tmp_path / "a.csv", Format.CSV, classes=odd))


@pytest.mark.parametrize("form", [Format.NIFTI, Format.TIFF, Format.CSV, Format.SEG])
def test_a_folder_that_is_not_there_is_said_and_sources_are_not_overwritten(
    tmp_path: Path, form: Format
) -> None:
    series = save_slices(tmp_path / "study")
    with pytest.raises(UnetscopeError, match="could not be written"):
        write_segmentation(order(series, tmp_path / "absent" / "mask", form), make=lambda *_: b"")
    source = series.path(0)
    before = source.read_bytes()
    with pytest.raises(UnetscopeError, match="never overwritten"):
        write_segmentation(order(series, source, form))
    assert source.read_bytes() == before


@pytest.mark.parametrize("form", [Format.NIFTI, Format.TIFF, Format.PNG, Format.CSV])
def test_a_full_disk_leaves_what_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Format
) -> None:
    series = save_slices(tmp_path / "study")
    path = tmp_path / "out" / "mask"
    path.parent.mkdir()
    if form is not Format.PNG:
        path.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnetscopeError, match="could not be written"):
        write_segmentation(order(series, path, form))
    assert [one.name for one in path.parent.iterdir()] == ([] if form is Format.PNG else ["mask"])


@pytest.mark.parametrize("form", [Format.NIFTI, Format.TIFF, Format.PNG])
def test_what_is_cancelled_leaves_nothing(tmp_path: Path, form: Format) -> None:
    series = save_slices(tmp_path / "study")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(Cancelled):
        write_segmentation(order(series, out / "mask", form), cancelled=lambda: True)
    assert list(out.iterdir()) == []


def test_an_order_keeps_what_is_wanted_only() -> None:
    labels = np.full((3, 2, 2), 2, np.uint8)
    labels[1] = 9
    wanted = Order(Path(), Format.CSV, labels, None, CLASSES, None, (0, 1))  # type: ignore[arg-type]
    assert wanted.kept().tolist() == [[[2, 2], [2, 2]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]]
    assert wanted.wanted == (0, 1)
