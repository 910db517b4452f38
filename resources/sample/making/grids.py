"""Grids and orientations, the preprocessing of the model card, and Dice."""

import hashlib
import uuid
from pathlib import Path

import nibabel as nib
import numpy as np

CLASSES = ("Background", "CSF", "Grey matter", "White matter")
SIZE = 256
PERCENTILES = (1.0, 99.0)
CLIP = (0.0, 1.5)
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "unetscope/sample/colin27")


def load_ras(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return voxels and affine of a NIfTI file, axes turned to right, anterior, superior."""
    image = nib.as_closest_canonical(nib.load(path))
    return np.asarray(image.dataobj), image.affine


def to_slices(volume: np.ndarray) -> np.ndarray:
    """Turn a RAS volume into radiological axial slices: (slice, row, column).

    Rows run from anterior to posterior, columns from the patient's right to left, slices upwards.
    """
    return np.ascontiguousarray(volume[::-1, ::-1, :].transpose(2, 1, 0))


def from_slices(slices: np.ndarray) -> np.ndarray:
    """Undo `to_slices`."""
    return np.ascontiguousarray(slices.transpose(2, 1, 0)[::-1, ::-1, :])


def normalise(picture: np.ndarray) -> np.ndarray:
    """Map the 1st to 99th percentile of a slice to 0..1 and clip; a constant slice becomes 0."""
    picture = picture.astype(np.float32)
    low, high = (np.float32(v) for v in np.percentile(picture, PERCENTILES))
    if not high > low:
        return np.zeros_like(picture)
    return np.clip((picture - low) / (high - low), np.float32(CLIP[0]), np.float32(CLIP[1]))


def _fit(n: int, size: int) -> tuple[slice, slice]:
    """Return where n source pixels lie in the source and in the target, both centred."""
    offset = (size - n) // 2
    source = slice(max(0, -offset), max(0, -offset) + min(n, size))
    target = slice(max(0, offset), max(0, offset) + min(n, size))
    return source, target


def fit(picture: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Centre-crop or zero-pad the last two axes to `size`."""
    source_rows, rows = _fit(picture.shape[-2], size)
    source_columns, columns = _fit(picture.shape[-1], size)
    out = np.zeros((*picture.shape[:-2], size, size), picture.dtype)
    out[..., rows, columns] = picture[..., source_rows, source_columns]
    return out


def unfit(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Undo `fit` for a slice that had `rows` by `columns` pixels."""
    to_rows, from_rows = _fit(rows, picture.shape[-2])
    to_columns, from_columns = _fit(columns, picture.shape[-1])
    out = np.zeros((*picture.shape[:-2], rows, columns), picture.dtype)
    out[..., to_rows, to_columns] = picture[..., from_rows, from_columns]
    return out


def network_input(slices: np.ndarray) -> np.ndarray:
    """Return the exact tensor (slice, 256, 256, 1) for slices of 1 mm pixels."""
    return np.stack([fit(normalise(s)) for s in slices])[..., None]


def dice(found: np.ndarray, truth: np.ndarray) -> list[float]:
    """Return the Dice score of each class but the background, pooled over all voxels."""
    scores = []
    for k in range(1, len(CLASSES)):
        a, b = found == k, truth == k
        total = a.sum() + b.sum()
        scores.append(float(2 * (a & b).sum() / total) if total else float("nan"))
    return scores


def uid(name: str) -> str:
    """Return a DICOM UID that is always the same for the same name."""
    return f"2.25.{uuid.uuid5(NAMESPACE, name).int}"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
