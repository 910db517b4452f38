"""Measures of masks against a reference: overlap, surfaces, lesions; SciPy does the distances."""
