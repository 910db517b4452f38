"""Pieces of a mask, found and missed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unetscope.domain.evaluation import Lesions

TOUCHING = {6: 1, 18: 2, 26: 3}  # neighbours: how many coordinates may differ by one


def lesions(mask: NDArray[np.bool_], reference: NDArray[np.bool_], neighbours: int = 26) -> Lesions:
    """Count the connected pieces of a reference that a mask found and missed, and its own extra.

    A piece counts as found when it shares a voxel with the mask, however little that is.

    Parameters
    ----------
    mask, reference : (slices, rows, columns) ndarray of bool
    neighbours : {6, 18, 26}
        Voxels of one piece touch by a face, an edge or a corner.
    """
    touching = ndimage.generate_binary_structure(3, TOUCHING[neighbours])
    pieces, number = ndimage.label(reference, touching)
    own, own_number = ndimage.label(mask, touching)
    found = _met(pieces, number, mask)
    return Lesions(found, number - found, own_number - _met(own, own_number, reference))


def _met(pieces: NDArray[np.signedinteger], number: int, region: NDArray[np.bool_]) -> int:
    """How many of the pieces share a voxel with a region."""
    return int(np.count_nonzero(np.bincount(pieces[region], minlength=number + 1)[1:]))
