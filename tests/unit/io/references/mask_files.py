"""Series and masks of them, in every format, whose every voxel and millimetre is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, RTStructureSetStorage, generate_uid
from tests.unit.io.builders import EXPLICIT, mr_slice, save

from unetscope.io.series import Series
from unetscope.io.study import open_study

FRAME = "1.2.3.9"
SHAPE = (6, 9, 11)

# Row and column direction of a picture: the three planes, each with its slices turned round, and
# one that is oblique.
_TILTED = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
ORIENTATIONS = {
    "axial": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "axial from the head": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal from the left": (0.0, -1.0, 0.0, 0.0, 0.0, -1.0),
    "oblique": _TILTED,
}


def source_images(
    orientation: Sequence[float] = ORIENTATIONS["axial"],
    shape: tuple[int, int, int] = SHAPE,
    spacing: tuple[float, float, float] = (3.0, 0.75, 1.25),
    places: Sequence[float] | None = None,
    **elements: Any,
) -> list[Dataset]:
    """Slices of a series; `places` along the normal in mm, else evenly spaced."""
    slices, rows, columns = shape
    normal = np.cross(orientation[:3], orientation[3:])
    away = [n * spacing[0] for n in range(slices)] if places is None else places
    made = []
    for number, place in enumerate(away):
        image = mr_slice(
            0,
            np.full((rows, columns), number, np.int16),
            **{
                "SOPInstanceUID": f"1.2.3.4.{number + 1}",
                "InstanceNumber": number + 1,
                "FrameOfReferenceUID": FRAME,
                "ImageOrientationPatient": list(orientation),
                "ImagePositionPatient": [float(v) for v in (-30, 20, 10) + place * normal],
                "PixelSpacing": list(spacing[1:]),
                "SliceThickness": spacing[0],
                "PatientBirthDate": "",
                "PatientSex": "O",
                "AccessionNumber": "",
                "StudyID": "1",
                "StudyTime": "",
                "ReferringPhysicianName": "",
                **elements,
            },
        )
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = UID(EXPLICIT)
        made.append(image)
    return made


def series_of(images: Iterable[Dataset], folder: Path) -> Series:
    """Save slices and open them."""
    for number, image in enumerate(images):
        save(image, folder / f"{number:03d}.dcm")
    return open_study(folder).series[0]


def blobs(shape: tuple[int, int, int] = SHAPE, count: int = 2, seed: int = 0) -> NDArray[np.uint8]:
    """Labels 1 to `count` scattered at random, so that no turn or shift goes unseen."""
    labels = np.random.default_rng(seed).integers(0, count + 2, shape)
    labels[labels > count] = 0
    return labels.astype(np.uint8)


def segment(number: int, name: str, colour: str = "red", code: Any = None) -> Any:
    """Description of a segment."""
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=codes.SCT.Tissue,
        segmented_property_type=code or codes.SCT.Liver,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        display_color=hd.color.CIELabColor.from_string(colour),
    )


def write_seg(
    path: Path,
    images: Sequence[Dataset],
    masks: NDArray[Any],
    kind: str = "BINARY",
    names: Sequence[str] = ("Liver", "Spleen"),
    *,
    shuffle: int | None = None,
    **options: Any,
) -> Path:
    """Write masks of these images with highdicom; `shuffle` puts the frames into another order."""
    made = hd.seg.Segmentation(
        source_images=list(images),
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=[segment(n, name) for n, name in enumerate(names, start=1)],
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        **options,
    )
    if shuffle is not None:
        shuffle_frames(made, shuffle)
    made.save_as(path)
    return path


def shuffle_frames(dataset: Dataset, seed: int) -> None:
    """Put the frames of an uncompressed segmentation into another order."""
    count = int(dataset.NumberOfFrames)
    order = np.random.default_rng(seed).permutation(count)
    size = dataset.Rows * dataset.Columns
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    dataset.PerFrameFunctionalGroupsSequence = [groups[n] for n in order]
    if dataset.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
        frames = bits[: count * size].reshape(count, size)[order]
        stored = np.packbits(frames, bitorder="little").tobytes()
    else:
        words = np.frombuffer(dataset.PixelData, np.dtype(f"u{dataset.BitsAllocated // 8}"))
        stored = words[: count * size].reshape(count, size)[order].tobytes()
    dataset.PixelData = stored + b"\0" * (len(stored) % 2)


def structure_set(
    structures: dict[str, Sequence[tuple[str, NDArray[np.float64]]]], **elements: Any
) -> Dataset:
    """An RTSTRUCT: for each name its contours, each a kind and (n, 3) corners in LPS mm."""
    ds = Dataset()
    ds.SOPClassUID = RTStructureSetStorage
    ds.SOPInstanceUID = generate_uid()
    ds.Modality = "RTSTRUCT"
    ds.PatientName = "TEST^PHANTOM"
    ds.PatientID = "P1"
    ds.StudyInstanceUID = "1.2.3"
    ds.SeriesInstanceUID = "1.2.3.5"
    ds.FrameOfReferenceUID = FRAME
    ds.StructureSetROISequence = []
    ds.ROIContourSequence = []
    for number, (name, contours) in enumerate(structures.items(), start=1):
        roi = Dataset()
        roi.ROINumber = number
        roi.ROIName = name
        roi.ReferencedFrameOfReferenceUID = FRAME
        ds.StructureSetROISequence.append(roi)
        outlined = Dataset()
        outlined.ReferencedROINumber = number
        outlined.ROIDisplayColor = [255, 128, 0]
        outlined.ContourSequence = []
        for kind, corners in contours:
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(corners)
            contour.ContourData = [f"{value:.6f}"[:16] for value in np.ravel(corners)]
            outlined.ContourSequence.append(contour)
        ds.ROIContourSequence.append(outlined)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def on_slice(series: Series, index: float, corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners as (row, column) pixels of a slice, in the patient: (n, 3) LPS mm."""
    points = np.column_stack([np.full(len(corners), index), corners, np.ones(len(corners))])
    return np.asarray((points @ series.affine.T)[:, :3])


def without_lengths(dataset: Dataset) -> None:
    """Have all sequences and items written without their lengths."""
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                without_lengths(item)
