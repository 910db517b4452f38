"""A study in which every place that can hold a text holds another one, that nothing else holds."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pydicom import Dataset, config, dcmread
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian
from tests.unit.io.builders import save
from tests.unit.io.exports.builders import save_slices, series_of

from unetscope.io.deidentification.profile import _TECHNICAL
from unetscope.io.series import Series

NAME, IDENTITY = "Quokka^Wombat", "IDQ-4711"
TEXTS = ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE", "UR")
_AFTER_TEXT = 0x7FE00000  # the pixels and what comes after


class Plants:
    """Texts that are found nowhere else, and where each was planted."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.planted: dict[str, str] = {}

    def text(self, where: str, most: int = 16) -> str:
        """A new one of at most so many characters."""
        made = f"OKAPI{next(self._numbers):05d}"[:most]
        self.planted[made] = where
        return made

    def date(self, where: str) -> str:
        number = next(self._numbers)
        made = f"{1700 + number % 97}{1 + number % 12:02d}{1 + number % 28:02d}"
        self.planted.setdefault(made, where)
        return made

    def known(self, text: str, where: str) -> str:
        self.planted[text] = where
        return text


def _add(dataset: Dataset, tag: int, vr: str, value: object) -> None:
    dataset.add(DataElement(Tag(tag), vr, value, validation_mode=config.IGNORE))


def plant(dataset: Dataset, plants: Plants) -> None:
    """Put a text into every attribute of the standard that takes any, and into all else."""
    for tag, (vr, _, name, _, keyword) in DicomDictionary.items():
        if not 0x00080000 <= tag < _AFTER_TEXT or keyword in _TECHNICAL or keyword in dataset:
            continue
        if vr in TEXTS:
            _add(dataset, tag, vr, plants.text(name))
        elif vr in ("DA", "DT"):
            _add(dataset, tag, vr, plants.date(name))
        elif vr == "TM":
            _add(dataset, tag, vr, plants.known(f"131415.{len(plants.planted):06d}", name))
    plants.known("Quokka", "name")
    plants.known("Wombat", "name")
    plants.known(IDENTITY, "id")
    dataset.PatientName, dataset.PatientID = NAME, IDENTITY
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "QUOKKA"]  # the name in a term
    dataset.ScanOptions = "A_WOMBAT"
    dataset.SequenceName = "for quokka"
    dataset.DeviceUID = plants.known("1.2.826.7.31337", "a UID")
    _plant_oddities(dataset, plants)


def _plant_oddities(dataset: Dataset, plants: Plants) -> None:
    def data(where: str) -> bytes:
        return plants.text(where).encode().ljust(16)

    block = dataset.private_block(0x0029, plants.text("private creator"), create=True)
    block.add_new(1, "LO", plants.text("private text"))
    block.add_new(2, "OB", data("private bytes"))
    block.add_new(3, "UN", plants.text("private, in UTF-16", 8).encode("utf-16-le"))
    inside = Dataset()
    inside.PatientComments = plants.text("in a private sequence")
    block.add_new(4, "SQ", [inside])
    _add(dataset, 0x60004000, "LT", plants.text("overlay comments"))
    _add(dataset, 0x60003000, "OW", data("overlay data"))
    _add(dataset, 0x60020022, "LO", plants.text("overlay description"))
    _add(dataset, 0x50003000, "OW", data("curve data"))
    _add(dataset, 0x50100022, "LO", plants.text("curve description"))
    _add(dataset, 0x00282000, "OB", data("ICC profile"))
    _add(dataset, 0x00420011, "OB", data("encapsulated document"))
    _add(dataset, 0x0008FFF1, "LO", plants.text("an unknown tag"))
    _add(dataset, 0x0009AAAA, "LO", plants.text("a private tag of nobody"))
    _add(dataset, 0xFFFCFFFC, "OB", data("trailing padding"))
    number = plants.text("no number").encode()
    dataset[0x00180081] = RawDataElement(Tag(0x00180081), "DS", len(number), number, 0, False, True)
    _add(dataset, 0x00189073, "CS", plants.text("a lower-case term").lower())
    signature = Dataset()
    _add(signature, 0x04000120, "OB", data("signature"))
    dataset.DigitalSignaturesSequence = [signature]
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "1", "99LOCAL"
    code.CodeMeaning = plants.text("a code of their own")
    dataset.ProcedureCodeSequence = [code]
    item = dataset
    for depth in range(4):
        deeper = Dataset()
        deeper.PatientComments = plants.text(f"{depth} sequences deep")
        _add(deeper, 0x00080096, "SQ", [])
        item.add(DataElement(Tag(0x00081250 if depth else 0x00081200), "SQ", [deeper]))
        item = deeper
    request = Dataset()
    request.RequestedProcedureDescription = plants.text("in a request")
    dataset.RequestAttributesSequence = [request]
    content = Dataset()
    content.TextValue = plants.text("in a content sequence")
    dataset.ContentSequence = [content]


def planted_study(folder: Path) -> tuple[Series, Plants]:
    """Write a study of planted texts, below folders and under names that are planted too."""
    plants = Plants()
    below = folder / plants.text("folder")
    series = save_slices(below)
    for index in range(series.shape[0]):
        path = series.path(index)
        dataset = dcmread(path)
        plant(dataset, plants if index == 0 else Plants())
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path.unlink()
        named = save(dataset, below / f"{plants.text('file name')}.dcm")
        _spoil_head(named, plants)
    return series_of(folder), plants


def _spoil_head(path: Path, plants: Plants) -> None:
    """Plant texts into the preamble and into the file's own header."""
    dataset = dcmread(path)
    dataset.preamble = plants.text("preamble").encode().ljust(128)
    dataset.file_meta.SourceApplicationEntityTitle = plants.text("source AE")
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3.4"
    dataset.file_meta.PrivateInformation = plants.text("private information").encode()
    dataset.file_meta.ImplementationVersionName = plants.text("implementation")
    dataset.save_as(path, enforce_file_format=True)


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder with their names: as they are, and whatever is packed in them."""
    for path in sorted(folder.rglob("*")):
        yield path.name, path.relative_to(folder).as_posix().encode()
        if not path.is_file():
            continue
        content = path.read_bytes()
        yield path.name, content
        if content[:2] == b"\x1f\x8b":
            yield path.name, gzip.decompress(content)
        for start in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
            at = content.find(start)
            while at >= 0:
                with suppress(zlib.error):
                    yield path.name, zlib.decompressobj().decompress(content[at:])
                at = content.find(start, at + 1)


def found_in(folder: Path, plants: Plants) -> set[str]:
    """Where the texts were planted that are in any file below a folder."""
    blob = b"\0".join(content for _, content in everything_in(folder)).lower()
    left = set()
    for text, where in plants.planted.items():
        low = text.lower()
        spelt = (low.encode(), low.encode("utf-16-le"), low.encode("utf-16-be"))
        if any(each in blob for each in spelt):
            left.add(f"{where}: {text}")
    return left
