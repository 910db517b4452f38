"""The mask leaves the window as DICOM SEG with images of nobody, and comes back onto them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot
from tests.journeys.user import User

from unetscope.domain.edits import ScaleFilter
from unetscope.io.references.reading import read_reference
from unetscope.io.study import open_study

SERIES = 120_000  # ms
FEW = slice(88, 93)  # of the sample's slices


@pytest.mark.journey
def test_an_edited_mask_goes_out_and_comes_back_as_a_reference(
    user: User,
    qtbot: QtBot,
    sample_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for path in sorted((sample_folder / "study").iterdir())[FEW]:
        shutil.copy(path, folder)
    user.window.open_path(folder)
    qtbot.waitUntil(lambda: user.series.shape[0] == 5, timeout=10_000)
    user.wait()
    user.program.store.update(lambda s: s.edit(ScaleFilter("enc1_conv1", filter=3, gain=0.5)))
    user.wait()
    out = tmp_path / "out"
    out.mkdir()
    path = out / "mask.dcm"

    def where(*_: object) -> tuple[str, str]:
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", where)
    user.choose("file.export_segmentation")
    user.find(QCheckBox, "export.images").setChecked(True)
    user.find(QPushButton, "export.export").click()
    qtbot.waitUntil(lambda: not user.window.findChildren(QDialog, "export"), timeout=SERIES)

    assert user.status().startswith("Saved mask.dcm; read back, all 196,385 voxels compared equal.")
    masks = user.program.presenters.exports.exporting._segmentation.masks(user.series.uid)
    (images,) = open_study(out / "mask-images").series
    assert images.patient.name.startswith("ANON^")
    reference = read_reference(path, images)
    for number, label in enumerate((1, 2, 3), start=1):
        expected = np.stack([masks[index] == label for index in range(5)])
        assert expected.any()
        assert np.array_equal(reference.mask(number), expected)
    assert b"1 edit in force" in path.read_bytes()
