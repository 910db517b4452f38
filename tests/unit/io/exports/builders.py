"""Series and masks to be exported, of which every voxel and millimetre is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.unit.io.builders import enhanced_mr, mr_slice, save
from tests.unit.io.test_geometry_matrix import ORIENTATIONS, decimal

from unetscope.domain.card import ClassLabel
from unetscope.domain.export import ExportedClass, Format, Maker, Order, Written
from unetscope.io.deidentification.cleaning import Deidentifier
from unetscope.io.exports.seg_process import make_here
from unetscope.io.exports.segmentations import write_seg
from unetscope.io.series import Series
from unetscope.io.study import open_study

SHAPE = (6, 5, 7)  # slices, rows, columns: 35 pixels are no whole number of bytes
CLASSES = tuple(
    ExportedClass.of(ClassLabel(index, name, colour))
    for index, name, colour in (
        (1, "CSF", "#0072b2"),
        (2, "Grey matter", "#e69f00"),
        (4, "Zorgblax", "#cc79a7"),
    )
)
MAKER = Maker("Tissue net", f"sha256:{'1f' * 32}", version="0.1.0")
FRAME_OF_REFERENCE = "1.2.3.9"


def series_of(folder: Path) -> Series:
    """The only series of a folder."""
    (series,) = open_study(folder).series
    return series


def save_slices(
    folder: Path,
    name: str = "axial",
    spacing: tuple[float, float, float] = (2.0, 0.5, 0.75),
    *,
    seed: int = 1,
    **elements: Any,
) -> Series:
    """Write slices in another order than they lie, and open them."""
    rows, columns = ORIENTATIONS[name]
    random = np.random.default_rng(seed)
    numbers = random.permutation(SHAPE[0])
    step = np.cross(rows, columns) * spacing[0]
    for index in range(SHAPE[0]):
        place = np.array([-31.5, 22.25, 7.125]) + step * index
        dataset = mr_slice(
            0,
            np.arange(35, dtype=np.int16).reshape(SHAPE[1:]) + 100 * index,
            **{
                "ImageOrientationPatient": [decimal(v) for v in (*rows, *columns)],
                "ImagePositionPatient": [decimal(v) for v in place],
                "PixelSpacing": list(spacing[1:]),
                "InstanceNumber": int(numbers[index]) + 1,
                "FrameOfReferenceUID": FRAME_OF_REFERENCE,
                "SOPInstanceUID": f"1.2.3.4.{index + 1}",
                **elements,
            },
        )
        save(dataset, folder / f"{numbers[index]:03d}.dcm")
    return series_of(folder)


def save_enhanced(folder: Path) -> Series:
    """Write one file with the frames upside down, and another echo between them."""
    frames: list[dict[str, Any]] = []
    for index in reversed(range(SHAPE[0])):
        frames += [{"z": 2.0 * index, "echo_time": 10.0}, {"z": 2.0 * index, "echo_time": 90.0}]
    pixels = np.zeros((len(frames), *SHAPE[1:]), np.int16)
    dataset = enhanced_mr(frames, pixels)
    dataset.FrameOfReferenceUID = FRAME_OF_REFERENCE
    save(dataset, folder / "all.dcm")
    return open_study(folder).series[1]


def mask(seed: int = 3) -> NDArray[np.uint8]:
    """A random mask of five classes, with a slice of none."""
    labels = np.random.default_rng(seed).integers(0, 5, SHAPE, dtype=np.uint8)
    labels[2] = 0
    return labels


def order(series: Series, path: Path, form: Format = Format.SEG, **parts: Any) -> Order:
    """The mask of a series, to be written."""
    made: dict[str, Any] = {
        "path": path,
        "format": form,
        "labels": mask(),
        "series": series,
        "classes": CLASSES,
        "maker": MAKER,
    }
    return Order(**(made | parts))


def write(series: Series, path: Path, form: Format = Format.SEG, **parts: Any) -> Written:
    """Write a mask as DICOM SEG, in this process."""
    wanted = order(series, path, form, **parts)
    deidentifier = Deidentifier() if wanted.deidentified else None
    return write_seg(wanted, deidentifier, make=make_here)
