"""Results as files: segmentations as DICOM SEG, NIfTI and pictures, and images without identity."""
