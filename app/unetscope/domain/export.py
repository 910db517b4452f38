"""What leaves the program as a segmentation: which classes, called what, made by which network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel, ModelCard
from unetscope.domain.codes import TISSUE, Code, category_of, code_named
from unetscope.domain.edit_file import packed
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import Edits
from unetscope.domain.network import Network
from unetscope.domain.sources import SeriesSource

Labels = NDArray[np.uint8]
Progress = Callable[[int, int], None]
AskCancelled = Callable[[], bool]

RESEARCH = "Research use only"
OWN_SCHEME = "99UNETSCOPE"  # schemes that begin with 99 are private, says PS3.16
_LONGEST_CODE, _LONGEST_MEANING = 16, 64  # characters of SH and LO


class Format(Enum):
    """What a segmentation can be written as."""

    SEG = "seg"
    SEG_LABELMAP = "seg-labelmap"
    NIFTI = "nifti"
    PNG = "png"
    TIFF = "tiff"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class About:
    """A format in words: its name, the ending of its files, and what it is for."""

    name: str
    ending: str
    purpose: str


FORMATS: Mapping[Format, About] = {
    Format.SEG: About(
        "DICOM SEG",
        ".dcm",
        "For a PACS and every viewer of DICOM: lies on the images it was made of.",
    ),
    Format.SEG_LABELMAP: About(
        "DICOM SEG, label map",
        ".dcm",
        "One number a voxel; new in DICOM, and older viewers cannot open it.",
    ),
    Format.NIFTI: About(
        "NIfTI", ".nii.gz", "For research programs such as ITK-SNAP, FSL and 3D Slicer."
    ),
    Format.PNG: About(
        "PNG, one a slice", "", "A folder of pictures in the colours of the classes."
    ),
    Format.TIFF: About("TIFF, one page a slice", ".tif", "One file, for Fiji and ImageJ."),
    Format.CSV: About("Table of volumes", ".csv", "Voxels and mL of each class, slice by slice."),
}
IN_DICOM = frozenset((Format.SEG, Format.SEG_LABELMAP))


@dataclass(frozen=True, slots=True)
class ExportedClass:
    """One class of a network as a segment.

    Attributes
    ----------
    index : int
        Its number in the mask.
    name : str
        What the model card calls it.
    colour : str
        ``#rrggbb``.
    code, category : Code
        What it is, and what kind of thing that is.
    """

    index: int
    name: str
    colour: str
    code: Code
    category: Code

    @classmethod
    def of(cls, label: ClassLabel, code: Code | None = None) -> ExportedClass:
        """Describe a class; without a code, by the one that its name has."""
        code = code or proposed_code(label)
        return cls(label.index, label.name, label.colour or "#808080", code, category(code))


@dataclass(frozen=True, slots=True)
class Maker:
    """What made a segmentation.

    Attributes
    ----------
    algorithm : str
        Name of the network.
    fingerprint : str
        Of its file.
    edits : int
        How many edits are in force.
    edits_hash : str
        Tells one list of edits from another; empty without any.
    version : str
        Of Unetscope.
    """

    algorithm: str
    fingerprint: str
    edits: int = 0
    edits_hash: str = ""
    version: str = ""

    @classmethod
    def of(cls, network: Network, card: ModelCard | None, edits: Edits, version: str) -> Maker:
        """Describe a network with the edits in force."""
        name = card.name if card else network.name
        return cls(name, network.fingerprint, len(edits), edits_hash(edits), version)

    @property
    def sentence(self) -> str:
        """Whose work it is, for a person who reads the file."""
        made = f"{RESEARCH}. Made by the network {self.algorithm} ({self.fingerprint})"
        if not self.edits:
            return f"{made}, as it was trained."
        count = f"{self.edits} edit{'s' if self.edits > 1 else ''}"
        return f"{made}, CHANGED BY HAND: {count} in force ({self.edits_hash})."


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A segmentation to be written.

    Attributes
    ----------
    path : Path
        The file; for PNG the folder.
    format : Format
        As what.
    labels : (slices, rows, columns) ndarray of uint8
        Class indices on the grid of the series; 0 where a slice is not wanted.
    series : SeriesSource
        What was segmented.
    classes : tuple of ExportedClass
        Those that are written; all others are background.
    maker : Maker
        The network.
    slices : tuple of int
        Which slices are wanted; all of them when empty.
    deidentified : bool
        Whether what tells who the patient is stays out.
    images : Path or None
        Folder for copies of the images, with the same new identity as the segmentation.
    probabilities : (slices, rows, columns, classes written) ndarray of float, or None
        In place of the labels in a DICOM SEG: 0 to 1.
    """

    path: Path
    format: Format
    labels: Labels
    series: SeriesSource
    classes: tuple[ExportedClass, ...]
    maker: Maker
    slices: tuple[int, ...] = ()
    deidentified: bool = True
    images: Path | None = None
    probabilities: NDArray[np.floating[Any]] | None = None

    @property
    def wanted(self) -> tuple[int, ...]:
        """The slices that are written, in their order."""
        return self.slices or tuple(range(self.labels.shape[0]))

    def kept(self) -> Labels:
        """The mask with the classes and slices that are written, all else background."""
        table = np.zeros(256, np.uint8)
        for each in self.classes:
            table[each.index] = each.index
        kept = np.zeros(self.labels.shape, np.uint8)
        for index in self.wanted:  # one by one, so that other threads get their turn
            kept[index] = table[self.labels[index]]
        return kept


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: where, how many voxels were compared, and what must be known about it."""

    path: Path
    voxels: int
    files: int = 1
    notes: tuple[str, ...] = field(default=())

    @property
    def sentence(self) -> str:
        """How it went, for the user."""
        many = f" ({self.files:,} files)" if self.files > 1 else ""
        return (
            f"Saved {self.path.name}{many}; read back, all {self.voxels:,} voxels compared equal."
        )


class Exports(Protocol):
    """Writes segmentations and images. Everything here may take time: call it in a job."""

    def obstacle(self, series: SeriesSource, form: Format) -> UnetscopeError | None:
        """Why a series cannot be written in a format; None when it can. Reads no file."""

    def copy_obstacle(self, series: SeriesSource) -> UnetscopeError | None:
        """Why the images of a series cannot be copied; None when they can. Reads no file."""

    def concerns(self, series: SeriesSource) -> tuple[str, ...]:
        """What may tell who the patient is even so, in sentences; reads a header."""

    def write(self, order: Order, progress: Progress, cancelled: AskCancelled) -> Written:
        """Write a segmentation whole or not at all, read it back and compare; UnetscopeError."""

    def copy_images(
        self, series: SeriesSource, folder: Path, progress: Progress, cancelled: AskCancelled
    ) -> Written:
        """Write the files of a series again without identity, into a new folder; StudyError."""


def proposed_code(label: ClassLabel) -> Code:
    """What a class is, by its name; one of our own where no table knows the name."""
    found = code_named(label.name)
    if found is not None:
        return found
    return Code(f"CLASS{label.index}", OWN_SCHEME, label.name[:_LONGEST_MEANING] or "Class")


def category(code: Code) -> Code:
    """What kind of thing a code is; of a code of our own nothing more is known than tissue."""
    return TISSUE if code.scheme == OWN_SCHEME else category_of(code)


def code_text(code: Code) -> str:
    """A code as one line, as `parsed_code` reads it."""
    return f"{code.meaning} ({code.scheme} {code.value})"


def parsed_code(text: str) -> Code:
    """Read ``Liver (SCT 10200004)``, or the name of a structure that the table knows.

    Raises
    ------
    UnetscopeError
        It is neither.
    """
    meaning, bracket, rest = text.strip().rpartition("(")
    scheme, space, value = rest.rstrip(" )").partition(" ")
    meaning, value = meaning.strip(), value.strip()
    fits = (
        0 < len(meaning) <= _LONGEST_MEANING
        and 0 < len(scheme) <= _LONGEST_CODE
        and 0 < len(value) <= _LONGEST_CODE
        and "\\" not in text
        and text.isprintable()
    )
    if bracket and space and fits:
        return Code(value, scheme, meaning)
    known = code_named(text)
    if known is None:
        raise UnetscopeError(f"“{text[:40]}” is no code.", "Write it as: Liver (SCT 10200004).")
    return known


def exported_classes(
    card: ModelCard, codes: Mapping[int, Code] | None = None
) -> tuple[ExportedClass, ...]:
    """All classes of a card but the background, with codes in the place of the proposed ones."""
    codes = codes or {}
    return tuple(
        ExportedClass.of(label, codes.get(label.index))
        for label in card.classes
        if label.colour is not None
    )


def edits_hash(edits: Edits) -> str:
    """``sha256:`` and the hash of a list of edits; empty without any."""
    if not edits:
        return ""
    text = json.dumps([packed(edit) for edit in edits], sort_keys=True, allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def format_of(path: Path) -> Format:
    """What a file is to be written as by its ending; a name without one is a folder of pictures.

    Raises
    ------
    UnetscopeError
        Nothing is written with that ending.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return Format.NIFTI
    known = {".dcm": Format.SEG, ".tif": Format.TIFF, ".tiff": Format.TIFF, ".csv": Format.CSV}
    ending = path.suffix.lower()
    if ending and ending not in known:
        raise UnetscopeError(
            f"No segmentation is written as {ending}.", "Use .dcm, .nii.gz, .tif or .csv."
        )
    return known.get(ending, Format.PNG)


def program_version() -> str:
    """Version of Unetscope; ``0`` where it was never installed."""
    try:
        return version("unetscope")
    except PackageNotFoundError:
        return "0"
