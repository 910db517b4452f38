"""Where the icons, the help and the sample lie, in a checkout, a wheel or a frozen program."""

from __future__ import annotations

import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder() -> Path:
    """The folder of resources: beside ``app`` in a checkout, else inside the package."""
    frozen = getattr(sys, "_MEIPASS", None)
    candidates = [
        _PACKAGE.parents[1] / "resources",
        _PACKAGE / "_resources",
        *([Path(frozen) / "resources"] if frozen else []),
    ]
    for candidate in candidates:
        if (candidate / "icons").is_dir():
            return candidate
    return candidates[0]


def sample_study() -> Path:
    """The folder of the sample study: one head, T1, as DICOM files."""
    return folder() / "sample" / "study"


def sample_model() -> Path:
    """The sample network: a U-Net for brain tissue, with its model card beside it."""
    return folder() / "sample" / "brain-tissue-unet.keras"
