"""Small synthetic studies: DICOM and NIfTI files whose every voxel and millimetre is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, EnhancedMRImageStorage, MRImageStorage, generate_uid

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def mr_slice(z: float = 0.0, pixels: NDArray[Any] | None = None, **elements: Any) -> Dataset:
    """Make one classic MR slice at `z` mm; `elements` overrides by keyword, None removes."""
    stored = np.arange(20, dtype=np.int16).reshape(4, 5) if pixels is None else pixels
    ds = Dataset()
    ds.SOPClassUID = MRImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = "1.2.3"
    ds.SeriesInstanceUID = "1.2.3.4"
    ds.Modality = "MR"
    ds.PatientName = "TEST^PHANTOM"
    ds.PatientID = "P1"
    ds.StudyDate = "20260102"
    ds.StudyDescription = "Phantom"
    ds.SeriesDescription = "T1"
    ds.SeriesNumber = 1
    ds.ImageOrientationPatient = list(AXIAL)
    ds.ImagePositionPatient = [-10.0, -20.0, z]
    ds.PixelSpacing = [0.5, 0.75]
    ds.SliceThickness = 2.0
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = stored.dtype.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    ds.PixelData = stored.tobytes()
    override(ds, elements)
    return ds


def override(dataset: Dataset, elements: dict[str, Any]) -> None:
    """Set elements by keyword; None removes."""
    for keyword, value in elements.items():
        if value is None:
            if keyword in dataset:
                delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)


def ct_slice(z: float = 0.0, **elements: Any) -> Dataset:
    """Make one CT slice with the usual rescale."""
    defaults = {"SOPClassUID": CTImageStorage, "Modality": "CT"}
    return mr_slice(z, **{**defaults, "RescaleSlope": "2", "RescaleIntercept": "-1000", **elements})


def save(dataset: Dataset, path: Path, syntax: str = EXPLICIT, *, with_meta: bool = True) -> Path:
    """Write a dataset as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    uid = UID(syntax)
    if with_meta:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", MRImageStorage)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2")
        dataset.file_meta.TransferSyntaxUID = uid
        dataset.save_as(path, enforce_file_format=True)
    else:
        dataset.save_as(path, implicit_vr=uid.is_implicit_VR, little_endian=uid.is_little_endian)
    return path


def save_stack(folder: Path, datasets: list[Dataset]) -> Path:
    """Write datasets under names whose order says nothing about position."""
    for number, dataset in enumerate(datasets):
        save(dataset, folder / f"{(number * 7919) % 1000:03d}-{number}.dcm")
    return folder


def mr_stack(count: int = 5, step: float = 2.0, **elements: Any) -> list[Dataset]:
    """Make slices at 0, step, ... mm whose pixels all equal their place, with InstanceNumber
    running the other way.
    """
    return [
        mr_slice(
            n * step,
            np.full((4, 5), n, dtype=np.int16),
            **{"InstanceNumber": count - n, **elements},
        )
        for n in range(count)
    ]


def enhanced_mr(frames: list[dict[str, Any]], pixels: NDArray[Any]) -> Dataset:
    """Make an Enhanced MR file.

    Parameters
    ----------
    frames : list of dict
        For each frame ``z`` and optionally ``slope``, ``echo_time``, ``window``.
    pixels : (frames, rows, columns) ndarray
        Stored values.
    """
    ds = mr_slice(0.0, pixels, SOPClassUID=EnhancedMRImageStorage, NumberOfFrames=len(frames))
    for keyword in ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing"):
        delattr(ds, keyword)
    shared = Dataset()
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.5, 0.75]
    shared.PixelMeasuresSequence[0].SliceThickness = 2.0
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(AXIAL)
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [_per_frame(frame) for frame in frames]
    return ds


def _per_frame(frame: dict[str, Any]) -> Dataset:
    item = Dataset()
    item.PlanePositionSequence = [Dataset()]
    item.PlanePositionSequence[0].ImagePositionPatient = [-10.0, -20.0, frame["z"]]
    if "slope" in frame:
        item.PixelValueTransformationSequence = [Dataset()]
        item.PixelValueTransformationSequence[0].RescaleSlope = frame["slope"]
        item.PixelValueTransformationSequence[0].RescaleIntercept = 0
    if "echo_time" in frame:
        item.MREchoSequence = [Dataset()]
        item.MREchoSequence[0].EffectiveEchoTime = frame["echo_time"]
    if "window" in frame:
        item.FrameVOILUTSequence = [Dataset()]
        item.FrameVOILUTSequence[0].WindowCenter = frame["window"][0]
        item.FrameVOILUTSequence[0].WindowWidth = frame["window"][1]
    return item


def save_nifti(
    path: Path, values: NDArray[Any], affine: NDArray[np.float64] | None, **header: Any
) -> Path:
    """Write a NIfTI-1 file; `affine` is index ``(i, j, k)`` to RAS mm, None for an unknown one."""
    image = nib.Nifti1Image(values, affine)
    for name, value in header.items():
        image.header[name] = value
    nib.save(image, path)
    return path
