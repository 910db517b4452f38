"""Files in and out: DICOM, NIfTI, Keras archives read without Keras, model cards."""
