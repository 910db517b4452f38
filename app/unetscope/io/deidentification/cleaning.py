"""Data sets without the patient: the same slices, of nobody.

References
----------
DICOM PS3.15 annex E, Basic Application Level Confidentiality Profile.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, UID_dictionary

from unetscope.io.deidentification.profile import Action, action
from unetscope.io.notices import LIBRARY_ERRORS

METHOD = "Unetscope: PS3.15 Basic Application Confidentiality Profile"
PUBLIC_SCHEMES = frozenset(
    ("DCM", "SCT", "SRT", "SNM3", "UCUM", "LN", "FMA", "RADLEX", "MDC", "UMLS", "NCIt")
)
_SHORTEST_WORD, _SHORTEST_PART = 3, 5  # characters of a word of a name; of one within another
_TERM = re.compile(r"[A-Z0-9 _]{0,16}")
_NAMING = ("PatientName", "PatientID", "OtherPatientIDs", "PatientBirthDate", "PatientBirthName")
_NAMING_ALSO = ("OtherPatientNames", "AccessionNumber", "PatientMotherBirthName")
_DUMMIES: dict[str, Any] = {
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "PN": "Anonymous",
    "AS": "000Y",
    "CS": "REMOVED",
    "DS": "0",
    "IS": "0",
    "AE": "REMOVED",
    "UR": "about:blank",
    **dict.fromkeys(("LO", "SH", "LT", "ST", "UT", "UC"), "REMOVED"),
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV"), 0),
    **dict.fromkeys(("FL", "FD"), 0.0),
    **dict.fromkeys(("OB", "OW", "UN"), b"\0\0"),
}


class Deidentifier:
    """Takes the patient out of data sets that belong together.

    UIDs are replaced by others that nobody can trace back, the same by the same within one
    deidentifier: what referred to one another still does.

    Parameters
    ----------
    salt : bytes, optional
        What the new UIDs are made with; left out, another one each time, kept nowhere.
    """

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt or secrets.token_bytes(32)

    def uid(self, uid: str) -> str:
        """Another UID in the place of one; those that the standard gives stay."""
        uid = str(uid).strip("\0 ")
        if not uid or uid in UID_dictionary:
            return uid
        return f"2.25.{int.from_bytes(self._digest(uid)[:16], 'big')}"

    def person(self, identity: str) -> str:
        """A name for somebody that says nothing."""
        return f"ANON-{self._digest(identity).hex()[:8].upper()}"

    def cleaned(self, dataset: Dataset) -> Dataset:
        """Make a copy of the data set of a file in which the patient is not.

        The pixels are the same; nothing says how they are encoded, which its `file_meta` would.
        """
        words = _words(dataset)
        new = self._cleaned(dataset, words)
        person = self.person(_text(dataset, "PatientID") or _text(dataset, "PatientName"))
        new.PatientID, new.PatientName = person, person.replace("-", "^")
        if "SpecificCharacterSet" in new:
            new.SpecificCharacterSet = "ISO_IR 192"
        mark(new)
        return new

    def names_in(self, content: bytes, dataset: Dataset) -> bool:
        """Whether bytes hold a name or number of the patient of a data set, as a text."""
        lower = content.lower()
        words = (word for word in _words(dataset) if len(word) >= _SHORTEST_PART)
        spelt = (word.encode(code) for word in words for code in ("utf-8", "utf-16-le"))
        return any(each in lower for each in spelt)

    def file_meta(self, dataset: Dataset, syntax: UID) -> FileMetaDataset:
        """Make a file's own header for a cleaned data set: what must be there and no more."""
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        meta.TransferSyntaxUID = syntax
        return meta

    def _digest(self, text: str) -> bytes:
        return hmac.new(self._salt, text.encode(), hashlib.sha256).digest()

    def _cleaned(self, dataset: Dataset, words: tuple[str, ...]) -> Dataset:
        new = Dataset()
        for tag in dataset.keys():  # noqa: SIM118  (a data set gives elements, not their tags)
            what = action(tag)
            if what is Action.REMOVE:
                continue
            try:
                element = dataset[tag]
                kept = self._element(element, what, words)
            except LIBRARY_ERRORS:  # a value that cannot be read cannot be looked at
                continue
            if kept is not None:
                new.add(kept)
        return new

    def _element(
        self, element: DataElement, what: Action, words: tuple[str, ...]
    ) -> DataElement | None:
        vr, tag = element.VR, element.tag
        if element.is_empty:
            return element
        if what is Action.EMPTY:
            return DataElement(tag, vr, Sequence() if vr == "SQ" else None)
        if vr == "SQ":
            if what is Action.DUMMY:
                return DataElement(tag, vr, Sequence(_dummies(item) for item in element.value))
            return DataElement(tag, vr, Sequence(self._items(element.value, words)))
        if what is Action.DUMMY:
            return DataElement(tag, vr, _DUMMIES.get(vr)) if vr != "UI" else self._others(element)
        if vr == "UI":
            return self._others(element)
        return element if _says_nothing(element, words) else None

    def _items(self, items: Iterable[Dataset], words: tuple[str, ...]) -> Iterable[Dataset]:
        for item in items:
            scheme = _text(item, "CodingSchemeDesignator")
            if "CodeMeaning" in item and scheme not in PUBLIC_SCHEMES:
                continue  # a code that somebody made up may say anything
            yield self._cleaned(item, words)

    def _others(self, element: DataElement) -> DataElement:
        values = element.value if element.VM > 1 else [element.value]
        others = [self.uid(value) for value in values if value]
        return DataElement(element.tag, "UI", others if len(others) != 1 else others[0])


def mark(dataset: Dataset) -> None:
    """Say in a data set that the patient was taken out, and by which rules (PS3.3 C.12.1)."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    code = Dataset()
    code.CodeValue = "113100"
    code.CodingSchemeDesignator = "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    dataset.DeidentificationMethodCodeSequence = [code]
    dataset.LongitudinalTemporalInformationModified = "REMOVED"


def _dummies(item: Dataset) -> Dataset:
    """A data set of the same attributes that says nothing; sequences in it are empty."""
    new = Dataset()
    for tag in item.keys():  # noqa: SIM118
        if not tag.is_private and action(tag) is not Action.REMOVE:
            vr = item[tag].VR
            new.add(DataElement(tag, vr, Sequence() if vr == "SQ" else _DUMMIES.get(vr)))
    return new


def _says_nothing(element: DataElement, words: tuple[str, ...]) -> bool:
    """Whether the value of an attribute that may stay is what it should be, and names nobody."""
    texts = [str(each) for each in (element.value if element.VM > 1 else [element.value])]
    if element.VR == "CS" and not all(_TERM.fullmatch(text) for text in texts):
        return False
    if element.VR in ("CS", "LO", "SH"):
        return not any(_names(text, words) for text in texts)
    if element.VR in ("DS", "IS"):
        for text in texts:
            float(text or "0")  # ValueError: it is no number
    return True


def _names(text: str, words: tuple[str, ...]) -> bool:
    """Whether a text has a word of those that name the patient."""
    folded = text.casefold()
    parts = set(re.split(r"[\W_]+", folded))
    return any(word in parts or (len(word) >= _SHORTEST_PART and word in folded) for word in words)


def _words(dataset: Dataset) -> tuple[str, ...]:
    """The words that name the patient: looked for in all that stays."""
    texts = [_text(dataset, keyword) for keyword in (*_NAMING, *_NAMING_ALSO)]
    whole = {text.casefold() for text in texts}
    parts = {part for text in whole for part in re.split(r"[\W_]+", text)}
    return tuple(sorted(word for word in whole | parts if len(word) >= _SHORTEST_WORD))


def _text(dataset: Dataset, keyword: str) -> str:
    with suppress(*LIBRARY_ERRORS):
        return str(dataset.get(keyword, "") or "")
    return ""
