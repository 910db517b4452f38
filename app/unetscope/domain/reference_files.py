"""Which files are references, as far as their names tell."""

from __future__ import annotations

import re
from pathlib import Path

ENDINGS = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".dcm")
_WORDS = frozenset(
    {"reference", "seg", "segmentation", "mask", "label", "labels", "labelmap", "gt", "groundtruth"}
)


def says_reference(path: Path) -> bool:
    """Whether the name of a file speaks of a mask: ``head_seg.nii.gz``, ``reference.nrrd``."""
    stem = _stem(path)
    return stem is not None and not _WORDS.isdisjoint(re.split(r"[^a-z]+", stem.lower()))


def beside(study: Path) -> tuple[Path, ...]:
    """Where a reference of a study would lie, by its name, likeliest first.

    Of ``scans/head`` these are ``scans/head/reference.nii.gz``, ``scans/head_seg.nii.gz``,
    ``scans/reference.nii.gz`` and such.
    """
    name = _stem(study) or study.name
    parent = study.parent
    near = [parent / f"{name}{tail}" for tail in ("_seg", "-seg", "_mask", "-mask", "_reference")]
    stems = (study / "reference", *near, parent / "reference")
    return tuple(Path(f"{stem}{ending}") for stem in stems for ending in ENDINGS)


def _stem(path: Path) -> str | None:
    """The name of a file without the ending of an image; None for another one."""
    for ending in ENDINGS:
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return None
