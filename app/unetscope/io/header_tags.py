"""Which elements of a header are read: those that tell how to show a slice and what it is of."""

from __future__ import annotations

from pydicom.datadict import tag_for_keyword

_KEYWORDS = (
    "SpecificCharacterSet",
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "AcquisitionTime",
    "ContentTime",
    "AcquisitionDateTime",
    "Modality",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "PatientSex",
    "PatientAge",
    "PatientBirthDate",
    "EchoTime",
    "EchoNumbers",
    "SliceThickness",
    "SpacingBetweenSlices",
    "TriggerTime",
    "ImagerPixelSpacing",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "TemporalPositionIdentifier",
    "NumberOfFrames",
    "BurnedInAnnotation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "PixelSpacing",
    "PixelAspectRatio",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    *(
        f"{kind}{name}PaletteColorLookupTable{part}"
        for name in ("Red", "Green", "Blue")
        for kind, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    ),
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleIntercept",
    "RescaleSlope",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "RealWorldValueMappingSequence",
    "LossyImageCompression",
    "ComplexImageComponent",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "GridFrameOffsetVector",
    "DoseGridScaling",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
_PRIVATE = (
    *(0x0019_0010, 0x0019_100C),  # Siemens: creator, b-value
    *(0x0043_0010, 0x0043_1039),  # GE: creator, b-value
    *(0x2001_0010, 0x2001_1003),  # Philips: creator, b-value
)
OVERLAY_ROWS = tuple(range(0x6000_0010, 0x6020_0010, 0x0002_0000))

WANTED = frozenset(
    (*(tag for word in _KEYWORDS if (tag := tag_for_keyword(word))), *_PRIVATE, *OVERLAY_ROWS)
)
