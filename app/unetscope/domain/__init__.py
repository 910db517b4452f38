"""The nouns of the field: slices, layers, kernels, edits. Numpy and the standard library only."""
