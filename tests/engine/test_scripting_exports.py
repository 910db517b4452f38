"""A script writes what the window writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

import unetscope as us


@pytest.mark.engine
def test_a_script_writes_a_segmentation_and_images_of_nobody(tmp_path: Path) -> None:
    series = us.open_study(us.sample_study()).series[0]
    model = us.open_model(us.sample_model())
    steps = model.preprocessing
    model.apply(us.ScaleFilter("enc1_conv1", filter=3, gain=0.5))
    model.run(steps.apply(series.slice(90), series.spacing[1:]))
    labels = np.zeros(series.shape, np.uint8)
    labels[90] = steps.invert(model.mask())
    written = us.save_segmentation(
        tmp_path / "mask.dcm", labels, series, model, images=tmp_path / "images"
    )
    assert written.sentence.startswith("Saved mask.dcm; read back, all 7,109,137 voxels")
    seg = pydicom.dcmread(tmp_path / "mask.dcm")
    assert seg.ContentDescription == "RESEARCH USE ONLY, 1 edit in force"
    assert len(seg.PerFrameFunctionalGroupsSequence) == 3  # a frame for each class of the slice
    (again,) = us.open_study(tmp_path / "images").series
    reference = us.open_reference(tmp_path / "mask.dcm", again)
    for number, label in enumerate((1, 2, 3), start=1):
        assert np.array_equal(reference.mask(number), labels == label)
    (small,) = us.open_study(str(get_testdata_file("MR_small.dcm"))).series
    assert us.deidentify(small, tmp_path / "copies").files == 1
    with pytest.raises(us.UnetscopeError, match="Give uint8 of the same shape"):
        us.save_segmentation(tmp_path / "a.csv", labels[:2], series, model)
    assert us.save_segmentation(tmp_path / "a.csv", labels, series, model).path.exists()
