"""Masks made by others, on the grid of a series: DICOM SEG, RTSTRUCT, NIfTI and NRRD labels.

Each format is read into labelled planes with their place in the patient (`placing.Labelled`) or
into contours (`rtstruct`); what of it is at the centre of a voxel of the series is the voxel's.
"""
