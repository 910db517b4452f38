"""Write the Colin27 head as a DICOM study of single-frame MR images.

The voxels are those of the NIfTI file, unchanged. Each file is read back and compared.
"""

import argparse
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, MRImageStorage

# isort: split
from grids import load_ras, to_slices, uid

DERIVATION = (
    "Colin27: average of 27 T1-weighted scans of one volunteer, in MNI space, Montreal "
    "Neurological Institute. Taken from the 8-bit file ch2.nii.gz of MRIcron; axial slices "
    "turned to radiological order, grey values unchanged, compressed without loss."
)
WINDOW_CENTRE, WINDOW_WIDTH = 75, 150


def header(pixels: np.ndarray, number: int, position: list[float], step: float) -> Dataset:
    """Return the data set of one slice, pixels included, uncompressed."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = MRImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = uid(f"instance {number}")
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationClassUID = uid("implementation")
    ds.file_meta.ImplementationVersionName = "UNETSCOPE_SAMPLE"

    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    ds.SOPClassUID = MRImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID
    for keyword in ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
        setattr(ds, keyword, "")
    ds.Modality = "MR"
    ds.Manufacturer = "Unetscope"
    ds.ManufacturerModelName = "Sample study"
    ds.StudyDescription = "Unetscope sample study"
    ds.SeriesDescription = "T1 head (Colin27 average), 1 mm axial"
    ds.DerivationDescription = DERIVATION

    ds.PatientName = "SAMPLE^COLIN27"
    ds.PatientID = "COLIN27"
    ds.PatientBirthDate = ""
    ds.PatientSex = "M"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "Made from a public template that holds no identity; no dates"
    ds.LongitudinalTemporalInformationModified = "REMOVED"
    ds.BurnedInAnnotation = "NO"
    ds.RecognizableVisualFeatures = "YES"

    ds.BodyPartExamined = "HEAD"
    ds.ScanningSequence = "GR"
    ds.SequenceVariant = "SP"
    ds.ScanOptions = ""
    ds.MRAcquisitionType = "3D"
    ds.RepetitionTime = None
    ds.EchoTime = None
    ds.EchoTrainLength = None
    ds.SliceThickness = step
    ds.SpacingBetweenSlices = step
    ds.PatientPosition = "HFS"

    ds.StudyInstanceUID = uid("study")
    ds.SeriesInstanceUID = uid("series")
    ds.StudyID = "1"
    ds.SeriesNumber = 1
    ds.InstanceNumber = number
    ds.ImagePositionPatient = position
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.FrameOfReferenceUID = uid("frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.SliceLocation = position[2]

    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.PixelSpacing = [1, 1]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelRepresentation = 0
    ds.WindowCenter, ds.WindowWidth = WINDOW_CENTRE, WINDOW_WIDTH
    ds.PixelData = pixels.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def main() -> None:
    """Write the series into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path, help="ch2.nii.gz")
    parser.add_argument("out", type=Path, help="folder of the study")
    args = parser.parse_args()

    volume, affine = load_ras(args.head)
    if not np.array_equal(affine[:3, :3], np.eye(3)):
        raise SystemExit("expected a 1 mm volume without rotation")
    slices = to_slices(volume)
    args.out.mkdir(parents=True, exist_ok=True)
    x, y = affine[:2, 3] + np.array(volume.shape[:2]) - 1
    for k, pixels in enumerate(slices):
        z = float(affine[2, 3] + k)
        # RAS to LPS: the first pixel is the rightmost, foremost voxel.
        ds = header(pixels, k + 1, [-float(x), -float(y), z], 1.0)
        ds.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
        path = args.out / f"colin27-{k + 1:03d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        if not np.array_equal(pydicom.dcmread(path).pixel_array, pixels):
            raise SystemExit(f"{path.name}: read back different pixels")
    print(f"{len(slices)} slices of {pixels.shape}, first at {-x:g}, {-y:g}, {affine[2, 3]:g} mm")


if __name__ == "__main__":
    main()
