"""Taking the patient out of DICOM: the standard's profile, and what it leaves to care about."""
